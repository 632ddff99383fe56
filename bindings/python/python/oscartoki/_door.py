"""The C door by ctypes: the same calls and base classes as the extension `_fast`, for where that is not to be had, and the deterministic
calls, which only exist there. A call answers with an object, or with the status (an int) that refused it."""

from __future__ import annotations

import ctypes
import sys
import time
from collections.abc import Iterable
from ctypes import POINTER, byref, c_char, c_char_p, c_int32, c_int64, c_size_t, c_ubyte, c_uint8, c_uint32, create_string_buffer
from pathlib import Path
from typing import Any, Union

Field = Union[str, bytes, None]

_NAME = {"darwin": "liboscartoki.dylib", "win32": "oscartoki.dll"}.get(sys.platform, "liboscartoki.so")
lib = ctypes.CDLL(str(Path(__file__).parent / "_native" / _NAME))
ABI_VERSION = 1

MALFORMED, UNSIGNABLE, BAD_PACKED = 1, 3, 68


class _SignedStruct(ctypes.Structure):
    _fields_ = [("toki", c_char * 59), ("grant", c_char * 48), ("probe", c_uint8)]


class _OutcomeStruct(ctypes.Structure):
    _fields_ = [
        ("status", c_int32),
        ("grant_error", c_int32),
        ("code", c_int32),
        ("http_status", c_int32),
        ("offset_ms", c_int64),
        ("sid", c_ubyte * 8),
        ("may_have_run", c_uint8),
        ("authentic", c_uint8),
        ("resend", c_uint8),
        ("adopted", c_uint8),
        ("has_offset", c_uint8),
        ("content_authentic", c_uint8),
        ("probe", c_uint8),
    ]


class _VerdictStruct(ctypes.Structure):
    _fields_ = [
        ("status", c_int32),
        ("code", c_int32),
        ("http_status", c_int32),
        ("www_authenticate", c_uint8),
        ("in_session", c_uint8),
        ("want", c_uint8),
        ("version", c_uint8),
        ("context", c_int64),
        ("ts_ms", c_int64),
        ("kid", c_ubyte * 8),
        ("sid", c_ubyte * 8),
        ("nonce", c_ubyte * 8),
        ("authority", c_char * 256),
    ]


class _StepStruct(ctypes.Structure):
    _fields_ = [
        ("kind", c_uint32),
        ("method", c_char * 33),
        ("content_digest", c_char * 56),
        ("headers", _SignedStruct),
        ("outcome", _OutcomeStruct),
        ("requests", c_uint32),
        ("probed", c_uint8),
        ("resent", c_uint8),
        ("in_session", c_uint8),
    ]


class _MessageStruct(ctypes.Structure):
    _fields_ = [
        ("ts_ms", c_int64),
        ("ttl_s", c_int64),
        ("kid", c_ubyte * 8),
        ("nonce", c_ubyte * 8),
        ("context", c_int64),
        ("freshness", c_uint32),
    ]


class _AnsweredStruct(ctypes.Structure):
    _fields_ = [("toki", c_char * 97), ("grant", c_char * 48)]


_H, _S, _N, _T = c_int64, c_char_p, c_size_t, c_int64
_SIGNATURES: dict[str, list[Any]] = {
    "client_sign_packed": [_H, _S, _N, _S, _N, c_uint32, _T, _T, POINTER(_SignedStruct), POINTER(_H)],
    "client_accept_packed": [_H, _H, _S, _N, _S, _N, _T, _T, POINTER(_OutcomeStruct)],
    "client_accept_head": [_H, _H, _S, _N, _S, _N, _T, _T, POINTER(_OutcomeStruct)],
    "client_accept_too_large": [_H, _H, ctypes.c_uint16, POINTER(_OutcomeStruct)],
    "client_accept_none": [_H, _H, POINTER(_OutcomeStruct)],
    "service_verify_message": [_H, _S, _N, _S, _N, _H, _T, _T, POINTER(_MessageStruct)],
    "message_reply": [_H, _S, _N, _S, _N, _T, _S, _N],
    "message_free": [_H],
    "message_memory_free": [_H],
    "call_new": [_H, _S, _N, _S, _N, c_uint32, POINTER(_H)],
    "call_next": [_H, _T, _T, POINTER(_StepStruct)],
    "call_received": [_H, _S, _N, _S, _N, _T, _T],
    "call_too_large": [_H, ctypes.c_uint16],
    "call_failed": [_H],
    "call_free": [_H],
    "client_drops_from_probe": [_H, _S, _N],
    "sign_context_free": [_H],
    "client_free": [_H],
    "service_free": [_H],
    "service_verify_packed": [_H, _S, _N, _S, _N, _T, POINTER(_VerdictStruct)],
    "service_verify_head": [_H, _S, _N, _S, _N, _T, POINTER(_VerdictStruct)],
    "service_wants_body": [_H, _S, _N],
    "service_finish": [_H, _S, _N, _S, POINTER(_VerdictStruct)],
    "service_too_large": [_H, POINTER(_VerdictStruct)],
    "service_handshake": [_H, _S, _N, _S, _N],
    "service_answer_packed": [_H, _H, _S, _N, _S, _N, _T, POINTER(_AnsweredStruct)],
    "service_answer_head": [_H, _H, _S, _N, _S, _N, _T, POINTER(_AnsweredStruct)],
    "verdict_free": [_H],
    "ring_files_refresh": [_H],
    "ring_files_free": [_H],
    "hazmat_mint_request": [_S, _N, _S, _N, _S, _N, _S, _N, _T, _S, c_uint8, _S, _N],
    "hazmat_client_sign": [_H, _S, _N, _S, _N, c_uint32, _T, _T, _S, POINTER(_SignedStruct), POINTER(_H)],
    "hazmat_mint_grant": [_S, _N, _S, _N, _S, _T, _T, _S, _N],
    "hazmat_mint_answer": [_S, _N, _S, _N, _S, _N, c_int32, _T, _S, _N, _S, _N, _S, _N],
    "hazmat_accept": [_S, _N, _S, _N, _S, _N, _S, _N, _S, _N, POINTER(_OutcomeStruct)],
    "hazmat_mint_message": [_S, _N, _S, _N, _S, _N, _T, _S, _T, _S, _N],
    "hazmat_mint_url": [_S, _N, _S, _N, _T, _S, _N],
    "hazmat_mint_ticket": [_S, _N, _S, _N, _S, _N, _T, _S, _S, _N],
    "audience_key_read": [_S, _N, _S, _S],
    "answer_toki_parse": [_S, _N, _S],
    "content_digest_parse": [_S, _N, _S],
    "content_digest_format": [_S, _S, _N],
    "authority_normalise": [_S, _N, _S, _N],
    "tcx_datetime": [_T, _S, _N],
    "abi_version": [],
}
for _name, _types in _SIGNATURES.items():
    _function = getattr(lib, "oscar_" + _name)
    _function.argtypes = _types
    _function.restype = c_int32
lib.oscar_error_name.argtypes = [c_int32]
lib.oscar_error_name.restype = c_char_p
lib.oscar_status_message.argtypes = [c_int32]
lib.oscar_status_message.restype = c_char_p
lib.oscar_last_detail.restype = c_char_p


def as_bytes(field: Field) -> bytes:
    if field is None:
        return b""
    if isinstance(field, bytes):
        return field
    if not isinstance(field, str):
        raise TypeError(f"a field is str, bytes or None, not {type(field).__name__}")
    return field.encode()


def lp(field: bytes) -> bytes:
    """`lp(field)`; a field that is too long raises OverflowError."""
    return len(field).to_bytes(2, "big") + field


def pack(*fields: Field) -> bytes:
    return b"".join(lp(as_bytes(field)) for field in fields)


def pack_headers(headers: Iterable[tuple[Field, Field]]) -> bytes:
    return b"".join(pack(name, field) for name, field in headers)


def _be16(status: int) -> bytes:
    return status.to_bytes(2, "big")


def _proofs(toki: Field, grant: Field) -> bytes:
    return b"" if toki is None else pack(toki) if grant is None else pack(toki, grant)


def int64(number: int) -> int:
    """ctypes would cut a number that does not fit."""
    if not -(1 << 63) <= number < 1 << 63:
        raise OverflowError("a number beyond 64 bits")
    return number


def _wall(now: int | None) -> int:
    return time.time_ns() // 1_000_000 if now is None else int64(now)


def _mono(now: int | None) -> int:
    return time.monotonic_ns() // 1_000_000 if now is None else int64(now)


class Signed:
    """One signed request, or the probe that must go first."""

    __slots__ = ("_struct", "_context")
    _struct: _SignedStruct
    _context: int

    @property
    def toki(self) -> str:
        return bytes(self._struct.toki).decode()

    @property
    def grant(self) -> str | None:
        return bytes(self._struct.grant).decode() or None

    @property
    def is_probe(self) -> bool:
        return bool(self._struct.probe)

    @property
    def in_session(self) -> bool:
        return bool(self._struct.grant)

    def __del__(self) -> None:
        lib.oscar_sign_context_free(getattr(self, "_context", 0))


class Outcome:
    """What became of a request."""

    __slots__ = ("_struct",)
    _struct: _OutcomeStruct

    @property
    def error_status(self) -> int:
        return int(self._struct.status)

    @property
    def grant_status(self) -> int:
        return int(self._struct.grant_error)

    @property
    def code(self) -> int | None:
        return None if self._struct.code < 0 else int(self._struct.code)

    @property
    def status(self) -> int | None:
        return None if self._struct.http_status < 0 else int(self._struct.http_status)

    @property
    def offset_ms(self) -> int | None:
        return int(self._struct.offset_ms) if self._struct.has_offset else None

    @property
    def adopted_sid(self) -> bytes | None:
        return bytes(self._struct.sid) if self._struct.adopted else None

    @property
    def may_have_run(self) -> bool:
        return bool(self._struct.may_have_run)

    @property
    def signed(self) -> bool:
        return bool(self._struct.authentic)

    @property
    def resend(self) -> bool:
        return bool(self._struct.resend)

    @property
    def content_authentic(self) -> bool:
        return bool(self._struct.content_authentic)

    @property
    def is_probe(self) -> bool:
        return bool(self._struct.probe)


class Verdict:
    """What a service says to a request."""

    __slots__ = ("_struct",)
    _struct: _VerdictStruct

    @property
    def error_status(self) -> int:
        return int(self._struct.status)

    @property
    def code(self) -> int | None:
        return None if self._struct.code < 0 else int(self._struct.code)

    @property
    def status(self) -> int:
        return int(self._struct.http_status)

    @property
    def www_authenticate(self) -> bool:
        return bool(self._struct.www_authenticate)

    @property
    def signed(self) -> bool:
        return bool(self._struct.code >= 0)

    @property
    def ts_ms(self) -> int:
        return int(self._struct.ts_ms)

    @property
    def kid(self) -> bytes:
        return bytes(self._struct.kid)

    @property
    def sid(self) -> bytes | None:
        return bytes(self._struct.sid) if self._struct.in_session else None

    @property
    def nonce(self) -> bytes:
        return bytes(self._struct.nonce)

    @property
    def want(self) -> bool:
        return bool(self._struct.want)

    @property
    def version(self) -> int:
        return int(self._struct.version)

    @property
    def authority(self) -> str:
        return bytes(self._struct.authority).decode()

    def __del__(self) -> None:
        lib.oscar_verdict_free(self._struct.context)


_signed_class: type[Signed] = Signed
_outcome_class: type[Outcome] = Outcome
_verdict_classes: tuple[type[Verdict], ...] = (Verdict,) * 4
PENDING, HANDSHAKE = 64, 72


def use(signed: type[Signed], outcome: type[Outcome], *verdicts: type[Verdict]) -> None:
    """The classes that results are made of; of a verdict: verified, pending, handshake, refusal."""
    global _signed_class, _outcome_class, _verdict_classes
    _signed_class, _outcome_class, _verdict_classes = signed, outcome, verdicts


def detail() -> str:
    text: bytes = lib.oscar_last_detail()
    return text.decode()


def _judged(struct: _VerdictStruct) -> Verdict:
    verdict = _verdict_classes[{0: 0, PENDING: 1, HANDSHAKE: 2}.get(struct.status, 3)]()
    verdict._struct = struct
    return verdict


def _weighed(struct: _OutcomeStruct) -> Outcome:
    outcome = _outcome_class()
    outcome._struct = struct
    return outcome


def sign(
    client: int, method: str, authority: str, target: str, ext: Field, digest: Field, body: Field, options: int,
    now: int | None, mono: int | None, nonce: bytes | None = None,
) -> Signed | int:  # fmt: skip
    try:
        packed = pack(method, authority, target, ext, digest)
    except OverflowError:
        return UNSIGNABLE
    content, struct, context = as_bytes(body), _SignedStruct(), c_int64()
    clocks = (_wall(now), _mono(mono))
    if nonce is None:
        status: int = lib.oscar_client_sign_packed(
            client, packed, len(packed), content, len(content), options, *clocks, byref(struct), byref(context)
        )
    else:
        status = lib.oscar_hazmat_client_sign(
            client, packed, len(packed), content, len(content), options, *clocks, nonce, byref(struct), byref(context)
        )
    if status:
        return status
    signed = _signed_class()
    signed._struct, signed._context = struct, context.value
    return signed


def _context_of(signed: Any) -> int:
    return int(signed._context)


def accept(
    client: int, signed: Any, status: int, ext: Field, digest: Field, toki: Field, grant: Field, body: Field,
    now: int | None, mono: int | None,
) -> Outcome:  # fmt: skip
    try:
        packed = _be16(status) + pack(ext, digest) + _proofs(toki, grant)
    except OverflowError:
        packed = b""
    content, struct = as_bytes(body), _OutcomeStruct()
    got = lib.oscar_client_accept_packed(
        client, _context_of(signed), packed, len(packed), content, len(content), _wall(now), _mono(mono), byref(struct)
    )
    if got == BAD_PACKED and not packed:
        struct.status = MALFORMED
    return _weighed(struct)


def accept_head(
    client: int, signed: Any, status: int, headers: Iterable[tuple[Field, Field]], body: Field, now: int | None, mono: int | None
) -> Outcome:
    try:
        packed = _be16(status) + pack_headers(headers)
    except OverflowError:
        packed = b""
    content, struct = as_bytes(body), _OutcomeStruct()
    got = lib.oscar_client_accept_head(
        client, _context_of(signed), packed, len(packed), content, len(content), _wall(now), _mono(mono), byref(struct)
    )
    if got == BAD_PACKED and not packed:
        struct.status = MALFORMED
    return _weighed(struct)


def give_up(client: int, signed: Any, status: int | None) -> Outcome:
    struct = _OutcomeStruct()
    if status is None:
        lib.oscar_client_accept_none(client, _context_of(signed), byref(struct))
    else:
        lib.oscar_client_accept_too_large(client, _context_of(signed), status & 0xFFFF, byref(struct))
    return _weighed(struct)


def verify(
    service: int, method: Field, authority: Field, target: Field, ext: Field, digest: Field, toki: Field, grant: Field, body: Field,
    now: int | None,
) -> Verdict:  # fmt: skip
    try:
        packed = pack(method, authority, target, ext, digest) + _proofs(toki, grant)
    except OverflowError:
        packed = b""
    content, struct = as_bytes(body), _VerdictStruct()
    got = lib.oscar_service_verify_packed(service, packed, len(packed), content, len(content), _wall(now), byref(struct))
    if got == BAD_PACKED and not packed:
        struct.status, struct.http_status = MALFORMED, 400
    return _judged(struct)


def verify_head(
    service: int, method: Field, authority: Field, target: Field, headers: Iterable[tuple[Field, Field]], body: Field, now: int | None
) -> Verdict:
    try:
        packed = pack(method, authority, target) + pack_headers(headers)
    except OverflowError:
        packed = b""
    content, struct = as_bytes(body), _VerdictStruct()
    got = lib.oscar_service_verify_head(service, packed, len(packed), content, len(content), _wall(now), byref(struct))
    if got == BAD_PACKED and not packed:
        struct.status, struct.http_status = MALFORMED, 400
    return _judged(struct)


def wants_body(service: int, method: Field, authority: Field, target: Field, headers: Iterable[tuple[Field, Field]]) -> bool:
    try:
        packed = pack(method, authority, target) + pack_headers(headers)
    except OverflowError:
        return False
    return bool(lib.oscar_service_wants_body(service, packed, len(packed)))


def finish(verdict: Any, body: Field, digest: bytes | None) -> Verdict | int:
    if digest is not None and len(digest) != 32:
        return MALFORMED
    content, struct = as_bytes(body), _VerdictStruct()
    lib.oscar_service_finish(verdict._struct.context, content, len(content), digest, byref(struct))
    return _judged(struct)


def too_large(verdict: Any) -> Verdict:
    struct = _VerdictStruct()
    lib.oscar_service_too_large(verdict._struct.context, byref(struct))
    return _judged(struct)


def _answered(struct: _AnsweredStruct) -> tuple[str, str | None]:
    return bytes(struct.toki).decode(), bytes(struct.grant).decode() or None


def answer(
    service: int, verdict: Any, status: int, ext: Field, digest: Field, body: Field, now: int | None
) -> tuple[str, str | None] | int:
    try:
        packed = _be16(status) + pack(ext, digest)
    except OverflowError:
        return UNSIGNABLE
    content, struct = as_bytes(body), _AnsweredStruct()
    got: int = lib.oscar_service_answer_packed(
        service, verdict._struct.context, packed, len(packed), content, len(content), _wall(now), byref(struct)
    )
    return got or _answered(struct)


def answer_head(
    service: int, verdict: Any, status: int, headers: Iterable[tuple[Field, Field]], body: Field, now: int | None
) -> tuple[str, str | None] | int:
    try:
        packed = _be16(status) + pack_headers(headers)
    except OverflowError:
        return UNSIGNABLE
    content, struct = as_bytes(body), _AnsweredStruct()
    got: int = lib.oscar_service_answer_head(
        service, verdict._struct.context, packed, len(packed), content, len(content), _wall(now), byref(struct)
    )
    return got or _answered(struct)


def handshake(verdict: Any) -> tuple[str, str] | int:
    toki, body = create_string_buffer(97), create_string_buffer(192)
    got: int = lib.oscar_service_handshake(verdict._struct.context, toki, len(toki), body, len(body))
    return got or (toki.value.decode(), body.value.decode())
