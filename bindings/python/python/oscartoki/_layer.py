"""What the ASGI and the WSGI middleware share: which headers an answer gets, and which content is covered."""

from __future__ import annotations

import logging

from .errors import OscarError
from .service import PendingBody, Refusal, Service, Verdict

log = logging.getLogger("oscartoki")
Headers = list[tuple[bytes, bytes]]


class Answers:
    """Mints the headers of answers; counts those whose content is not covered, and says so once."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.uncovered = 0

    def sign(self, verdict: Verdict, method: str, status: int, headers: Headers, body: bytes | None) -> Headers:
        """The headers of the answer with ours. `body` None: content that is not covered."""
        kept = [pair for pair in headers if pair[0].lower() not in OURS]
        kept.append(NO_STORE)
        if method == "HEAD" or status in (204, 304):
            body = None
        elif body is None:
            self.count(status)
        toki, grant = self.service.answer_head(verdict, status, kept, body)
        kept.append((b"oscartoki", toki.encode()))
        if grant is not None:
            kept.append((b"oscartokikey", grant.encode()))
        return kept

    def refuse(self, refusal: Refusal, method: str) -> tuple[int, Headers, bytes]:
        """Status, headers and body of a refusal."""
        headers: Headers = [] if refusal.status == 204 else [(b"content-length", b"0")]
        if refusal.www_authenticate:
            headers.append((b"www-authenticate", b"oscartoki"))
        if refusal.signed:
            return refusal.status, self.sign(refusal, method, refusal.status, headers, b""), b""
        headers.append((b"oscartoki-error", refusal.name.encode()))
        body = b""
        if refusal.version == 1 and method != "HEAD":
            # The clients of OscarToki v1 read their refusals here.
            body = b'{"status":"error","message":"%s"}' % refusal.name.encode()
            headers[0] = (b"content-length", str(len(body)).encode())
            headers.append((b"content-type", b"application/json"))
        return refusal.status, headers, body

    def finish(self, pending: PendingBody, body: bytes) -> Verdict:
        return pending.too_large() if len(body) > self.service.max_body else pending.finish(body)

    def count(self, status: int) -> None:
        self.uncovered += 1
        if self.uncovered == 1:
            log.warning(
                "an answer (status %s) goes out with its content not covered: it is a stream, longer than max_answer, or has a Content-Encoding; "
                "clients take it only when they ask for streams. Further ones are counted in silence (Middleware.uncovered)",
                status,
            )


NO_STORE = (b"cache-control", b"no-store, no-transform")
OURS = frozenset((b"oscartoki", b"oscartokikey", b"cache-control"))


def coverable(headers: Headers) -> bool:
    """Whether content with this head is buffered and digested."""
    for name, field in headers:
        if len(name) not in (12, 16):
            continue
        name = name.lower()
        if name == b"content-encoding" and field.strip().lower() not in (b"", b"identity"):
            return False
        if name == b"content-type" and field.partition(b";")[0].strip().lower() == b"text/event-stream":
            return False
    return True


def hidden(error: OscarError) -> tuple[int, Headers, bytes]:
    """The answer where the framework hides the raw target: a mistake of the set-up, said in log and answer."""
    log.error("%s", error)
    body = str(error).encode()
    return 500, [(b"content-length", str(len(body)).encode()), (b"content-type", b"text/plain"), (b"oscartoki-error", b"raw_target_hidden")], body
