"""The application factory. Wiring only."""

from pathlib import Path

from flask import Flask
from flask_migrate import Migrate
from werkzeug.middleware.proxy_fix import ProxyFix

from billingportal import db as database
from billingportal import web
from billingportal.api import door as api
from billingportal.config import Settings
from billingportal.database.limits import LIMITS, Work, engine_options
from billingportal.db import db
from billingportal.portal import Portal, attach
from billingportal.stripe_gateway.client import OpenGateway, gateway_opener
from billingportal.vault import Vault, derive
from billingportal.web.auth.session import LONGEST_SESSION
from billingportal.web.auth.session_cookie import ForgivingSessions
from billingportal.web.health import request_counts

ROOT = Path(__file__).resolve().parent.parent


def create_app(settings: Settings, *, open_gateway: OpenGateway | None = None, work: Work = "web") -> Flask:
    """The application for these settings. `work` selects the time limits for the database.

    Tests may pass their own `open_gateway`.
    """
    app = Flask("billingportal", root_path=str(ROOT), template_folder="templates", static_folder=None)
    app.config.update(flask_config(settings))
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = engine_options(settings.database_url, LIMITS[work])
    app.session_interface = ForgivingSessions()
    database.init_app(app, work)
    Migrate(app, db, directory=str(ROOT / "migrations"), render_as_batch=True)
    opener = open_gateway or gateway_opener(settings.stripe_api_base)
    attach(app, Portal(settings, Vault(settings.secret_keys), opener))
    web.init_app(app)
    api.init_app(app)
    request_counts.init_app(app)
    if settings.trusted_proxies:
        # Each proxy adds the address it sees; the nearest one sends scheme and host, its own or those it received.
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=settings.trusted_proxies, x_proto=1, x_host=1
        )
    return app


def flask_config(settings: Settings) -> dict[str, object]:
    session_keys = [derive(key, "sessions").decode() for key in settings.secret_keys]
    is_https = settings.public_url is not None and settings.public_url.startswith("https://")
    return {
        "SECRET_KEY": session_keys[0],
        "SECRET_KEY_FALLBACKS": session_keys[1:],
        "SESSION_COOKIE_NAME": "portal_session",
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_SECURE": is_https,
        "PERMANENT_SESSION_LIFETIME": LONGEST_SESSION,
        "SESSION_REFRESH_EACH_REQUEST": False,
        "SQLALCHEMY_DATABASE_URI": settings.database_url,
        "MAX_CONTENT_LENGTH": 1024 * 1024,
        "WTF_CSRF_TIME_LIMIT": None,
        "WTF_CSRF_HEADERS": ["X-CSRF-Token"],
    }
