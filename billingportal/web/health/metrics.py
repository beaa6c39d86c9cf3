"""/metrics: figures in Prometheus' text format, for who has the token, or for a program on this machine."""

import hmac
from collections.abc import Iterable

from flask import Blueprint, Response, current_app, request

from billingportal.config import Settings, is_loopback
from billingportal.db import db
from billingportal.domain.health.metrics import Labels, Metric, metrics
from billingportal.portal import current_portal
from billingportal.web.health.request_counts import counts_of

blueprint = Blueprint("metrics", __name__)
# A proxy adds at least one of these.
FORWARDING = ("Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP")
REFUSED = "Set PORTAL_METRICS_TOKEN and send it as a bearer token.\n"


@blueprint.get("/metrics")
def show() -> Response:
    """401 without the right token; without a token in the settings, 403 unless a program on this machine asks."""
    settings = current_portal().settings
    if settings.metrics_token is not None:
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if not hmac.compare_digest(given.encode(), settings.metrics_token.encode()):
            return Response(REFUSED, 401, {"WWW-Authenticate": "Bearer"}, mimetype="text/plain")
    elif not is_local(settings):
        return Response(REFUSED, 403, mimetype="text/plain")
    counts_of(current_app).write()
    return Response(as_text(metrics(db.session())), mimetype="text/plain", headers={"Cache-Control": "no-store"})


def is_local(settings: Settings) -> bool:
    """Whether a program on this machine asks the portal itself.

    Behind a proxy every request comes from loopback, so a loopback address alone proves nothing: there must be no sign
    of a proxy in the settings, in the headers, or in the address that was asked for.
    """
    is_proxied = settings.trusted_proxies > 0 or any(name in request.headers for name in FORWARDING)
    is_public = settings.public_url is not None and not is_loopback(settings.public_url)
    addresses = (f"http://{request.host}", f"http://{in_url(request.remote_addr or '')}")
    return not is_proxied and not is_public and all(is_loopback(one) for one in addresses)


def in_url(address: str) -> str:
    return f"[{address}]" if ":" in address else address


def as_text(found: Iterable[Metric]) -> str:
    """Prometheus' text format, version 0.0.4."""
    lines = []
    for metric in found:
        name = f"billingportal_{metric.name}"
        lines += [f"# HELP {name} {metric.help}", f"# TYPE {name} {metric.kind}"]
        # A truth is written as 1 or 0.
        lines += [f"{name}{labels_text(labels)} {+value}" for labels, value in metric.samples]
    return "\n".join(lines) + "\n"


def labels_text(labels: Labels) -> str:
    """Values are escaped as the format asks for."""
    if not labels:
        return ""
    quoted = (f'{name}="{escaped(value)}"' for name, value in labels.items())
    return "{" + ",".join(quoted) + "}"


def escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
