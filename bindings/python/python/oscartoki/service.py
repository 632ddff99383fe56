"""The side that is asked: `Service.verify` says whether a request may run, `answer` mints the headers of what it is answered."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from . import _door
from ._files import RingFiles
from ._hot import hot
from ._native import oscartoki as native
from ._native import oscartoki_bridge as bridge
from .carried import MessageMemory, VerifiedMessage, VerifiedTicket, VerifiedUrl, verify_message
from .client import Outcome, Pair, SignedRequest, wall
from .errors import OscarError, error_of, name_of, refused
from .keys import AudienceKey, Keyring, speaking
from .memory import MappedReplayLog, RedisReplayLog, ReplayLog

if TYPE_CHECKING:

    class _VerdictBase(_door.Verdict): ...
else:
    _VerdictBase = hot.Verdict


class Verdict(_VerdictBase):
    """What a service says to a request: `VerifiedRequest`, `PendingBody`, `Refusal` or, of OscarToki v1, `Handshake`."""

    __slots__ = ()
    accepted = False

    @property
    def error(self) -> OscarError | None:
        """Why it is refused."""
        return None

    def raise_for_refusal(self) -> None:
        error = self.error
        if error is not None:
            raise error


class VerifiedRequest(Verdict):
    """Authentic, fresh and allowed: it may run. `kid`, `sid` (in a session), `authority`, `ts_ms`, `nonce`, `want`, `version`."""

    __slots__ = ()
    accepted = True

    def __repr__(self) -> str:
        sid = self.sid
        return f"VerifiedRequest(kid {self.kid.hex()}{', sid ' + sid.hex() if sid else ''}, {self.authority})"


class PendingBody(Verdict):
    """As good, but for its content, which Content-Digest named: read it, then `finish`."""

    __slots__ = ()

    def finish(self, body: bytes | None = None, *, digest: bytes | None = None) -> Verdict:
        """Compares what arrived, or its SHA-256, with what was signed."""
        verdict = hot.finish(self, body, digest)
        if isinstance(verdict, int):
            raise error_of(verdict)
        return verdict  # type: ignore[no-any-return]

    def too_large(self) -> Refusal:
        """The body is over the limit."""
        return hot.too_large(self)  # type: ignore[no-any-return]

    def __repr__(self) -> str:
        return f"PendingBody(kid {self.kid.hex()})"


class Handshake(Verdict):
    """The first step of OscarToki v1: nothing runs, `reply` is its answer."""

    __slots__ = ()

    def reply(self) -> tuple[str, str]:
        """The header oscartoki and the JSON body, once."""
        both = hot.handshake(self)
        if isinstance(both, int):
            raise refused(both)
        return both  # type: ignore[no-any-return]


class Refusal(Verdict):
    """It must not run. Signed (`code`) where its MAC was good, else it names itself in the header oscartoki-error."""

    __slots__ = ()

    @property
    def name(self) -> str:
        return name_of(self.error_status)

    @property
    def error(self) -> OscarError:
        return error_of(self.error_status, http=self.status, signed=self.signed)

    def __repr__(self) -> str:
        return f"Refusal({self.name}, status {self.status}, {'signed' if self.signed else 'unsigned'})"


hot.use(SignedRequest, Outcome, VerifiedRequest, PendingBody, Handshake, Refusal)


class Service:
    """One service: its names (`authorities`), its keys, its replay memory. Thread-safe; the processes of one machine share a mapped memory.

    `keys` are `oa2.` texts or lines of a key file; `keys_file` and `revocations_file` are followed: a change is in force within two seconds, in every process.
    Without `memory`, a mapped file of this user is used (`MappedReplayLog.default_path`). `first_start`: no earlier process accepted these keys;
    for tests and snippets. Without `audience`, the first name is it.
    """

    def __init__(
        self,
        keys: Iterable[AudienceKey | str] = (),
        authorities: Sequence[str] = (),
        *,
        audience: str | None = None,
        keyring: Keyring | None = None,
        keys_file: str | os.PathLike[str] | Sequence[str | os.PathLike[str]] | None = None,
        revocations_file: str | os.PathLike[str] | None = None,
        memory: ReplayLog | str | os.PathLike[str] | None = None,
        first_start: bool = False,
        fixed_authority: str | None = None,
        window_ms: int = 30_000,
        max_ttl_s: int = 600,
        grant_ttl_s: int = 600,
        ext: Sequence[str] = (),
        answer_ext: Sequence[str] = (),
        max_body: int = 1 << 20,
        max_answer: int = 1 << 20,
        empty_query_hidden: bool = True,
        now_ms: int | None = None,
    ) -> None:
        names = [authorities] if isinstance(authorities, str) else list(authorities)
        if keyring is None:
            named = audience or (normalise_authority((names + [fixed_authority or ""])[0]))
            keyring = Keyring(named)
        self._keyring = keyring
        self.max_body, self.max_answer = max_body, max_answer
        self._covers, self._covers_answers = bool(ext), bool(answer_ext)
        given = [keys] if isinstance(keys, str) else list(keys)
        for key in given:
            keyring.add(key)
        files = [] if keys_file is None else [keys_file] if isinstance(keys_file, (str, os.PathLike)) else list(keys_file)
        self._files: RingFiles | None = None
        if files or revocations_file is not None:
            # Keys that stand in no file go on beside those that do.
            fixed = "\n".join(key.to_text() if isinstance(key, AudienceKey) else key for key in given) if files else ""
            revocations = None if revocations_file is None else os.fspath(revocations_file)
            self._files = RingFiles(keyring._native, [os.fspath(path) for path in files], fixed, revocations)
        if memory is None:
            memory = MappedReplayLog(MappedReplayLog.default_path(keyring.audience, keyring.kids))
        elif isinstance(memory, str) and memory.startswith(("redis://", "redis+unix://")):
            memory = RedisReplayLog(memory, keyring.audience)
        elif not isinstance(memory, ReplayLog):
            memory = MappedReplayLog(memory)
        self.memory = memory
        config = native.ServiceConfig(
            authorities=names, fixed_authority=fixed_authority, window_ms=window_ms, max_ttl_s=max_ttl_s, grant_ttl_s=grant_ttl_s,
            ext=list(ext), answer_ext=list(answer_ext), first_start=first_start, max_body=max_body, max_answer=max_answer,
            empty_query_hidden=empty_query_hidden,
        )  # fmt: skip
        with speaking():
            self._native = native.Service.with_memory(config, keyring._native, memory._native, wall(now_ms))
        self._handle: int = bridge.c_ref_service(self._native)

    def __del__(self) -> None:
        _door.lib.oscar_service_free(getattr(self, "_handle", 0))

    def _fresh(self) -> None:
        if self._files is not None:
            self._files.refresh()

    @property
    def keyring(self) -> Keyring:
        """Its keys, as its files say now."""
        self._fresh()
        return self._keyring

    # ---- the primitives ----

    def verify(
        self,
        method: str,
        authority: str,
        target: str,
        toki: str | bytes | None,
        grant: str | bytes | None = None,
        body: bytes | None = None,
        *,
        ext: bytes | None = None,
        digest: bytes | None = None,
        now_ms: int | None = None,
    ) -> Verdict:
        """Judges one request by its fields. A `digest` stands for Content-Digest and makes the verdict pending."""
        self._fresh()
        return hot.verify(self._handle, method, authority, target, ext, digest, toki, grant, body, now_ms)  # type: ignore[no-any-return]

    def verify_head(
        self,
        method: str,
        target: str | bytes,
        headers: Iterable[Pair],
        body: bytes | None = None,
        *,
        authority: str | None = None,
        now_ms: int | None = None,
    ) -> Verdict:
        """Judges one request by its raw head: what layers call. `authority` is HTTP/2's, where there is one; Host is among the headers."""
        self._fresh()
        return hot.verify_head(self._handle, method, authority, target, headers, body, now_ms)  # type: ignore[no-any-return]

    def wants_body(self, method: str, target: str | bytes, headers: Iterable[Pair], *, authority: str | None = None) -> bool:
        """Whether the body is to be read, at most `max_body` bytes and one more, before `verify_head`."""
        return bool(hot.wants_body(self._handle, method, authority, target, headers))

    def answer(
        self,
        verdict: Verdict,
        status: int,
        body: bytes | None = None,
        *,
        ext: bytes | None = None,
        digest: bytes | None = None,
        now_ms: int | None = None,
    ) -> tuple[str, str | None]:
        """Mints the headers oscartoki and oscartokikey (None: not sent) of the answer, once; the second time is `replayed`."""
        both = hot.answer(self._handle, verdict, status, ext, digest, body, now_ms)
        if isinstance(both, int):
            raise refused(both)
        return both  # type: ignore[no-any-return]

    def answer_head(
        self, verdict: Verdict, status: int, headers: Iterable[Pair], body: bytes | None = None, *, now_ms: int | None = None
    ) -> tuple[str, str | None]:
        """`answer` from the answer's head, whose configured headers are covered. No body: a stream, which is then not covered."""
        both = hot.answer_head(self._handle, verdict, status, headers, body, now_ms)
        if isinstance(both, int):
            raise refused(both)
        return both  # type: ignore[no-any-return]

    # ---- what travels elsewhere ----

    def verify_message(
        self,
        destination: str,
        type: str,
        body: bytes,
        toki: str | None,
        *,
        ext: bytes = b"",
        digest: bytes | None = None,
        memory: MessageMemory | None = None,
        max_ttl_s: int = 86_400,
        now_ms: int | None = None,
    ) -> VerifiedMessage:
        """Verifies a message of a queue; `digest` stands for the body."""
        self._fresh()
        return verify_message(self._handle, destination, type, ext, digest, body, toki, memory, max_ttl_s, wall(now_ms))

    def verify_url(
        self, method: str, authority: str, target: str, *, ext: bytes = b"", has_toki: bool = False, now_ms: int | None = None
    ) -> VerifiedUrl:
        """Verifies a presigned target, given with its parameter. `has_toki`: the request has a header oscartoki too, which is malformed."""
        self._fresh()
        with speaking():
            made = self._native.verify_url(method, authority, target, ext, has_toki, wall(now_ms))
        return VerifiedUrl(bytes(made.kid), int(made.exp_ms), str(made.target))

    def verify_ticket(
        self, ticket: str | None, *, origin: str | None = None, require_origin: bool = False, now_ms: int | None = None
    ) -> VerifiedTicket:
        """Verifies a websocket ticket and spends it."""
        self._fresh()
        with speaking():
            made = self._native.verify_ticket(ticket, origin, require_origin, wall(now_ms))
        return VerifiedTicket(bytes(made.kid), bytes(made.connection), int(made.ts_ms), bool(made.origin_bound))

    # ---- revoking ----

    def revoke_key(self, kid: bytes) -> None:
        """Revokes a kid: in this process at once and, through the revocations file, in every other within two seconds."""
        self._file(self.keyring.revoke_key(kid))

    def revoke_session(self, kid: bytes, sid: bytes) -> None:
        """Revokes one session of a kid."""
        self._file(self.keyring.revoke_session(kid, sid))

    def revoke_issued_before(self, kid: bytes, before_s: int) -> None:
        """Revokes the sessions of a kid that were issued before a second of the epoch."""
        self._file(self.keyring.revoke_issued_before(kid, before_s))

    def _file(self, line: str) -> None:
        if self._files is not None:
            self._files.append(line)

    # ---- its state ----

    @property
    def ready_at_ms(self) -> int:
        """When it is ready; before that, everything is refused as stale."""
        return int(self._native.ready_at())

    @property
    def floor_ms(self) -> int:
        """At and below this time nothing is accepted."""
        return int(self._native.floor_ms())

    def counters(self) -> dict[str, int]:
        """What happened so far: accepted, unremembered, v1_accepted, and refusals by name."""
        made = self._native.counters()
        named = {"accepted": made.accepted, "unremembered": made.unremembered, "v1_accepted": made.v1_accepted}
        return {**named, **{f"refused_{name}": int(count) for name, count in made.refused.items()}}

    def __repr__(self) -> str:
        return f"Service({self.keyring.audience}, {len(self.keyring.kids)} keys)"


def normalise_authority(name: str) -> str:
    """A to Z folded, one trailing :80 or :443 removed."""
    from ctypes import create_string_buffer

    out = create_string_buffer(256)
    status = _door.lib.oscar_authority_normalise(name.encode(), len(name.encode()), out, len(out))
    if status:
        raise error_of(status, detail=_door.detail())
    return out.value.decode()


def explain(
    keys: dict[str, AudienceKey], method: str, authority: str, target: str, toki: str, grant: str | None = None,
    body: bytes = b"", *, ext: bytes = b"",
) -> str | None:  # fmt: skip
    """For development: what altered a request whose MAC does not fit, or None. `keys` by a label each, the service's own first."""
    request: Any = native.Request(verb=method, authority=authority, target=target, ext=ext, content=body, content_digest=None)
    with speaking():
        found: str | None = native.explain_request(list(keys), [key._native for key in keys.values()], request, toki, grant)
    return found
