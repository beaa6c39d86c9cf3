"""Settings, read once at the start. Only this module reads the environment."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from ipaddress import ip_address
from pathlib import Path
from typing import Literal, cast
from unicodedata import category
from urllib.parse import SplitResult, urlsplit

from billingportal import key_file
from billingportal.errors import WrongSetting

LogFormat = Literal["text", "json"]
SHORTEST_SECRET = 32
KEY_FILE = "secret_key"


@dataclass(frozen=True)
class Settings:
    """The settings of one installation. Every variable is optional; the README lists them."""

    data_dir: Path
    database_url: str
    secret_keys: tuple[str, ...] = field(repr=False)
    public_url: str | None = None
    stripe_api_base: str | None = None
    trusted_proxies: int = 0
    log_format: LogFormat = "text"
    # Whether outgoing webhooks may go to addresses of private networks, and without https.
    allows_private_webhooks: bool = False
    # What a monitoring system sends to read /metrics. Without it only programs on this machine may.
    metrics_token: str | None = field(default=None, repr=False)
    # Whether the keys come from the key file, and whether this start made that file, since there was none.
    uses_key_file: bool = False
    has_new_key: bool = False

    @classmethod
    def from_env(cls, environ: Mapping[str, str] = os.environ) -> "Settings":
        """Read the PORTAL_ variables; make the data folder and its key file where they are missing.

        Raises WrongSetting, naming the variable, for a value the portal cannot start with.
        """
        data_dir = make_data_dir(environ.get("PORTAL_DATA_DIR") or "instance")
        settings = cls(
            data_dir=data_dir,
            database_url=read_database_url(environ.get("PORTAL_DATABASE_URL", ""), data_dir),
            secret_keys=(),
            public_url=read_url("PORTAL_PUBLIC_URL", environ.get("PORTAL_PUBLIC_URL", "")),
            stripe_api_base=read_url("PORTAL_STRIPE_API_BASE", environ.get("PORTAL_STRIPE_API_BASE", "")),
            trusted_proxies=read_proxies(environ.get("PORTAL_TRUSTED_PROXIES", "")),
            log_format=read_log_format(environ.get("PORTAL_LOG_FORMAT", "")),
            allows_private_webhooks=read_yes_or_no(
                "PORTAL_ALLOW_PRIVATE_WEBHOOKS", environ.get("PORTAL_ALLOW_PRIVATE_WEBHOOKS", "")
            ),
            metrics_token=read_token("PORTAL_METRICS_TOKEN", environ.get("PORTAL_METRICS_TOKEN", "")),
            uses_key_file=not environ.get("PORTAL_SECRET_KEYS"),
        )
        # Last, so that a start that fails for a wrong setting makes no key file.
        secret_keys, has_new_key = read_secret_keys(environ.get("PORTAL_SECRET_KEYS", ""), data_dir / KEY_FILE)
        return replace(settings, secret_keys=secret_keys, has_new_key=has_new_key)

    @property
    def uses_sandbox(self) -> bool:
        """Whether Stripe is the sandbox on this machine, which can reach loopback addresses."""
        return self.stripe_api_base is not None and is_loopback(self.stripe_api_base)

    @property
    def is_reachable_by_stripe(self) -> bool:
        """Whether Stripe can deliver events here: a public https address, or loopback with the sandbox."""
        if self.public_url is None:
            return False
        if self.uses_sandbox:
            return True
        return self.public_url.startswith("https://") and not is_private(self.public_url)


def environment_with(**changes: str | None) -> dict[str, str]:
    """The environment with some variables changed, for `Settings.from_env`. None leaves a variable as it is."""
    return {**os.environ, **{name: value for name, value in changes.items() if value is not None}}


def make_data_dir(value: str) -> Path:
    """The data folder, made private to its owner when it is new."""
    try:
        path = Path(value).expanduser().resolve()
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except RuntimeError as error:
        raise WrongSetting("PORTAL_DATA_DIR", f"{value} leads nowhere ({error})") from None
    except FileExistsError:
        raise WrongSetting("PORTAL_DATA_DIR", f"{path} is a file, not a folder") from None
    except OSError as error:
        raise WrongSetting("PORTAL_DATA_DIR", f"the folder {value} cannot be made ({error.strerror})") from None
    if not os.access(path, os.W_OK | os.X_OK):
        raise WrongSetting("PORTAL_DATA_DIR", f"the folder {path} is not writable for this user")
    return path


def read_database_url(value: str, data_dir: Path) -> str:
    if not value:
        return f"sqlite:///{data_dir / 'portal.sqlite3'}"
    for prefix in ("postgresql://", "postgres://", "postgresql+psycopg://"):
        if value.startswith(prefix) and split(value) is not None:
            return "postgresql+psycopg://" + value.removeprefix(prefix)
    if value.startswith("sqlite:///") and value != "sqlite:///":
        return value
    raise WrongSetting("PORTAL_DATABASE_URL", "expected sqlite:///FILE or postgresql://USER@HOST/NAME")


def read_secret_keys(value: str, path: Path) -> tuple[tuple[str, ...], bool]:
    """The keys for stored secrets (the first seals, all of them open), and whether they were made just now."""
    if value:
        keys, are_new = tuple(part.strip() for part in value.split(",") if part.strip()), False
    else:
        keys, are_new = key_file.read_or_make(path)
    source = "PORTAL_SECRET_KEYS" if value else key_file.named(path)
    if not keys or any(len(key) < SHORTEST_SECRET for key in keys):
        raise WrongSetting(source, f"expected keys of {SHORTEST_SECRET} characters or more, with commas between")
    if not all(map(is_text, keys)):
        raise WrongSetting(source, "it holds bytes that are no text")
    return keys, are_new


def is_text(key: str) -> bool:
    """Whether a key has neither control characters nor undecodable bytes."""
    return not any(category(one) in ("Cc", "Cs") for one in key)


def split(address: str) -> SplitResult | None:
    """The parts of a URL, or None when its host or port is invalid."""
    try:
        parts = urlsplit(address)
        return parts if parts.port is None or parts.port > 0 else None
    except ValueError:
        return None


def read_url(variable: str, value: str) -> str | None:
    if not value:
        return None
    parts = split(value)
    if parts is None or parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise WrongSetting(variable, "expected an address such as https://billing.example.com")
    return value.rstrip("/")


def read_proxies(value: str) -> int:
    if not value:
        return 0
    if not value.isdecimal() or int(value) > 9:
        raise WrongSetting("PORTAL_TRUSTED_PROXIES", "expected the number of proxies in front, from 0 to 9")
    return int(value)


def read_log_format(value: str) -> LogFormat:
    if value not in ("", "text", "json"):
        raise WrongSetting("PORTAL_LOG_FORMAT", "expected text or json")
    return cast(LogFormat, value or "text")


def read_yes_or_no(variable: str, value: str) -> bool:
    if value not in ("", "yes", "no"):
        raise WrongSetting(variable, "expected yes or no")
    return value == "yes"


def read_token(variable: str, value: str) -> str | None:
    if not value:
        return None
    if len(value) < SHORTEST_SECRET or not is_text(value):
        raise WrongSetting(variable, f"expected a text of {SHORTEST_SECRET} characters or more")
    return value


def is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def is_private(url: str) -> bool:
    """Whether the URL's host can be reached from the same machine or network only."""
    host = urlsplit(url).hostname or ""
    try:
        return not ip_address(host).is_global
    except ValueError:
        return "." not in host or host.endswith((".localhost", ".local", ".internal", ".test", ".lan"))
