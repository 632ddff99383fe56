"""httpx: an `Auth` whose flow probes, signs, accepts and resends, and a transport that signs each hop."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Generator
from typing import TYPE_CHECKING, Any

import httpx

from .client import mono, wall
from .errors import Policy

if TYPE_CHECKING:
    from .client import Call, Client, Step


class Auth(httpx.Auth):
    """One client's way through `auth=`, for sync and async clients."""

    def __init__(self, client: Client, options: dict[str, bool]) -> None:
        self.client = client
        self.options = options

    def sync_auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.read()
        call, internal = _begin(self.client, request, self.options), []  # type: Call, list[httpx.Response]
        while (step := call.next()).kind == "send":
            try:
                response = yield _outgoing(self.client, request, step)
            except GeneratorExit:
                call.failed()
                raise
            clocks = wall(None), mono(None)
            if _followed(response, internal):
                call.failed()
                response.close()
                raise _redirected(response)
            body = _read(response, self.client.max_answer)
            _settle(call, response, body, clocks)
            response.history = [past for past in response.history if past not in internal]
            internal.append(response)
        _end(call, step, internal)

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        await request.aread()
        call, internal = _begin(self.client, request, self.options), []  # type: Call, list[httpx.Response]
        while (step := call.next()).kind == "send":
            try:
                response = yield _outgoing(self.client, request, step)
            except GeneratorExit:
                call.failed()
                raise
            clocks = wall(None), mono(None)
            if _followed(response, internal):
                call.failed()
                await response.aclose()
                raise _redirected(response)
            body = await _aread(response, self.client.max_answer)
            _settle(call, response, body, clocks)
            response.history = [past for past in response.history if past not in internal]
            internal.append(response)
        _end(call, step, internal)


class Transport(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """Signs each hop on its way out, so that redirects may be followed: each is a new request to a new authority."""

    def __init__(self, client: Client, inner: Any, options: dict[str, bool]) -> None:
        self.client = client
        self.options = options
        self._inner = inner

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self._inner = self._inner or httpx.HTTPTransport()
        request.read()
        call = _begin(self.client, request, self.options)
        response: httpx.Response | None = None
        while (step := call.next()).kind == "send":
            try:
                response = self._inner.handle_request(_outgoing(self.client, request, step))
            except httpx.TransportError:
                call.failed()
                raise
            clocks = wall(None), mono(None)
            body = _read(response, self.client.max_answer)
            response.close()
            _settle(call, response, body, clocks)
        return _end(call, step, [response] if response is not None else [])

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self._inner = self._inner or httpx.AsyncHTTPTransport()
        await request.aread()
        call = _begin(self.client, request, self.options)
        response: httpx.Response | None = None
        while (step := call.next()).kind == "send":
            try:
                response = await self._inner.handle_async_request(_outgoing(self.client, request, step))
            except httpx.TransportError:
                call.failed()
                raise
            clocks = wall(None), mono(None)
            body = await _aread(response, self.client.max_answer)
            await response.aclose()
            _settle(call, response, body, clocks)
        return _end(call, step, [response] if response is not None else [])

    def close(self) -> None:
        if self._inner is not None:
            self._inner.close()

    async def aclose(self) -> None:
        if self._inner is not None:
            await self._inner.aclose()


def _begin(client: Client, request: httpx.Request, options: dict[str, bool]) -> Call:
    for name in ("oscartoki", "oscartokikey", "content-digest"):
        # A hop's own, not those of the hop before.
        request.headers.pop(name, None)
    target = request.url.raw_path.decode("ascii")
    body = request.content or None
    return client.call(request.method, request.headers["host"], target, body, headers=request.headers.raw, **options)


def _outgoing(client: Client, request: httpx.Request, step: Step) -> httpx.Request:
    headers = httpx.Headers(request.headers)
    if step.is_probe:
        for name in list(headers):
            if client.drops_from_probe(name):
                del headers[name]
    else:
        for name in ("oscartoki", "oscartokikey", "content-digest"):
            headers.pop(name, None)
    headers.update(step.headers)
    extensions = dict(request.extensions)
    if step.is_probe:
        return httpx.Request(step.method, request.url, headers=headers, extensions=extensions)
    return httpx.Request(step.method, request.url, headers=headers, stream=request.stream, extensions=extensions)


def _followed(response: httpx.Response, internal: list[httpx.Response]) -> bool:
    return any(past not in internal for past in response.history)


def _redirected(response: httpx.Response) -> Policy:
    return Policy(
        "a redirect was followed, and its target got no toki of its own: leave follow_redirects off, or use client.httpx_transport()",
        may_have_run=True,
        status=response.history[0].status_code if response.history else None,
    )


def _read(response: httpx.Response, most: int) -> bytes | None:
    chunks, size = [], 0
    for chunk in response.iter_bytes():
        chunks.append(chunk)
        size += len(chunk)
        if size > most:
            response.close()
            return None
    return b"".join(chunks)


async def _aread(response: httpx.Response, most: int) -> bytes | None:
    chunks, size = [], 0
    async for chunk in response.aiter_bytes():
        chunks.append(chunk)
        size += len(chunk)
        if size > most:
            await response.aclose()
            return None
    return b"".join(chunks)


def _settle(call: Call, response: httpx.Response, body: bytes | None, clocks: tuple[int, int]) -> None:
    if body is None:
        # Nothing may read the rest any more; httpx asks for the content of what it returns.
        response._content = b""
        return call.too_large(response.status_code)
    response._content = body
    call.received(response.status_code, response.headers.raw, body, received_ms=clocks[0], mono_ms=clocks[1])


def _end(call: Call, step: Step, responses: list[httpx.Response]) -> httpx.Response:
    step.outcome.raise_for_refusal()
    if not responses:
        raise RuntimeError("a call that was accepted has an answer")
    # The verdict, for who wants to look: code, offset, a dropped grant.
    responses[-1].extensions["oscartoki"] = step.outcome
    responses[-1].extensions["oscartoki.call"] = step
    return responses[-1]
