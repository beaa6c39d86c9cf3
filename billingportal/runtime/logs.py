"""Log lines for people (text) or machines (json): one line per message, times in UTC, without secrets."""

import json
import logging
from datetime import UTC, datetime
from logging.config import dictConfig

from billingportal.config import LogFormat
from billingportal.log_text import SecretPaths, escaped, lines_of, shown_path

# gunicorn's format of a request line. The path has no query string.
REQUEST_LINE = "%(m)s %(U)s %(s)s in %(M)s ms"
# The answer's header Request-Id, which only answers of the API have.
REQUEST_ID = "{request-id}o"
REQUEST_FIELDS = {"method": "m", "path": "U", "status": "s", "milliseconds": "M", "address": "h"}


class LineFormatter(logging.Formatter):
    """Base of both formats: the message without its secrets."""

    def __init__(self, secret_paths: tuple[str, ...] = ()) -> None:
        super().__init__()
        self.secret_paths = SecretPaths(secret_paths)

    def message_of(self, record: logging.LogRecord) -> str:
        """The message without secrets. A request's path is a field, so only the path itself is cut."""
        atoms = self.request_of(record)
        if not atoms:
            return self.secret_paths.hide(record.getMessage())
        line = self.secret_paths.hide(str(record.msg) % atoms)
        return f"{line}, request {atoms[REQUEST_ID]}" if atoms[REQUEST_ID] else line

    def request_of(self, record: logging.LogRecord) -> dict[str, object]:
        """gunicorn's fields of a request, or an empty dict when the line is not about a request."""
        if record.name != "gunicorn.access" or not isinstance(record.args, dict):
            return {}
        path = self.secret_paths.cut(shown_path(str(record.args.get("U"))))
        return {atom: record.args.get(atom) for atom in (*REQUEST_FIELDS.values(), REQUEST_ID)} | {"U": path}


class TextFormatter(LineFormatter):
    """`2026-11-22T10:00:00Z INFO billingportal.jobs: message`, and a traceback where there is one."""

    def format(self, record: logging.LogRecord) -> str:
        words = escaped(self.message_of(record))
        lines = [f"{moment_of(record)} {record.levelname} {record.name}: {words}"]
        if record.exc_info and record.exc_info[1]:
            lines += map(self.secret_paths.hide, lines_of(record.exc_info[1]))
        return "\n".join(lines)


class JsonFormatter(LineFormatter):
    """One JSON object per line, with separate fields for the parts of a request line."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "time": moment_of(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": self.message_of(record),
        }
        atoms = self.request_of(record)
        if atoms:
            line |= {name: atoms[atom] for name, atom in REQUEST_FIELDS.items()}
            line |= {"request_id": atoms[REQUEST_ID]} if atoms[REQUEST_ID] else {}
        if record.exc_info and record.exc_info[1]:
            line["exception"] = self.secret_paths.hide("\n".join(lines_of(record.exc_info[1])))
        return json.dumps(line, default=str)


def moment_of(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def log_config(log_format: LogFormat, secret_paths: tuple[str, ...]) -> dict[str, object]:
    """For logging.config.dictConfig, and for gunicorn, which applies it in each of its processes.

    `secret_paths` are the beginnings of paths whose rest is secret.
    """
    formatter = JsonFormatter if log_format == "json" else TextFormatter
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"()": formatter, "secret_paths": secret_paths}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"level": "INFO", "handlers": ["stderr"]},
        "loggers": {
            "gunicorn.error": {"level": "INFO", "handlers": [], "propagate": True},
            "gunicorn.access": {"level": "INFO", "handlers": [], "propagate": True},
            # These log every step of theirs.
            "alembic": {"level": "WARNING"},
            "stripe": {"level": "WARNING"},
        },
    }


def start_logging(log_format: LogFormat, secret_paths: tuple[str, ...] = ()) -> None:
    """Send every log line of this process to standard error."""
    dictConfig(log_config(log_format, secret_paths))
