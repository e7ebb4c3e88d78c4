"""The dashboard's cookie: signed, sent to the dashboard alone, and over https where it came so."""

from flask import Flask, request
from flask.sessions import SecureCookieSessionInterface


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
