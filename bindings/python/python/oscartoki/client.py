"""The side that asks. `Client.sign` and `accept` are the primitives, `Call` is the loop over them; adapters for httpx and requests stand on it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Sequence
from ctypes import byref, c_int64
from typing import TYPE_CHECKING, Any, cast

from . import _door
from ._hot import hot
from ._native import oscartoki as native
from ._native import oscartoki_bridge as bridge
from .carried import SignedMessage, message
from .errors import OscarError, error_of, name_of, refused
from .keys import AudienceKey, Secret, Session, speaking

if TYPE_CHECKING:
    import httpx
    import requests

    class _SignedBase(_door.Signed): ...

    class _OutcomeBase(_door.Outcome): ...
else:
    _SignedBase, _OutcomeBase = hot.Signed, hot.Outcome

Pair = tuple[_door.Field, _door.Field]
REPEATABLE, TRUST_CLOCK, VERIFY_FIRST, RESEND, STREAM = 1, 2, 4, 8, 16


class SignedRequest(_SignedBase):
    """One signed request, or the probe that must go before it (`is_probe`): `toki` and `grant` are its headers. Its answer is accepted once."""

    __slots__ = ()

    @property
    def headers(self) -> dict[str, str]:
        """What to send: oscartoki and, in a session, oscartokikey."""
        grant = self.grant
        return {"oscartoki": self.toki} if grant is None else {"oscartoki": self.toki, "oscartokikey": grant}

    def __repr__(self) -> str:
        return f"SignedRequest(probe={self.is_probe}, in_session={self.in_session})"


class Outcome(_OutcomeBase):
    """What became of a request, as far as the client can know."""

    __slots__ = ()

    @property
    def error(self) -> OscarError | None:
        """Why the answer is refused; None: it is accepted."""
        if not self.error_status:
            return None
        return error_of(self.error_status, may_have_run=self.may_have_run, signed=self.signed, http=self.status)

    @property
    def name(self) -> str | None:
        """The name of the error."""
        return name_of(self.error_status) if self.error_status else None

    @property
    def grant_error(self) -> str | None:
        """`bad_grant` when the answer's grant was dropped."""
        return name_of(self.grant_status) if self.grant_status else None

    def raise_for_refusal(self) -> None:
        error = self.error
        if error is not None:
            raise error

    def __repr__(self) -> str:
        return f"Outcome({self.name or 'accepted'}, code={self.code}, status={self.status}, may_have_run={self.may_have_run})"


class Client:
    """One client: it probes, keeps one clock and the newest grant for each audience, signs, and accepts each answer once. Thread-safe.

    `secret` is `os2.` text; or `audience_key` (`oa2.`), or `session` (`oz2.`, a delegate). Without `audience`, each request's authority is its
    audience. `answers="none"`: the service can't sign its answers, nothing then counts as authentic.
    """

    def __init__(
        self,
        secret: Secret | str | None = None,
        audience: str | None = None,
        *,
        audience_key: AudienceKey | str | None = None,
        session: Session | str | None = None,
        ext: Sequence[str] = (),
        answer_ext: Sequence[str] = (),
        roll: str = "auto",
        trust_clock: bool = False,
        answers: str = "signed",
        max_answer: int = 1 << 20,
        generation: int = 0,
        kid: bytes | None = None,
        send_content_digest: bool = True,
    ) -> None:
        if sum(given is not None for given in (secret, audience_key, session)) != 1:
            raise TypeError("a client has one of secret=, audience_key= and session=")
        if answers not in ("signed", "none"):
            raise ValueError('answers is "signed" or "none"')
        try:
            rolling = {"auto": native.Rolling.AUTO, "every": native.Rolling.EVERY}[roll]
        except KeyError:
            raise ValueError('roll is "auto" or "every"') from None
        config = native.ClientConfig(
            ext=list(ext), answer_ext=list(answer_ext), roll=rolling, trust_clock=trust_clock, unsigned_answers=answers == "none",
            max_answer=max_answer, generation=generation, kid=kid, send_content_digest=send_content_digest,
        )  # fmt: skip
        with speaking():
            if secret is not None:
                held = (secret if isinstance(secret, Secret) else Secret(secret))._native
                made = native.Client.by_authority(held, config) if audience is None else native.Client(held, audience, config)
            elif audience_key is not None:
                key = audience_key if isinstance(audience_key, AudienceKey) else AudienceKey(audience_key)
                made = native.Client.from_audience_key(key._native, config)
            else:
                handed = session if isinstance(session, Session) else Session(session or "")
                made = native.Client.from_session(handed._native, config)
        self._keep(made)
        self._covers, self._covers_answers = bool(ext), bool(answer_ext)
        self.max_answer = max_answer

    def _keep(self, made: Any) -> None:
        self._native = made
        self._handle: int = bridge.c_ref_client(made)

    def __del__(self) -> None:
        _door.lib.oscar_client_free(getattr(self, "_handle", 0))

    def for_audience(self, audience: str) -> Client:
        """The same client for one audience: configuration, clock and grants are shared with every handle on it."""
        bound = Client.__new__(Client)
        with speaking():
            bound._keep(self._native.for_audience(audience))
        bound._covers, bound._covers_answers, bound.max_answer = self._covers, self._covers_answers, self.max_answer
        return bound

    # ---- the primitives ----

    def sign(
        self,
        method: str,
        authority: str,
        target: str,
        body: bytes | None = None,
        *,
        ext: bytes | None = None,
        digest: bytes | None = None,
        repeatable: bool = False,
        trust_clock: bool = False,
        verify_first: bool = False,
        resend: bool = False,
        stream: bool = False,
        now_ms: int | None = None,
        mono_ms: int | None = None,
    ) -> SignedRequest:
        """Signs a request, or the probe that must go before it. Every error means that nothing was sent."""
        options = repeatable | trust_clock << 1 | verify_first << 2 | resend << 3 | stream << 4
        signed = hot.sign(self._handle, method, authority, target, ext, digest, body, options, now_ms, mono_ms)
        if signed.__class__ is int:
            raise refused(signed, may_have_run=False)
        return signed  # type: ignore[no-any-return]

    def accept(
        self,
        signed: SignedRequest,
        status: int,
        body: bytes | None = None,
        *,
        toki: str | bytes | None,
        grant: str | bytes | None = None,
        ext: bytes | None = None,
        digest: bytes | None = None,
        received_ms: int | None = None,
        mono_ms: int | None = None,
    ) -> Outcome:
        """Judges the answer to a signed request, once; the next is `replayed` and changes nothing."""
        return hot.accept(self._handle, signed, status, ext, digest, toki, grant, body, received_ms, mono_ms)  # type: ignore[no-any-return]

    def accept_head(
        self,
        signed: SignedRequest,
        status: int,
        headers: Iterable[Pair],
        body: bytes | None = None,
        *,
        received_ms: int | None = None,
        mono_ms: int | None = None,
    ) -> Outcome:
        """`accept` from the head of an HTTP answer: finds toki and grant and makes ext by the configured list."""
        return hot.accept_head(self._handle, signed, status, list(headers), body, received_ms, mono_ms)  # type: ignore[no-any-return]

    def give_up(self, signed: SignedRequest, status: int | None = None) -> Outcome:
        """No answer came (`status` None), or one whose content is over `max_answer`."""
        return hot.give_up(self._handle, signed, status)  # type: ignore[no-any-return]

    def call(
        self,
        method: str,
        authority: str,
        target: str,
        body: bytes | None = None,
        *,
        headers: Iterable[Pair] = (),
        repeatable: bool = False,
        trust_clock: bool = False,
        verify_first: bool = False,
        stream: bool = False,
    ) -> Call:
        """The loop over `sign` and `accept` for one request; covered headers are taken from `headers`."""
        options = repeatable | trust_clock << 1 | verify_first << 2 | stream << 4
        return Call(self, method, authority, target, self.request_ext(headers), body, options)

    def request_ext(self, headers: Iterable[Pair]) -> bytes:
        """ext of a request's headers by the configured list."""
        if not self._covers:
            return b""
        with speaking():
            return bytes(self._native.pack_request_ext(_door.pack_headers(headers)))

    def drops_from_probe(self, name: str) -> bool:
        """Whether a probe leaves the header of that name out."""
        return bool(_door.lib.oscar_client_drops_from_probe(self._handle, name.encode(), len(name.encode())))

    # ---- the rest ----

    @property
    def kid(self) -> bytes:
        return bytes(self._native.kid())

    @property
    def offset_ms(self) -> int | None:
        """How far the service's clock is ahead, as far as answers have told."""
        offset: int | None = self._native.offset_ms()
        return offset

    def hand_out(self, ttl_s: int = 600, *, now_ms: int | None = None) -> Session:
        """A session for one browser or worker, to be used by nobody else."""
        with speaking():
            made: Session = Session._of(self._native.hand_out(ttl_s, wall(now_ms)))
        return made

    def export_state(self) -> str:
        """Clock and newest grant of every audience, for another process of the same client. It holds no key."""
        return str(self._native.export_state())

    def import_state(self, text: str) -> None:
        """Takes over what `export_state` wrote."""
        with speaking():
            self._native.import_state(text)

    def mint_message(
        self, destination: str, type: str, body: bytes = b"", *, ttl_s: int = 3600, ext: bytes = b"", now_ms: int | None = None
    ) -> SignedMessage:
        """Signs a message for a queue; its `toki` goes into the header oscartoki."""
        with speaking():
            return SignedMessage(self._native.mint_message(message(destination, type, ext, body), ttl_s, wall(now_ms)))

    def sign_url(
        self, authority: str, target: str, *, exp_ms: int | None = None, life_s: int = 3600, method: str = "GET", ext: bytes = b""
    ) -> str:
        """Presigns a target; returns it with its parameter. Good until `exp_ms`, or for `life_s` from now; seven days at most."""
        with speaking():
            until = wall(None) + life_s * 1000 if exp_ms is None else exp_ms
            return str(self._native.sign_url(method, authority, target, ext, until))

    def mint_ticket(self, connection: bytes | str, *, origin: str | None = None, now_ms: int | None = None) -> str:
        """The ticket that opens one websocket, for the first frame."""
        with speaking():
            return str(self._native.mint_ticket(_door.as_bytes(connection), origin, wall(now_ms)))

    # ---- adapters ----

    def httpx_auth(self, **options: bool) -> httpx.Auth:
        """`httpx.get(url, auth=client.httpx_auth())`, also of an AsyncClient. Options as of `call`."""
        from ._httpx import Auth

        return Auth(self, options)

    def httpx_transport(self, transport: httpx.BaseTransport | None = None, **options: bool) -> httpx.BaseTransport:
        """A transport that signs each hop, so that redirects may be followed."""
        from ._httpx import Transport

        return Transport(self, transport, options)

    def requests_session(self, **options: bool) -> requests.Session:
        """A `requests.Session` that signs and accepts. Redirects are not followed."""
        from ._requests import Session as RequestsSession

        return RequestsSession(self, options)

    def __repr__(self) -> str:
        return f"Client(kid {self.kid.hex()})"

    def __reduce__(self) -> Any:
        raise TypeError("a Client holds key material and is not pickled")


class Step:
    """What the owner of a call does next: send (`kind` "send"), or it ended ("done", "failed") with `outcome`."""

    __slots__ = ("kind", "method", "headers", "is_probe", "outcome", "requests", "probed", "resent", "in_session")

    def __init__(self, struct: Any) -> None:
        self.kind = ("send", "done", "failed")[struct.kind]
        self.method = bytes(struct.method).decode()
        self.is_probe = bool(struct.headers.probe)
        self.headers: dict[str, str] = {}
        if self.kind == "send":
            named = {"oscartoki": struct.headers.toki, "oscartokikey": struct.headers.grant, "content-digest": struct.content_digest}
            self.headers = {name: bytes(field).decode() for name, field in named.items() if field}
        self.requests, self.probed, self.resent = int(struct.requests), bool(struct.probed), bool(struct.resent)
        self.in_session = bool(struct.in_session)
        self.outcome: Outcome = _outcome(struct.outcome)


def _outcome(struct: Any) -> Outcome:
    """An outcome out of a step, as the class that ctypes makes; it has the same fields."""
    outcome = CallOutcome()
    outcome._struct = struct
    return cast(Outcome, outcome)


class CallOutcome(_door.Outcome):
    """`Outcome` of a call."""

    __slots__ = ()
    error = Outcome.error
    name = Outcome.name
    grant_error = Outcome.grant_error
    raise_for_refusal = Outcome.raise_for_refusal
    __repr__ = Outcome.__repr__


class Call:
    """One request on its way, without a socket: probe, request, resend. `while (step := call.next()).kind == "send": …send, then received()`."""

    __slots__ = ("_handle", "client")

    def __init__(self, client: Client, method: str, authority: str, target: str, ext: bytes, body: bytes | None, options: int) -> None:
        self._handle = 0
        self.client = client
        handle = c_int64()
        try:
            packed = _door.pack(method, authority, target, ext, None)
        except OverflowError:
            raise error_of(_door.UNSIGNABLE, may_have_run=False) from None
        content = body or b""
        status = _door.lib.oscar_call_new(client._handle, packed, len(packed), content, len(content), options, byref(handle))
        if status:
            raise error_of(status, detail=_door.detail(), may_have_run=False)
        self._handle = handle.value

    def next(self, *, now_ms: int | None = None, mono_ms: int | None = None) -> Step:
        """The next step."""
        struct = _door._StepStruct()
        status = _door.lib.oscar_call_next(self._handle, wall(now_ms), mono(mono_ms), byref(struct))
        if status:
            raise error_of(status, detail=_door.detail())
        return Step(struct)

    def received(
        self, status: int, headers: Iterable[Pair], body: bytes, *, received_ms: int | None = None, mono_ms: int | None = None
    ) -> None:
        """The answer came; the clocks are those when its head did."""
        try:
            head = status.to_bytes(2, "big") + _door.pack_headers(headers)
        except OverflowError:
            head = b""
        _door.lib.oscar_call_received(self._handle, head, len(head), body, len(body), wall(received_ms), mono(mono_ms))

    def too_large(self, status: int) -> None:
        """An answer came whose content is over the client's limit."""
        _door.lib.oscar_call_too_large(self._handle, status)

    def failed(self) -> None:
        """No answer came: a network failure."""
        _door.lib.oscar_call_failed(self._handle)

    def __del__(self) -> None:
        _door.lib.oscar_call_free(getattr(self, "_handle", 0))


def wall(now_ms: int | None) -> int:
    return time.time_ns() // 1_000_000 if now_ms is None else now_ms


def mono(now_ms: int | None) -> int:
    return time.monotonic_ns() // 1_000_000 if now_ms is None else now_ms


def secret_from(path: str | os.PathLike[str]) -> str:
    """The key text in a file: its one line that is neither blank nor a comment."""
    with open(path, encoding="utf-8") as lines:
        texts = [line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#")]
    if len(texts) != 1:
        raise ValueError(f"{os.fspath(path)}: one key text is needed, {len(texts)} were found")
    return texts[0]
