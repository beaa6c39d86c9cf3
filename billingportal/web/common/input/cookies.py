"""Our own cookies, beside the one that Flask signs: HttpOnly and SameSite=Lax."""

from datetime import timedelta

from flask import Response, after_this_request, current_app, request


def give(name: str, value: str, lifetime: timedelta, path: str) -> None:
    """Set a cookie with the response to this request."""

    @after_this_request
    def add(response: Response) -> Response:
        response.set_cookie(
            name,
            value,
            max_age=lifetime,
            path=path,
            secure=request.is_secure or bool(current_app.config["SESSION_COOKIE_SECURE"]),
            httponly=True,
            samesite="Lax",
        )
        return response


def take(name: str, path: str) -> None:
    """Delete a cookie with the response to this request."""

    @after_this_request
    def drop(response: Response) -> Response:
        response.delete_cookie(name, path=path)
        return response
