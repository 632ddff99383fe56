"""ASGI: `app = oscartoki.asgi.Middleware(app, service=service)`. What was verified is in `scope["oscartoki"]`.

A CORS layer stands outside, so that it answers preflights (which carry no toki) and puts its headers on refusals too; where it must stand inside,
`cors_inside=True` lets preflights through to it. A layer that compresses answers stands outside too, one that decompresses requests inside.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from ._layer import Answers, Headers, coverable, hidden, log
from .errors import RawTargetHidden
from .service import Handshake, PendingBody, Refusal, Service, Verdict, VerifiedRequest

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

# Ways past the buffer, which would leave content uncovered.
_BYPASSES = ("http.response.pathsend", "http.response.zerocopysend", "http.response.trailers")


class ClientGone(Exception):
    """The client went away before its request had arrived whole."""


class Middleware:
    """Verifies before the app runs, and signs what it answers.

    `stream(scope)` True: that route gets its body as it comes, and `scope["oscartoki"]` is a `StreamedBody` until it was read whole.
    `raw_path_has_root`: needed where root_path is not empty, because servers differ. `websockets`: "verify" wants a toki on the upgrade,
    "pass" leaves it to an app that verifies tickets.
    """

    def __init__(
        self,
        app: App,
        service: Service,
        *,
        stream: Callable[[Scope], bool] | None = None,
        raw_path_has_root: bool | None = None,
        cors_inside: bool = False,
        websockets: str = "verify",
    ) -> None:
        if websockets not in ("verify", "pass"):
            raise ValueError('websockets is "verify" or "pass"')
        self.app = app
        self.service = service
        self.answers = Answers(service)
        self.stream = stream
        self.raw_path_has_root = raw_path_has_root
        self.cors_inside = cors_inside
        self.websockets = websockets

    @property
    def uncovered(self) -> int:
        """How many answers went out with their content not covered."""
        return self.answers.uncovered

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        kind = scope["type"]
        if kind == "http":
            await self.http(scope, receive, send)
        elif kind == "lifespan":
            await self.app(scope, receive, self.ready_first(send))
        elif kind == "websocket":
            await self.websocket(scope, receive, send)
        else:
            log.warning("a connection of the unknown kind %r is refused", kind)

    def ready_first(self, send: Send) -> Send:
        """Holds the start-up until the service is ready."""

        async def held(message: Message) -> None:
            if message["type"] == "lifespan.startup.complete":
                await asyncio.sleep(max(0.0, self.service.ready_at_ms / 1000 - time.time()))
            await send(message)

        return held

    async def http(self, scope: Scope, receive: Receive, send: Send) -> None:
        method, headers = scope["method"], scope["headers"]
        if self.cors_inside and method == "OPTIONS" and _is_preflight(headers):
            return await self.app(scope, receive, send)
        try:
            target = self.target(scope)
        except RawTargetHidden as error:
            return await _send(send, *hidden(error), method)
        service, body = self.service, None
        try:
            if service.wants_body(method, target, headers):
                body = await _read(receive, service.max_body)
            verdict = service.verify_head(method, target, headers, body)
            if isinstance(verdict, PendingBody):
                if self.stream is not None and self.stream(scope):
                    return await self.streamed(verdict, scope, receive, send)
                body = await _read(receive, service.max_body)
                verdict = self.answers.finish(verdict, body)
        except ClientGone:
            return
        if isinstance(verdict, VerifiedRequest):
            scope["oscartoki"] = verdict
            await self.run(verdict, scope, _again(body or b"", receive), send)
        else:
            if body is None and not any(name == b"expect" for name, _ in headers):
                await _drop(receive, service.max_body)
            await self.turn_down(verdict, method, send)

    async def turn_down(self, verdict: Verdict, method: str, send: Send) -> None:
        if isinstance(verdict, Handshake):
            toki, body = verdict.reply()
            json: Headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode()), (b"oscartoki", toki.encode())]
            await _send(send, 200, json, body.encode(), method)
        elif isinstance(verdict, Refusal):
            await _send(send, *self.answers.refuse(verdict, method), method)

    async def run(self, verdict: Verdict, scope: Scope, receive: Receive, send: Send) -> None:
        answer = _Answer(self, lambda: verdict, scope["method"], send)
        _close_bypasses(scope)
        try:
            await self.app(scope, receive, answer.send)
        except Exception:
            if not answer.started:
                # The request was authentic and may have run: its client gets to know that by a signed answer.
                answer.start, answer.headers, answer.body = {"status": 500}, [(b"content-length", b"0")], b""
                await answer.flush(covered=True, more=False)
            raise

    async def streamed(self, pending: PendingBody, scope: Scope, receive: Receive, send: Send) -> None:
        body = StreamedBody(pending, receive)
        scope["oscartoki"] = body
        method = scope["method"]
        answer = _Answer(self, lambda: body.verdict, method, send)

        async def settle_then(message: Message) -> None:
            if body.verdict is None:
                await body.drain()
            if isinstance(body.verdict, Refusal):
                if not answer.started:
                    answer.started = True
                    await self.turn_down(body.verdict, method, send)
                return
            await answer.send(message)

        _close_bypasses(scope)
        try:
            await self.app(scope, body.receive, settle_then)
        except ClientGone:
            return

    async def websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.websockets == "pass":
            return await self.app(scope, receive, send)
        try:
            verdict = self.service.verify_head("GET", self.target(scope), scope["headers"])
        except RawTargetHidden as error:
            log.error("%s", error)
            return await send({"type": "websocket.close", "code": 1011})
        if not isinstance(verdict, VerifiedRequest):
            return await send({"type": "websocket.close", "code": 1008})
        scope["oscartoki"] = verdict
        await self.app(scope, receive, send)

    def target(self, scope: Scope) -> bytes:
        """The request target as it was on the wire."""
        raw = scope.get("raw_path")
        if raw is None:
            raise RawTargetHidden(
                "the ASGI server does not give raw_path, the request target as sent: use one that does, such as uvicorn, hypercorn or granian"
            )
        root = scope.get("root_path") or ""
        if root:
            if self.raw_path_has_root is None:
                raise RawTargetHidden(
                    "root_path is set, and servers differ in whether raw_path holds it: give the middleware raw_path_has_root=True (uvicorn) or False"
                )
            if not self.raw_path_has_root:
                raw = root.encode() + raw
        query = scope.get("query_string") or b""
        # An empty `?` is hidden here; the service tries both.
        return bytes(raw + b"?" + query if query else raw)


class StreamedBody:
    """The body of a request on a streaming route. `receive` it whole before anything is done that can't be undone, then `finish()`."""

    def __init__(self, pending: PendingBody, receive: Receive) -> None:
        self.pending = pending
        self.verdict: Verdict | None = None
        self._receive = receive
        self._hash = hashlib.sha256()
        self._len = 0
        self._ended = False

    async def receive(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.disconnect":
            if not self._ended:
                raise ClientGone
            return message
        chunk = message.get("body", b"")
        self._hash.update(chunk)
        self._len += len(chunk)
        self._ended = not message.get("more_body", False)
        return message

    async def drain(self) -> None:
        while not self._ended:
            await self.receive()
        self.finish_quietly()

    def finish_quietly(self) -> Verdict:
        if self.verdict is None:
            self.verdict = self.pending.finish(digest=self._hash.digest() if self._len else None)
        return self.verdict

    def finish(self) -> VerifiedRequest:
        """Once all has been received: what was verified. Raises `BodyMismatch`; the middleware then answers."""
        if not self._ended:
            raise RuntimeError("the body has not been received whole")
        verdict = self.finish_quietly()
        if not isinstance(verdict, VerifiedRequest):
            verdict.raise_for_refusal()
            raise RuntimeError("a body can't be finished twice")
        return verdict


class _Answer:
    """Holds an answer back until it is whole, or too long, or can't be covered."""

    def __init__(self, layer: Middleware, verdict: Callable[[], Verdict | None], method: str, send: Send) -> None:
        self.layer, self.verdict, self.method, self.out = layer, verdict, method, send
        self.start: Message | None = None
        self.headers: Headers = []
        self.body = b""
        self.started = False

    async def send(self, message: Message) -> None:
        kind = message["type"]
        if kind == "http.response.start":
            self.start = message
            self.headers = [(bytes(name), bytes(field)) for name, field in message.get("headers", ())]
            if not coverable(self.headers):
                await self.flush(covered=False, more=True)
        elif kind == "http.response.body":
            if self.started:
                return await self.out(message)
            chunk = message.get("body", b"")
            self.body = self.body + chunk if self.body else bytes(chunk)
            more = message.get("more_body", False)
            if not more:
                await self.flush(covered=len(self.body) <= self.layer.service.max_answer, more=False)
            elif len(self.body) > self.layer.service.max_answer:
                await self.flush(covered=False, more=True)
        else:
            await self.out(message)

    async def flush(self, *, covered: bool, more: bool) -> None:
        verdict, start = self.verdict(), self.start
        if start is None or verdict is None:
            raise RuntimeError("the app sent a body before it started its answer")
        self.started = True
        signed = self.layer.answers.sign(verdict, self.method, start["status"], self.headers, self.body if covered else None)
        await self.out({**start, "type": "http.response.start", "headers": signed})
        if self.body or not more:
            await self.out({"type": "http.response.body", "body": self.body, "more_body": more})
        self.body = b""


async def _read(receive: Receive, most: int) -> bytes:
    """The body, at most `most` bytes and one more."""
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        chunk = message.get("body", b"")
        chunks.append(chunk)
        size += len(chunk)
        if not message.get("more_body", False) or size > most:
            return b"".join(chunks)[: most + 1]


async def _drop(receive: Receive, most: int) -> None:
    """Takes a refused body off the wire, kept nowhere: a server that closes over unread content resets the connection, and its answer is lost."""
    while most > 0:
        message = await receive()
        if not message.get("more_body", False):
            return
        most -= len(message.get("body", b""))


def _again(body: bytes, receive: Receive) -> Receive:
    """Gives the body that was read once more, then what the server says."""
    given = False

    async def once() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return once


async def _send(send: Send, status: int, headers: Headers, body: bytes, method: str) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if method == "HEAD" else body})


def _close_bypasses(scope: Scope) -> None:
    extensions = scope.get("extensions")
    if extensions:
        scope["extensions"] = {name: about for name, about in extensions.items() if name not in _BYPASSES}


def _is_preflight(headers: Headers) -> bool:
    names = {name for name, _ in headers}
    return b"origin" in names and b"access-control-request-method" in names and b"oscartoki" not in names
