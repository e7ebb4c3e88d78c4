"""What a browser is told with every answer of the dashboard: to trust nothing but us."""

from flask import Blueprint, Response, request

from backend.services import BackendServices

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    )
)


def register(blueprint: Blueprint, services: BackendServices) -> None:
    @blueprint.after_request
    def tell(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = POLICY
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "same-origin"
        response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
        if request.endpoint != "dashboard.static":
            # Pages show a studio's photos: no cache beside the browser's own may keep them.
            response.headers.setdefault("Cache-Control", "no-store")
        return response
