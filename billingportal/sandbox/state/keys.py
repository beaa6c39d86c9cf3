"""API keys: their format, their rights, and Stripe's refusals of them."""

from base64 import b64decode
from dataclasses import asdict, dataclass, field

from billingportal.sandbox.http.errors import Refused, forbidden, unauthenticated
from billingportal.sandbox.http.wire import Document
from billingportal.sandbox.state.identifiers import new_secret

MODES = ("test", "live")
PREFIXES = {"secret": "sk", "restricted": "rk", "publishable": "pk"}
SECRET_LENGTH = 84
# Stripe's internal names of rights that differ from the resource's name.
RIGHT_NAMES = {"prices": "plan", "products": "product", "webhook_endpoints": "webhook", "account": "accounts_kyc_basic"}


@dataclass
class Key:
    """One key of an account in one mode. `rights` matters to restricted keys only."""

    secret: str
    account: str
    mode: str
    kind: str
    status: str = "active"
    rights: list[str] = field(default_factory=list)

    def may(self, right: str) -> bool:
        """Whether the key has a right such as `prices:read`; write includes read."""
        noun, _, access = right.partition(":")
        return self.kind == "secret" or right in self.rights or (access == "read" and f"{noun}:write" in self.rights)

    def as_json(self) -> Document:
        """The key as it is saved and shown by the control API."""
        return asdict(self)


def new_key(account: str, mode: str, kind: str, rights: list[str]) -> Key:
    """A fresh key, of about the length of Stripe's own."""
    prefix = f"{PREFIXES[kind]}_{mode}_51{account.removeprefix('acct_')[1:]}"
    return Key(new_secret(prefix, SECRET_LENGTH), account, mode, kind, rights=rights)


def masked(secret: str) -> str:
    """The key as Stripe's messages show it: the prefix, stars, the last four."""
    head = "_".join(secret.split("_")[:2]) + "_" if secret.count("_") >= 2 else secret[:3]
    return head + "*" * max(len(secret) - len(head) - 4, 4) + secret[-4:]


def authenticate(keys: dict[str, Key], authorization: str | None) -> Key:
    """The key of a request.

    Raises Refused (401) without a key, and for unknown, publishable, revoked and expired ones.
    """
    secret = sent_secret(authorization or "")
    if not secret:
        raise unauthenticated(NO_KEY)
    if secret.startswith("pk_"):
        raise unauthenticated(PUBLISHABLE, "secret_key_required")
    key = keys.get(secret)
    if key is None or key.status == "revoked":
        raise unauthenticated(f"Invalid API Key provided: {masked(secret)}")
    if key.status == "expired":
        raise unauthenticated(f"Expired API Key provided: {masked(secret)}", "api_key_expired")
    return key


def sent_secret(authorization: str) -> str:
    """The key in an Authorization header: Bearer, or the user name of Basic as curl sends it."""
    scheme, _, sent = authorization.partition(" ")
    if scheme.lower() == "bearer":
        return sent.strip()
    if scheme.lower() != "basic":
        return ""
    try:
        return b64decode(sent, validate=True).decode().partition(":")[0]
    except ValueError:
        return ""


def lacking(key: Key, right: str) -> Refused:
    """403: Stripe's message for a restricted key without the right."""
    noun, _, access = right.partition(":")
    name = f"rak_{RIGHT_NAMES.get(noun, noun.removesuffix('s'))}_{access}"
    message = (
        f"The provided key '{masked(key.secret)}' does not have the required permissions for this endpoint on "
        f"account '{key.account}'. Having the '{name}' permission would allow this request to continue."
    )
    return forbidden(message)


NO_KEY = (
    "You did not provide an API key. You need to provide your API key in the Authorization header, using Bearer auth "
    "(e.g. 'Authorization: Bearer YOUR_SECRET_KEY'). See https://stripe.com/docs/api#authentication for details, "
    "or we can help at https://support.stripe.com/."
)
PUBLISHABLE = (
    "This API call cannot be made with a publishable API key. Please use a secret API key. "
    "You can find a list of your API keys at https://dashboard.stripe.com/account/apikeys."
)
