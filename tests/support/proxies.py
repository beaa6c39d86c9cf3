"""Caddy and nginx as Debian has them, with the settings that the README has people copy.

Only what differs on a test's machine is replaced: ports, certificates, and where files may be written.
"""

import os
import shutil
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest

from tests.support.certificates import certificate
from tests.support.program import ROOT, Program, wait_until
from tests.support.stripe.sandbox import free_port
from tests.support.wire import Wire

Name = Literal["caddy", "nginx"]
NAMES: tuple[Name, ...] = ("caddy", "nginx")
# The last two are where bin/test unpacks what is not installed.
PLACES = ("/usr/bin", "/usr/sbin", f"{ROOT}/.cache/proxies/usr/bin", f"{ROOT}/.cache/proxies/usr/sbin")
Changes = tuple[tuple[str, str], ...]
HOST = "billing.example.com"
PORTAL = "127.0.0.1:8000"


@dataclass(frozen=True)
class Proxy:
    """A proxy that listens with https, and what trusts its certificate; without, it listens with plain http."""

    port: int
    trust: ssl.SSLContext | None

    def wire(self, address: str = "127.0.0.1") -> Wire:
        """A connection from one of this machine's addresses."""
        return Wire(self.port, tls=self.trust, name=HOST, source=address)


def program(name: Name) -> str:
    """Where the proxy is. Skips the test where it is not, which in CI is a failure."""
    found = shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", ""), *PLACES]))
    if found is None and os.environ.get("CI"):
        pytest.fail(f"{name} is missing, and in CI nothing is skipped: apt-get install {name}")
    return found or pytest.skip(f"{name} is missing: apt-get install {name}")


@contextmanager
def proxied(
    name: Name, portal_port: int, folder: Path, *more: tuple[str, str], is_plain: bool = False
) -> Iterator[Proxy]:
    """The proxy in front of a portal, until the block ends. `more` are replacements in its settings.

    `is_plain` is for one that stands behind another proxy, which has the certificate.
    """
    command = program(name)
    folder.mkdir(parents=True)
    port = free_port()
    changes = ((PORTAL, f"127.0.0.1:{portal_port}"), *more)
    with START[name](command, port, folder, changes, is_plain) as proxy:
        yield proxy


def settings(file: str, changes: Changes) -> str:
    """A file of deploy/ with replacements, each of which has to be there."""
    text = (ROOT / "deploy" / file).read_text()
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    return text


@contextmanager
def caddy(command: str, port: int, folder: Path, changes: Changes, is_plain: bool) -> Iterator[Proxy]:
    """The address is on another port, and the certificate is one of Caddy's own."""
    local = (
        ("{\n\tservers", "{\n\tadmin off\n\tskip_install_trust\n\tauto_https disable_redirects\n\tservers"),
        (f"{HOST} {{", f"http://{HOST}:{port} {{" if is_plain else f"https://{HOST}:{port} {{\n\ttls internal"),
    )
    file = folder / "Caddyfile"
    file.write_text(settings("Caddyfile", (*changes, *local)))
    run = [command, "run", "--config", str(file), "--adapter", "caddyfile"]
    with Program(run, folder / "log", {"XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}) as running:
        root = folder / "caddy" / "pki" / "authorities" / "local" / "root.crt"
        wait_until(lambda: is_plain or root.exists(), "Caddy's own authority")
        proxy = Proxy(port, None if is_plain else ssl.create_default_context(cafile=str(root)))
        wait_until(lambda: answers(proxy, running), "Caddy")
        yield proxy
        running.end()


@contextmanager
def nginx(command: str, port: int, folder: Path, changes: Changes, is_plain: bool) -> Iterator[Proxy]:
    """The ports are others, the certificate is one of the test's own, and no worker can outlive a killed master."""
    made = certificate(folder, host=HOST)
    letsencrypt = f"/etc/letsencrypt/live/{HOST}"
    local = (
        ("listen 80;", f"listen 127.0.0.1:{free_port()};"),
        ("listen 443 ssl http2;", f"listen 127.0.0.1:{port}{'' if is_plain else ' ssl http2'};"),
        (f"{letsencrypt}/fullchain.pem", str(folder / "certificate.pem")),
        (f"{letsencrypt}/privkey.pem", str(folder / "certificate.pem")),
    )
    (folder / "site.conf").write_text(settings("nginx.conf", (*changes, *local)))
    places = "".join(f"{kind}_temp_path {folder};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    user = "user root;\n" if os.geteuid() == 0 else ""
    main = folder / "main.conf"
    main.write_text(
        f"{user}pid {folder}/pid;\nerror_log stderr;\ndaemon off;\nmaster_process off;\nevents {{}}\n"
        f"http {{\naccess_log off;\n{places}include {folder}/site.conf;\n}}\n"
    )
    with Program([command, "-e", "stderr", "-c", str(main)], folder / "log") as running:
        proxy = Proxy(port, None if is_plain else made.client)
        wait_until(lambda: answers(proxy, running), "nginx")
        yield proxy
        running.end()


def answers(proxy: Proxy, running: Program) -> bool:
    if running.process.poll() is not None:
        raise RuntimeError(running.printed)
    try:
        with proxy.wire() as wire:
            return wire.ask("GET", "/healthz", {"Host": HOST}).status == 200
    except (OSError, ssl.SSLError):
        return False


START = {"caddy": caddy, "nginx": nginx}
