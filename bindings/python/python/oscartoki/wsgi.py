"""WSGI: `app = oscartoki.wsgi.Middleware(app, service=service)`. What was verified is in `environ["oscartoki"]`.

The raw target is read from RAW_URI (gunicorn, Werkzeug), else REQUEST_URI (uWSGI, mod_wsgi). Until the service is ready it answers a signed 1.
A CORS layer stands outside.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterable, Iterator
from http.client import responses
from types import TracebackType
from typing import Any

from ._layer import Answers, Headers, coverable, hidden
from .errors import RawTargetHidden
from .service import Handshake, PendingBody, Refusal, Service, Verdict, VerifiedRequest

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
App = Callable[[Environ, StartResponse], Iterable[bytes]]


class Middleware:
    """Verifies before the app runs, and signs what it answers.

    `stream(environ)` True: that route gets its body as it comes; `environ["oscartoki"]` is a `StreamedBody`, to be read whole, then finished.
    """

    def __init__(
        self, app: App, service: Service, *, stream: Callable[[Environ], bool] | None = None, cors_inside: bool = False
    ) -> None:
        self.app = app
        self.service = service
        self.answers = Answers(service)
        self.stream = stream
        self.cors_inside = cors_inside

    @property
    def uncovered(self) -> int:
        """How many answers went out with their content not covered."""
        return self.answers.uncovered

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        method: str = environ["REQUEST_METHOD"]
        if self.cors_inside and method == "OPTIONS" and "HTTP_ORIGIN" in environ and "HTTP_ACCESS_CONTROL_REQUEST_METHOD" in environ:
            if "HTTP_OSCARTOKI" not in environ:
                return self.app(environ, start_response)
        try:
            target = raw_target(environ)
        except RawTargetHidden as error:
            return _reply(start_response, *hidden(error), method)
        headers = _headers(environ)
        service, body = self.service, None
        if service.wants_body(method, target, headers):
            body = _read(environ, service.max_body)
        verdict = service.verify_head(method, target, headers, body)
        if isinstance(verdict, PendingBody):
            if self.stream is not None and self.stream(environ):
                return self.streamed(verdict, environ, start_response)
            body = _read(environ, service.max_body)
            verdict = self.answers.finish(verdict, body)
        if not isinstance(verdict, VerifiedRequest):
            return self.turn_down(verdict, method, start_response)
        environ["oscartoki"] = verdict
        if body is not None:
            environ["wsgi.input"], environ["CONTENT_LENGTH"] = io.BytesIO(body), str(len(body))
        return self.run(lambda: verdict, environ, start_response)

    def turn_down(self, verdict: Verdict, method: str, start_response: StartResponse) -> Iterable[bytes]:
        if isinstance(verdict, Handshake):
            toki, body = verdict.reply()
            json: Headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode()), (b"oscartoki", toki.encode())]
            return _reply(start_response, 200, json, body.encode(), method)
        if isinstance(verdict, Refusal):
            return _reply(start_response, *self.answers.refuse(verdict, method), method)
        raise RuntimeError("a verdict is one of four kinds")

    def streamed(self, pending: PendingBody, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        body = StreamedBody(pending, environ)
        environ["oscartoki"], environ["wsgi.input"] = body, body
        return self.run(body.settle, environ, start_response)

    def run(self, settle: Callable[[], Verdict], environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        method: str = environ["REQUEST_METHOD"]
        began = _Began()
        # File wrappers would send past the buffer; the server's own environ keeps what the server looks for.
        environ = {name: field for name, field in environ.items() if name != "wsgi.file_wrapper"}
        try:
            result = self.app(environ, began)
        except Exception:
            verdict = settle()
            if isinstance(verdict, Refusal):
                return self.turn_down(verdict, method, start_response)
            signed = self.answers.sign(verdict, method, 500, [(b"content-length", b"0")], b"")
            start_response("500 Internal Server Error", _strings(signed))
            import sys
            import traceback

            print(traceback.format_exc(), file=environ.get("wsgi.errors", sys.stderr))
            return [b""]
        chunks, whole = iter(result), b""
        ended = False
        for chunk in chunks:
            whole += chunk
            if not began.coverable() or len(began.written) + len(whole) > self.service.max_answer:
                break
        else:
            ended = True
        whole = began.written + whole
        verdict = settle()
        if isinstance(verdict, Refusal):
            _close(result)
            return self.turn_down(verdict, method, start_response)
        covered = ended and began.coverable() and len(whole) <= self.service.max_answer
        signed = self.answers.sign(verdict, method, began.code, began.headers, whole if covered else None)
        start_response(began.status, _strings(signed))
        if ended:
            _close(result)
            return [b"" if method == "HEAD" else whole]
        return _Rest(whole, chunks, result)


class StreamedBody(io.RawIOBase):
    """The body of a request on a streaming route, `wsgi.input` as well: read it whole, then `finish()`."""

    def __init__(self, pending: PendingBody, environ: Environ) -> None:
        self.pending = pending
        self.verdict: Verdict | None = None
        self._input = environ["wsgi.input"]
        self._left = None if environ.get("wsgi.input_terminated") else int(environ.get("CONTENT_LENGTH") or 0)
        self._hash = hashlib.sha256()
        self._len = 0

    def readable(self) -> bool:
        return True

    def read(self, size: int | None = -1) -> bytes:
        if size is None or size < 0:
            return b"".join(iter(lambda: self.read(1 << 16), b""))
        chunk: bytes = self._input.read(size if self._left is None else min(size, self._left))
        if self._left is not None:
            self._left -= len(chunk)
        self._hash.update(chunk)
        self._len += len(chunk)
        return chunk

    def readinto(self, buffer: Any) -> int:
        chunk = self.read(len(buffer))
        buffer[: len(chunk)] = chunk
        return len(chunk)

    def settle(self) -> Verdict:
        if self.verdict is None:
            while self.read(1 << 16):
                pass
            self.verdict = self.pending.finish(digest=self._hash.digest() if self._len else None)
        return self.verdict

    def finish(self) -> VerifiedRequest:
        """Reads what is left; what was verified. Raises `BodyMismatch`; the middleware then answers."""
        verdict = self.settle()
        if not isinstance(verdict, VerifiedRequest):
            verdict.raise_for_refusal()
            raise RuntimeError("a body can't be finished twice")
        return verdict


class _Began:
    """The app's start_response, held back."""

    def __init__(self) -> None:
        self.status, self.headers, self.written = "500 Internal Server Error", [], b""  # type: str, Headers, bytes

    def __call__(
        self,
        status: str,
        headers: list[tuple[str, str]],
        exc_info: tuple[type[BaseException], BaseException, TracebackType] | None = None,
    ) -> Callable[[bytes], None]:
        self.status = status
        self.headers = [(name.encode("latin-1"), field.encode("latin-1")) for name, field in headers]
        return self.write

    def write(self, chunk: bytes) -> None:
        self.written += chunk

    @property
    def code(self) -> int:
        return int(self.status[:3])

    def coverable(self) -> bool:
        return coverable(self.headers)


class _Rest:
    """An answer that goes out as it comes."""

    def __init__(self, first: bytes, chunks: Iterator[bytes], result: Any) -> None:
        self.first, self.chunks, self.result = first, chunks, result

    def __iter__(self) -> Iterator[bytes]:
        yield self.first
        yield from self.chunks

    def close(self) -> None:
        _close(self.result)


def raw_target(environ: Environ) -> str:
    """The request target as it was on the wire."""
    for name in ("RAW_URI", "REQUEST_URI"):
        target: str | None = environ.get(name)
        if target:
            return target
    server = environ.get("SERVER_SOFTWARE") or "the WSGI server"
    raise RawTargetHidden(
        f"{server} gives neither RAW_URI nor REQUEST_URI, the request target as sent: serve with gunicorn, uWSGI or mod_wsgi, or set one of them"
    )


def _headers(environ: Environ) -> Headers:
    headers = []
    for name, field in environ.items():
        if name.startswith("HTTP_"):
            name = name[5:]
        elif name not in ("CONTENT_TYPE", "CONTENT_LENGTH") or not field:
            continue
        headers.append((name.replace("_", "-").lower().encode("latin-1"), field.encode("latin-1")))
    return headers


def _read(environ: Environ, most: int) -> bytes:
    """The body, at most `most` bytes and one more."""
    source = environ["wsgi.input"]
    if environ.get("wsgi.input_terminated"):
        left = most + 1
    else:
        left = min(int(environ.get("CONTENT_LENGTH") or 0), most + 1)
    chunks = []
    while left > 0:
        chunk = source.read(left)
        if not chunk:
            break
        chunks.append(chunk)
        left -= len(chunk)
    return b"".join(chunks)


def _reply(start_response: StartResponse, status: int, headers: Headers, body: bytes, method: str) -> Iterable[bytes]:
    start_response(f"{status} {responses.get(status, 'Refused')}", _strings(headers))
    return [b"" if method == "HEAD" else body]


def _strings(headers: Headers) -> list[tuple[str, str]]:
    return [("-".join(part.capitalize() for part in name.decode("latin-1").split("-")), field.decode("latin-1")) for name, field in headers]


def _close(result: Any) -> None:
    if hasattr(result, "close"):
        result.close()
