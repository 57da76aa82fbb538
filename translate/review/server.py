"""The review's page on 127.0.0.1, for one translator: other users and other web pages are kept out.

The address holds a random token. ``Host`` must be this server's own (against DNS rebinding), ``Origin`` and
``Sec-Fetch-Site`` its own page's, and a write needs JSON and a second token that only the page knows. No response
allows another origin anything.
"""

from __future__ import annotations

import json
import secrets
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from translate.errors import UserError
from translate.review.edits import EditError
from translate.review.html import page, policy
from translate.review.session import Clash, Session

if TYPE_CHECKING:
    import uvicorn
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_LARGEST_BODY = 1_000_000
_OWN_SITES = ("same-origin", "none")


@dataclass(frozen=True, slots=True)
class Secrets:
    """The token of the address and that of writes, and the port: what a request must know."""

    token: str
    csrf: str
    port: int

    @staticmethod
    def make(port: int) -> Secrets:
        return Secrets(secrets.token_urlsafe(24), secrets.token_urlsafe(24), port)

    @property
    def base(self) -> str:
        return f"/{self.token}/"

    @property
    def hosts(self) -> tuple[str, ...]:
        return f"127.0.0.1:{self.port}", f"localhost:{self.port}"


class Gate:
    """Refuses every request that is not this page's own, and puts the safety headers on every response."""

    def __init__(self, app: ASGIApp, known: Secrets) -> None:
        self._app, self._known = app, known
        self._headers = [
            (b"content-security-policy", f"{policy(connect=True)}; frame-ancestors 'none'".encode()),
            (b"x-content-type-options", b"nosniff"),
            (b"x-frame-options", b"DENY"),
            (b"referrer-policy", b"no-referrer"),
            (b"cache-control", b"no-store"),
            (b"cross-origin-opener-policy", b"same-origin"),
            (b"cross-origin-resource-policy", b"same-origin"),
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message.get("headers", []), *self._headers]}
            await send(message)

        refusal = self._refusal(scope)
        if refusal is None:
            await self._app(scope, receive, guarded)
            return
        from starlette.responses import JSONResponse

        status, reason = refusal
        await JSONResponse({"error": reason}, status)(scope, receive, guarded)

    def _refusal(self, scope: Scope) -> tuple[int, str] | None:
        headers: dict[str, list[str]] = {}
        for name, value in scope["headers"]:
            headers.setdefault(name.decode("latin-1").lower(), []).append(value.decode("latin-1"))
        host = headers.get("host", [])
        if len(host) != 1 or host[0] not in self._known.hosts:
            return 403, "This address is not the review's own."
        if not _equal(scope["path"][: len(self._known.base)], self._known.base):
            return 404, "Nothing is here. The address that the command printed is the whole of it."
        sites = headers.get("sec-fetch-site", [])
        if any(site not in _OWN_SITES for site in sites):
            return 403, "Another web page may not use the review."
        origins = headers.get("origin", [])
        own = f"http://{host[0]}"
        if any(origin != own for origin in origins):
            return 403, "Another web page may not use the review."
        if scope["method"] in ("GET", "HEAD"):
            return None
        if scope["method"] != "POST":
            return 405, "Only GET and POST are known here."
        if len(origins) != 1:
            return 403, "A write must say which page it comes from."
        if headers.get("content-type", [""])[0].split(";")[0].strip().lower() != "application/json":
            return 415, "A write must be JSON."
        if not _equal(headers.get("x-csrf-token", [""])[0], self._known.csrf):
            return 403, "This page is from an earlier review; open the address that the command printed."
        return None


def _equal(given: str, wanted: str) -> bool:
    return secrets.compare_digest(given.encode("utf-8", "replace"), wanted.encode())


def application(session: Session, known: Secrets) -> ASGIApp:
    """The server as an ASGI application. Everything runs on the event loop's thread: the memory needs that."""
    from starlette.applications import Starlette
    from starlette.responses import HTMLResponse, JSONResponse
    from starlette.routing import Route

    async def show(_: Request) -> Response:
        return _answered(lambda: HTMLResponse(page(_served(session.page(), known), connect=True)))

    async def state(request: Request) -> Response:
        since = parse_qs(request.url.query).get("since", [""])[0]
        return _answered(lambda: JSONResponse(session.since(since)))

    async def write(request: Request) -> Response:
        body = await _body(request)
        if not isinstance(body, dict):
            return JSONResponse({"error": "The request is not JSON, or too large."}, 400)
        action = _action(session, request.path_params["action"], body)
        if action is None:
            return JSONResponse({"error": "The request lacks something, or nobody knows what it asks for."}, 400)
        return _answered(lambda: JSONResponse(action()))

    app: Starlette = Starlette(
        routes=[
            Route(known.base, show, methods=["GET"]),
            Route(f"{known.base}state", state, methods=["GET"]),
            Route(f"{known.base}{{action}}", write, methods=["POST"]),
        ]
    )
    return Gate(app, known)


def _served(data: dict[str, Any], known: Secrets) -> dict[str, Any]:
    return {**data, "serve": {"base": known.base, "csrf": known.csrf}}


def _action(session: Session, name: str, body: dict[str, Any]) -> Callable[[], dict[str, Any]] | None:
    """What a write asks for; None where it does not say so properly."""
    key, base, version = body.get("key"), body.get("base"), body.get("since")
    if not isinstance(version, str):
        return None
    if name == "undo":
        return lambda: session.undo(version=version)
    if not isinstance(key, str) or not isinstance(base, str):
        return None
    text, take, approve, approved = (body.get(field) for field in ("text", "take", "approve", "approved"))
    if name == "edit" and isinstance(text, str) and isinstance(approve, bool):
        return lambda: session.edit(key, base, text, approve=approve, version=version)
    if name == "approve" and isinstance(approved, bool):
        return lambda: session.approve(key, base, approved=approved, version=version)
    if name == "resolve" and isinstance(take, str):
        return lambda: session.resolve(key, base, take, version=version)
    return None


def _answered(action: Callable[[], Response]) -> Response:
    from starlette.responses import JSONResponse

    try:
        return action()
    except Clash as clash:
        return JSONResponse({"error": str(clash), "current": clash.current}, 409)
    except EditError as error:
        return JSONResponse({"error": str(error)}, 422)
    except UserError as error:
        return JSONResponse({"error": str(error)}, 500)


async def _body(request: Request) -> object:
    """The request's JSON; None where it is none, or too large."""
    data = bytearray()
    async for chunk in request.stream():
        data += chunk
        if len(data) > _LARGEST_BODY:
            return None
    try:
        body: object = json.loads(data)
    except ValueError:
        return None
    return body


def listen(session: Session, port: int = 0) -> tuple[uvicorn.Server, socket.socket, str]:
    """A server ready to run, its socket on 127.0.0.1, and its address. Raises UserError for a port that is taken."""
    import uvicorn

    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
        listener.listen(64)
    except (OSError, OverflowError) as error:
        listener.close()
        raise UserError(f"--port {port}: cannot be used ({error}); leave it out to take any free one") from None
    known = Secrets.make(listener.getsockname()[1])
    config = uvicorn.Config(
        application(session, known),
        log_level="warning",
        access_log=False,
        server_header=False,
        date_header=False,
        lifespan="off",
        ws="none",
        timeout_graceful_shutdown=2,
    )
    return uvicorn.Server(config), listener, f"http://127.0.0.1:{known.port}{known.base}"


def serve(session: Session, *, port: int = 0, ready: Callable[[str], None]) -> None:
    """Serves until Ctrl-C or SIGTERM. ``ready`` is told the address. Raises UserError for a port that is taken."""
    server, listener, address = listen(session, port)
    ready(address)
    try:
        server.run(sockets=[listener])
    except KeyboardInterrupt:
        pass  # uvicorn has ended every request, and gives the signal on
    finally:
        listener.close()
