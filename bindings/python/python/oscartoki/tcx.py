"""TCX: a client in the place of the original, and the passes, headers and verdicts by themselves.

    client = tcx.Client(app_id, app_secret, app_public, token_type="TWTC")
    headers = client.headers(params, access=client.fetch_access("https://api.example.com"))
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from ctypes import create_string_buffer
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from . import _door
from ._native import oscartoki as native
from .client import wall
from .errors import Expired, Malformed, Unsignable, error_of
from .keys import speaking

if TYPE_CHECKING:
    import httpx

__all__ = ["Client", "Pass", "Refused", "Step", "Verdict", "VerifiedPass", "datetime", "headers", "verdict"]

_MODES = {"none": native.TcxMode.NONE, "time": native.TcxMode.TIME, "param": native.TcxMode.PARAM}
_DIALECTS = {"documented": native.TcxDialect.DOCUMENTED, "server4": native.TcxDialect.SERVER4}
_TABLES = {"documented": native.TcxTable.DOCUMENTED, "server4": native.TcxTable.SERVER4}
_ROUTES = {"call": native.TcxRoute.CALL, "authorize": native.TcxRoute.AUTHORIZE, "reauthorize": native.TcxRoute.REAUTHORIZE}
_TYPES = {"OWTC": native.TcxType.OWTC, "TWTC": native.TcxType.TWTC, "FTC": native.TcxType.FTC}
_CODES = {code.name: code for code in native.TcxCode}


def _named(names: dict[str, Any], name: str, what: str) -> Any:
    try:
        return names[name]
    except KeyError:
        raise ValueError(f"{what} is {', '.join(names)}") from None


def _type(name: str) -> Any:
    """A type, which is compared without regard to case."""
    try:
        return _TYPES[name.upper()]
    except KeyError:
        raise Unsignable("a type is OWTC, TWTC or FTC", may_have_run=False) from None


def _params(params: Mapping[str, str] | None) -> list[Any]:
    for name, text in (params or {}).items():
        if not isinstance(name, str) or not isinstance(text, str):
            raise Unsignable(f"the parameter {name} is no text", may_have_run=False)
    return [native.TcxParam(name=name, text=text) for name, text in (params or {}).items()]


def datetime(*, now_ms: int | None = None) -> str:
    """Now as `tcx_datetime` has it: 14 digits in UTC."""
    out = create_string_buffer(15)
    status = _door.lib.oscar_tcx_datetime(wall(now_ms), out, len(out))
    if status:
        raise error_of(status, detail=_door.detail())
    return out.value.decode()


def headers(type: str, app_id: str, app_pass: str, token: str | None = None) -> dict[str, str]:
    """The headers of a call of `type` OWTC, TWTC or FTC; `token` is the access token of TWTC, the master key of FTC. Error: unsignable (also a type
    that is none, or a type's missing token)."""
    with speaking():
        return {made.name: made.text for made in native.tcx_headers(_type(type), app_id, app_pass, token)}


@dataclass(frozen=True)
class Verdict:
    """What an authority says to a call, always with HTTP status 200."""

    #: 1 for TCXSSS, else 0.
    status: int
    #: `505003` and the like.
    status_number: str
    #: `TCXPFX` and the like.
    status_code: str
    #: The sentence that goes with it.
    status_message: str

    def to_dict(self) -> dict[str, int | str]:
        """Its members as they travel, for a JSON answer."""
        return dict(vars(self))

    @classmethod
    def _of(cls, made: Any) -> Verdict:
        return cls(made.status, made.status_number, made.status_code, made.status_message)


def verdict(code: str, *, table: str = "documented", route: str = "call") -> Verdict:
    """The verdict of a code such as `TCXPFX`; `table`, documented or server4, says whose numbers; `route` is call, authorize or reauthorize. Error:
    malformed (a code that the route does not give)."""
    of, on = _named(_TABLES, table, "a table"), _named(_ROUTES, route, "a route")
    if code not in _CODES:
        raise Malformed("this is no code of TCX")
    with speaking():
        return Verdict._of(native.tcx_verdict(_CODES[code], of, on))


class Refused(Exception):
    """An authority refused a client's pass; `verdict` is what it said."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(f"{verdict.status_code} ({verdict.status_number}): {verdict.status_message}")
        self.verdict = verdict

    def __reduce__(self) -> Any:
        return type(self), (self.verdict,)


@dataclass(frozen=True)
class VerifiedPass:
    """A pass that was verified: the client token as it was written, the dialect, and, in mode `time`, its time."""

    client_token: str
    dialect: str
    ts_ms: int | None


class Pass:
    """What an `app_pass` covers: the app's public key and, by mode, nothing more (`none`), `tcx_datetime` (`time`) or all parameters of query and
    body (`param`)."""

    __slots__ = ("_native",)

    def __init__(self, app_public: str, *, mode: str = "none", params: Mapping[str, str] | None = None, datetime: str | None = None) -> None:
        chosen = _named(_MODES, mode, "a mode")
        self._native = native.TcxPass(mode=chosen, params=_params(params) if mode == "param" else [], datetime=datetime, app_public=app_public)

    def mint(self, client_token: str, *, dialect: str = "documented") -> str:
        """Mints the `app_pass`; the client token is 1 to 64 visible ASCII characters without colon and capitals, good once. Error: unsignable."""
        form = _named(_DIALECTS, dialect, "a dialect")
        with speaking():
            return str(native.tcx_mint_pass(self._native, client_token, form))

    def verify(self, app_pass: str, *, strict: bool = True, now_ms: int | None = None) -> VerifiedPass:
        """Verifies an `app_pass` in either dialect, without memory: whether it was used before is the caller's to know. Errors, in this order:
        malformed, bad_mac, policy (`strict`: a parameter with `&` or `=`), stale."""
        with speaking():
            found = native.tcx_verify_pass(self._native, app_pass, wall(now_ms), strict)
        dialect = next(name for name, form in _DIALECTS.items() if form == found.dialect)
        return VerifiedPass(found.client_token, dialect, found.ts_ms)

    def __repr__(self) -> str:
        return "tcx.Pass(..)"


@dataclass(frozen=True)
class Step:
    """What a caller who wants the access token does next. `use`: `token` is here; `send`: POST `body`, JSON, to `path`, then tell `received` or
    `failed` of `number`; `wait`: another caller asks, look again in a moment."""

    kind: str
    token: str | None = field(default=None, repr=False)
    number: int | None = None
    path: str | None = None
    body: str | None = field(default=None, repr=False)


class Client:
    """A client of TCX, in the place of the original. It keeps its access token and renews it before it ends, one request for all who wait.
    Thread-safe.

    `token_type` of its calls: OWTC (pass only), TWTC (pass and access token), FTC (pass and `master_key`). `mode` (none, time, param) is what its
    passes cover, `dialect` (documented, server4) how they are hashed. Errors: unsignable, weak_secret (an empty secret or public key).
    """

    __slots__ = ("_native",)

    def __init__(
        self,
        app_id: str,
        app_secret: str,
        app_public: str,
        *,
        token_type: str = "OWTC",
        mode: str = "none",
        dialect: str = "documented",
        master_key: str | None = None,
        debug: bool = False,
    ) -> None:
        kind, covers, form = _type(token_type), _named(_MODES, mode, "a mode"), _named(_DIALECTS, dialect, "a dialect")
        with speaking():
            self._native = native.TcxClient(app_id, app_secret, app_public, kind, covers, form, master_key, debug)

    # ---- what it was made of (the original's getID, getSecret, getPublic, getTokenType, isDebug, getTCXMasterKey) ----

    @property
    def app_id(self) -> str:
        """The app's id."""
        return str(self._native.app_id())

    @property
    def app_secret(self) -> str:
        """The app's secret."""
        return str(self._native.app_secret())

    @property
    def app_public(self) -> str:
        """The app's public key."""
        return str(self._native.app_public())

    @property
    def token_type(self) -> str:
        """The type of its calls: OWTC, TWTC or FTC."""
        return next(name for name, kind in _TYPES.items() if kind == self._native.token_type())

    @property
    def is_debug(self) -> bool:
        """Whether it was made for debugging."""
        return bool(self._native.is_debug())

    @property
    def master_key(self) -> str | None:
        """The master key, where there is one."""
        held: str | None = self._native.master_key()
        return held

    # ---- one call ----

    def pass_(self, params: Mapping[str, str] | None = None, *, datetime: str | None = None) -> str:
        """A fresh pass (`getTCXPass`), good for one call: `params` is all of the query and of a form or JSON body, read in mode `param`; `datetime`
        what the call sends as `tcx_datetime`, in mode `time`. Error: unsignable."""
        with speaking():
            return str(self._native._pass(_params(params), datetime))

    def datetime(self, *, now_ms: int | None = None) -> str:
        """Now as `tcx_datetime` has it: 14 digits in UTC."""
        return str(self._native.datetime(wall(now_ms)))

    def headers(self, params: Mapping[str, str] | None = None, *, datetime: str | None = None, access: str | None = None) -> dict[str, str]:
        """The headers of one call with a fresh pass and, by type, the access token (`access`, of TWTC: what `access()` or `fetch_access()` gave) or
        the master key. Error: unsignable."""
        with speaking():
            return {made.name: made.text for made in self._native.headers(_params(params), datetime, access)}

    # ---- the access token ----

    def access(self, *, now_ms: int | None = None) -> Step:
        """The access token (`getTCXAccess`), or what to do for it; of many callers one asks and the others wait. Error: unsignable."""
        with speaking():
            step = self._native.access(wall(now_ms))
        if isinstance(step, native.TcxStep.USE):
            return Step("use", token=step.token)
        if isinstance(step, native.TcxStep.SEND):
            return Step("send", number=step.number, path=step.path, body=step.body)
        return Step("wait")

    def received(self, number: int, body: bytes, *, now_ms: int | None = None) -> Verdict | None:
        """Takes over the body of the answer to a request. None: done, ask `access` again; a verdict: the authority refused. Error: malformed."""
        with speaking():
            told = self._native.received(number, body, wall(now_ms))
        return None if told is None else Verdict._of(told)

    def failed(self, number: int) -> None:
        """No answer came to a request: another caller may ask."""
        self._native.failed(number)

    def fetch_access(self, url: str, *, http: httpx.Client | None = None) -> str:
        """The access token, fetched with httpx from the authority at `url` where it has to be. Errors: `Refused`, those of httpx, malformed (what
        answered is no authority), expired (it gives tokens that are over at once)."""
        for _ in range(_REQUESTS):
            while (step := self.access()).kind == "wait":
                time.sleep(_MOMENT_S)
            if step.token is not None:
                return step.token
            with _Asking(self, step) as asking:
                asking.body = _post(url, step, http)
        return self._fetched(url)

    async def fetch_access_async(self, url: str, *, http: httpx.AsyncClient | None = None) -> str:
        """The same, awaited."""
        for _ in range(_REQUESTS):
            while (step := self.access()).kind == "wait":
                await asyncio.sleep(_MOMENT_S)
            if step.token is not None:
                return step.token
            with _Asking(self, step) as asking:
                asking.body = await _apost(url, step, http)
        return self._fetched(url)

    def _fetched(self, url: str) -> str:
        token = self.access().token
        if token is None:
            raise Expired(f"the access tokens of {url} are over at once")
        return token

    def __reduce__(self) -> Any:
        raise TypeError("tcx.Client holds key material and is not pickled")

    def __repr__(self) -> str:
        return f"tcx.Client({self.app_id})"


# A refused renewal is followed by one authorize; more than that is no progress.
_REQUESTS = 3
_MOMENT_S = 0.01
_JSON = {"content-type": "application/json"}


class _Asking:
    """One request for an access token, whose end is told whatever becomes of it."""

    def __init__(self, client: Client, step: Step) -> None:
        self.client, self.number, self.body = client, step.number or 0, b""

    def __enter__(self) -> _Asking:
        return self

    def __exit__(self, kind: Any, error: BaseException | None, _: Any) -> None:
        if error is not None:
            self.client.failed(self.number)
        elif (told := self.client.received(self.number, self.body)) is not None:
            raise Refused(told)


def _post(url: str, step: Step, http: httpx.Client | None) -> bytes:
    import httpx

    if http is None:
        with httpx.Client() as own:
            return _post(url, step, own)
    return http.post(f"{url.rstrip('/')}{step.path}", content=step.body, headers=_JSON).content


async def _apost(url: str, step: Step, http: httpx.AsyncClient | None) -> bytes:
    import httpx

    if http is None:
        async with httpx.AsyncClient() as own:
            return await _apost(url, step, own)
    return (await http.post(f"{url.rstrip('/')}{step.path}", content=step.body, headers=_JSON)).content
