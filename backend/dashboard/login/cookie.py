"""The dashboard's cookie: signed, sent to the dashboard alone, and over https where it came so."""

from flask import Flask, Request, request
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface
from itsdangerous import BadSignature


class DashboardCookie(SecureCookieSessionInterface):
    """Flask's signed cookie. gunicorn tells https from a proxy on this machine by itself."""

    def get_cookie_name(self, app: Flask) -> str:
        return "hemline_dashboard"

    def get_cookie_path(self, app: Flask) -> str:
        return "/dashboard"

    def get_cookie_httponly(self, app: Flask) -> bool:
        return True

    def get_cookie_secure(self, app: Flask) -> bool:
        return request.is_secure

    def get_cookie_samesite(self, app: Flask) -> str:
        return "Lax"

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        """Whatever its age: Flask would refuse what another backend signed whose clock is ahead.

        How long a login lasts is counted by the database's time, in `access`.
        """
        signer = self.get_signing_serializer(app)
        if signer is None:
            return None
        value = request.cookies.get(self.get_cookie_name(app), "")
        try:
            return self.session_class(signer.loads(value))
        except BadSignature:
            return self.session_class()
