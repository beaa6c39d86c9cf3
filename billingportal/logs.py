"""Log lines for people (text) or for machines (json): one line each, times in UTC, no secret in any of them."""

import json
import logging
import re
from datetime import UTC, datetime
from logging.config import dictConfig

from billingportal.config import LogFormat

# Stripe keys keep their last four characters; whoever reads a log may know those.
KEY = re.compile(r"\b((?:sk|rk)_(?:test|live)_)\w*?(\w{4})\b")
WITHOUT_TRACE = re.compile(r"(\bwhsec_|/setup/)[\w-]+")

# What a request line says. The path comes without its query string.
REQUEST_LINE = "%(m)s %(U)s %(s)s in %(M)s ms"
REQUEST_FIELDS = {"method": "m", "path": "U", "status": "s", "milliseconds": "M", "address": "h"}


def without_secrets(text: str) -> str:
    """The text with Stripe keys shortened, webhook secrets and set-up tokens taken out."""
    return WITHOUT_TRACE.sub(r"\1...", KEY.sub(r"\1...\2", text))


class TextFormatter(logging.Formatter):
    """`2026-11-22T10:00:00Z INFO billingportal.jobs: words`, and a traceback where there is one."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        return without_secrets(super().format(record))

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:
        return moment_of(record)


class JsonFormatter(logging.Formatter):
    """One JSON object a line, with the parts of a request line as fields of their own."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "time": moment_of(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.name == "gunicorn.access" and isinstance(record.args, dict):
            line |= {name: record.args.get(atom) for name, atom in REQUEST_FIELDS.items()}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return without_secrets(json.dumps(line, default=str))


def moment_of(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def log_config(log_format: LogFormat) -> dict[str, object]:
    """For logging.config.dictConfig, and for gunicorn, which applies it in each of its processes."""
    formatter = JsonFormatter if log_format == "json" else TextFormatter
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"()": formatter}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"level": "INFO", "handlers": ["stderr"]},
        "loggers": {
            "gunicorn.error": {"level": "INFO", "handlers": [], "propagate": True},
            "gunicorn.access": {"level": "INFO", "handlers": [], "propagate": True},
            # These tell every step of their own.
            "alembic": {"level": "WARNING"},
            "stripe": {"level": "WARNING"},
        },
    }


def start_logging(log_format: LogFormat) -> None:
    """Send every log line of this process to standard error."""
    dictConfig(log_config(log_format))
