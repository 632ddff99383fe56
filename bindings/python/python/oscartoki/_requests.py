"""requests: a session that signs and accepts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests

from .client import mono, wall

if TYPE_CHECKING:
    from .client import Client, Step


class Session(requests.Session):
    """`client.requests_session()`: every request of it is signed. Redirects are not followed; who follows one signs a new request."""

    def __init__(self, client: Client, options: dict[str, bool]) -> None:
        super().__init__()
        self.client = client
        self.sign_options = options

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        kwargs["allow_redirects"] = False
        stream, kwargs["stream"] = kwargs.get("stream"), True
        body = request.body
        if body is not None and not isinstance(body, (bytes, str)):
            # What is signed must be at hand.
            body = b"".join(body) if not hasattr(body, "read") else body.read()
            request.headers.pop("Transfer-Encoding", None)
            request.prepare_body(body, None)
        content = body.encode() if isinstance(body, str) else body
        call = self.client.call(
            request.method or "GET", authority_of(request), request.path_url, content, headers=list(request.headers.items()), **self.sign_options
        )
        response: requests.Response | None = None
        while (step := call.next()).kind == "send":
            try:
                response = super().send(self.outgoing(request, step), **kwargs)
            except requests.RequestException:
                call.failed()
                raise
            clocks = wall(None), mono(None)
            answer = read(response, self.client.max_answer)
            if answer is None:
                call.too_large(response.status_code)
            else:
                response._content, response._content_consumed = answer, True  # type: ignore[attr-defined]
                pairs = list(response.raw.headers.items()) if response.raw is not None else list(response.headers.items())
                call.received(response.status_code, pairs, answer, received_ms=clocks[0], mono_ms=clocks[1])
        step.outcome.raise_for_refusal()
        if response is None:
            raise RuntimeError("a call that was accepted has an answer")
        response.request = request
        response.oscartoki = step.outcome  # type: ignore[attr-defined]
        return response

    def outgoing(self, request: requests.PreparedRequest, step: Step) -> requests.PreparedRequest:
        signed = request.copy()
        signed.method = step.method
        if step.is_probe:
            signed.body = None
            for name in list(signed.headers):
                if self.client.drops_from_probe(name):
                    del signed.headers[name]
        signed.headers.update(step.headers)
        return signed


def authority_of(request: requests.PreparedRequest) -> str:
    host = request.headers.get("Host")
    if host is not None:
        return host.decode() if isinstance(host, bytes) else str(host)
    return urlsplit(request.url or "").netloc.rpartition("@")[2]


def read(response: requests.Response, most: int) -> bytes | None:
    chunks, size = [], 0
    for chunk in response.iter_content(1 << 16):
        chunks.append(chunk)
        size += len(chunk)
        if size > most:
            response.close()
            return None
    return b"".join(chunks)
