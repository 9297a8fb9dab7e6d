"""A small OpenID Connect provider, real in all that the lab sees: discovery, a page to sign in on, signed tokens.

Whoever types an e-mail address is that person; whatever begins with ``unverified`` has not been confirmed.
"""

from __future__ import annotations

import base64
import html
import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT, SECRET = "byol-lab", "a-secret-of-the-client"
PAGE = """<!doctype html><title>Sign in to School</title><link rel="icon" href="data:,"><form action="/answer">{hidden}
<label>E-mail <input name="email"></label><button>Continue</button></form>"""


class Provider(ThreadingHTTPServer):
    """The provider with its key and the codes that wait to be exchanged."""

    def __init__(self) -> None:
        super().__init__(("localhost", 0), _Handler)
        self.key = RSAKey.generate_key(2048, parameters={"kid": "one", "use": "sig", "alg": "RS256"})
        self.codes: dict[str, dict[str, str]] = {}

    @property
    def url(self) -> str:
        return f"http://localhost:{self.server_address[1]}"

    def token(self, asked: dict[str, str]) -> str:
        now, email = int(time.time()), asked["email"]
        claims = {"iss": self.url, "aud": CLIENT, "sub": email, "iat": now, "exp": now + 600, "nonce": asked["nonce"]}
        claims |= {"email": email, "email_verified": not email.startswith("unverified"), "name": email.split("@")[0]}
        return jwt.encode({"alg": "RS256", "kid": "one"}, claims, self.key)


class _Handler(BaseHTTPRequestHandler):
    server: Provider

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        match parts.path:
            case "/.well-known/openid-configuration":
                self._json(self._discovery())
            case "/jwks":
                self._json({"keys": [self.server.key.as_dict(private=False)]})
            case "/authorize":
                fields = (
                    f'<input type="hidden" name="{html.escape(k)}" value="{html.escape(v)}">' for k, v in query.items()
                )
                self._send(200, "text/html", PAGE.format(hidden="".join(fields)))
            case "/answer":
                code = secrets.token_urlsafe(16)
                self.server.codes[code] = query
                back = urlencode({"code": code, "state": query["state"]})
                self._send(302, "text/plain", "", f"{query['redirect_uri']}?{back}")
            case _:
                self._send(404, "text/plain", "")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        form = {name: values[0] for name, values in parse_qs(body).items()}
        asked = self.server.codes.pop(form.get("code", ""), None)
        if asked is None or not self._is_client(form):
            self._json({"error": "invalid_grant"}, 400)
            return
        token = {"access_token": secrets.token_urlsafe(16), "token_type": "Bearer", "expires_in": 600}
        self._json(token | {"id_token": self.server.token(asked)})

    def _is_client(self, form: dict[str, str]) -> bool:
        basic = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        return self.headers.get("Authorization") == f"Basic {basic}" or form.get("client_secret") == SECRET

    def _discovery(self) -> dict[str, Any]:
        url = self.server.url
        ends = {
            "authorization_endpoint": f"{url}/authorize",
            "token_endpoint": f"{url}/token",
            "jwks_uri": f"{url}/jwks",
        }
        kinds = {"response_types_supported": ["code"], "subject_types_supported": ["public"]}
        return {"issuer": url, **ends, **kinds, "id_token_signing_alg_values_supported": ["RS256"]}

    def _json(self, value: Any, status: int = 200) -> None:
        self._send(status, "application/json", json.dumps(value))

    def _send(self, status: int, kind: str, text: str, location: str = "") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(text.encode())))
        if location:
            self.send_header("Location", location)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def provider() -> Iterator[Provider]:
    """The provider, at work in a thread."""
    with Provider() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield server
        finally:
            server.shutdown()
