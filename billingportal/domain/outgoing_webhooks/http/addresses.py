"""Which addresses messages may be sent to: no way into the portal's own network."""

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from urllib.parse import quote, urlsplit

import idna

from billingportal.errors import PortalError, Refusal
from billingportal.limits import is_storable

Address = IPv4Address | IPv6Address
LONGEST_URL = 2000
PORTS = {"http": 80, "https": 443}
# Names of machines in a private network may have underscores, which no registered name has.
LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
PLAIN_NAME = re.compile(rf"(?=.{{1,253}}\Z){LABEL}(?:\.{LABEL})*\.?")
# The characters that a path and a query may have as they are.
PLAIN = "%/:=&?~+!$,;'@()*[]"

# Networks behind the portal: allowed by PORTAL_ALLOW_PRIVATE_WEBHOOKS only.
PRIVATE = {
    "10.0.0.0/8": "private",
    "100.64.0.0/10": "carrier-grade NAT",
    "127.0.0.0/8": "loopback",
    "172.16.0.0/12": "private",
    "192.168.0.0/16": "private",
    "::1/128": "loopback",
    "fc00::/7": "private",
}
# Never a receiver. Link-local has the metadata services of clouds.
NEVER = {
    "0.0.0.0/8": "reserved",
    "169.254.0.0/16": "link-local",
    "192.0.0.0/24": "reserved",
    "192.0.2.0/24": "reserved",
    "192.88.99.0/24": "reserved",
    "198.18.0.0/15": "reserved",
    "198.51.100.0/24": "reserved",
    "203.0.113.0/24": "reserved",
    "224.0.0.0/4": "multicast",
    "240.0.0.0/4": "reserved",
    "fe80::/10": "link-local",
    "ff00::/8": "multicast",
    "2001::/23": "reserved",
    "2001:db8::/32": "reserved",
    "3fff::/20": "reserved",
}
GLOBAL_IPV6 = IPv6Network("2000::/3")
# IPv6 forms that lead to an IPv4 address, with the bit at which that address ends.
MAPPED, NAT64, SIX_TO_FOUR = IPv6Network("::ffff:0:0/96"), IPv6Network("64:ff9b::/96"), IPv6Network("2002::/16")
TAILS = {MAPPED: 0, NAT64: 0, SIX_TO_FOUR: 80}


class ForbiddenAddress(PortalError):
    """A message may not be sent to this IP address."""


@dataclass(frozen=True)
class Target:
    """A URL in parts. `host` is ASCII: a name, or an IP address without brackets. `path` has the query."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """Host and port as in a URL and in the Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.authority}{self.path}"


def read_url(url: str, *, allows_private: bool) -> Target:
    """The parts of a typed or stored URL. Raises Refusal. Names are resolved and checked before each attempt."""
    target = parse(url)
    if target.scheme == "http" and not allows_private:
        raise Refusal("url", "Use an address that starts with https://.")
    try:
        found = literal(target.host)
    except ValueError:
        if not allows_private and is_local_name(target.host):
            raise Refusal("url", f"{target.host} is a name of a private network. Use a public address.") from None
        return target
    try:
        check_address(found, allows_private=allows_private)
    except ForbiddenAddress as error:
        raise Refusal("url", f"{error}. Use a public https address.") from None
    return target


def parse(url: str) -> Target:
    """Raises Refusal for what is no plain http or https URL."""
    refused = Refusal("url", "Enter a complete address, such as https://chat.example.com/hooks/billing.")
    if not is_storable(url) or not url.isprintable() or any(one.isspace() or one == "\\" for one in url):
        raise refused
    try:
        parts = urlsplit(url)
        port, host = parts.port, parts.hostname or ""
    except ValueError:
        raise refused from None
    if parts.scheme not in PORTS or not host or port == 0:
        raise refused
    if "@" in parts.netloc:
        raise Refusal("url", "Leave out the user name and password. Messages prove who sent them by their signature.")
    if parts.fragment:
        raise Refusal("url", "Leave out the part after #. It never reaches a server.")
    query = f"?{parts.query}" if parts.query else ""
    target = Target(
        parts.scheme, ascii_host(host), port or PORTS[parts.scheme], quote(f"{parts.path or '/'}{query}", PLAIN)
    )
    if len(target.url) > LONGEST_URL:
        raise Refusal("url", f"Use at most {LONGEST_URL:,} characters.")
    return target


def ascii_host(host: str) -> str:
    """The host as it is looked up. Raises Refusal for an impossible name and for IP addresses in disguise."""
    try:
        return str(literal(host))
    except ValueError:
        pass
    name = host
    if not PLAIN_NAME.fullmatch(host):
        try:
            name = idna.encode(host, uts46=True).decode()
        except idna.IDNAError:
            raise Refusal("url", "No server can have this name. Check the address.") from None
    last = name.rstrip(".").rpartition(".")[2]
    if last.isdigit() or last.startswith("0x"):
        raise Refusal("url", "Write an IP address as four numbers, or use a name.")
    return name


def literal(host: str) -> Address:
    """The IP address that is the host. Raises ValueError for a name."""
    return ip_address(host)


def is_local_name(name: str) -> bool:
    bare = name.rstrip(".")
    return "." not in bare or bare.endswith((".localhost", ".local", ".internal", ".lan", ".home.arpa"))


def check_address(address: Address, *, allows_private: bool) -> None:
    """Raises ForbiddenAddress for an address that is not public. Private ones can be allowed, others never."""
    inner = embedded(address)
    kind = kind_of(inner)
    if kind is None or (allows_private and kind[1]):
        return
    through = f" through {address}" if inner != address else ""
    raise ForbiddenAddress(f"{inner} is a {kind[0]} address{through}")


def embedded(address: Address) -> Address:
    """The IPv4 address that an IPv6 address leads to, or the address itself."""
    if isinstance(address, IPv6Address):
        for network, tail in TAILS.items():
            if address in network:
                return IPv4Address((int(address) >> tail) & 0xFFFFFFFF)
    return address


def kind_of(address: Address) -> tuple[str, bool] | None:
    """The kind of an address that is not public, and whether it is a private one; None for a public address."""
    for networks, is_private in ((PRIVATE, True), (NEVER, False)):
        for network, words in networks.items():
            if address in network_of(network):
                return words, is_private
    if isinstance(address, IPv6Address) and address not in GLOBAL_IPV6:
        return "reserved", False
    return None


def network_of(text: str) -> IPv4Network | IPv6Network:
    return IPv6Network(text) if ":" in text else IPv4Network(text)
