"""TCX: passes in both forms, headers, verdicts."""

import base64
import hashlib

import tcx

PUBLIC = "unE5EQgPKH7RaPpWQX7chcGcxlG7fUHB"
TOKEN = "9foz5r5opnyo5scl"
PARAMS = {"abc": "123", "_xyz": "789", "foo": "bar", "def": "456", "bar": "ghi"}
AT = "20261122062640"
AT_MS = 1_795_328_800_000
DIALECTS = ("documented", "server4")


def write(pen):
    for part in (mints, verifies, forms, altered, texts, strictness, times, heads, verdicts):
        part(pen)


def given(mode="none", params=None, datetime=None, public=PUBLIC, **more):
    made = {"mode": mode, "app_public": public}
    if params is not None:
        made["params"] = params
    if datetime is not None:
        made["datetime"] = datetime
    return made | more


def bindings():
    yield "none", given()
    yield "none, with parameters that it does not cover", given(params=PARAMS)
    yield "time", given("time", datetime=AT)
    yield "param", given("param", PARAMS)
    yield "param, one", given("param", {"app_id": "7"})
    yield "param, none at all", given("param", {})
    yield "param, sorted by bytes", given("param", {"é": "1", "z": "2", "Z": "3", "a": "4", "aa": "5", "a-": "6", "": "7", "\U0001f511": "8", "\uff00": "9"})
    yield "param, neither trimmed nor decoded", given("param", {" a ": " b ", "c%20": "d+e", "e\u0301": "\n"})


def mints(pen):
    for how, bound in bindings():
        for dialect in DIALECTS:
            pen.add(f"mint, {how}, {dialect}", "tcx.pass.mint", bound | {"client_token": TOKEN, "dialect": dialect})
    pen.add("mint: a text with & and = is the caller's business", "tcx.pass.mint", given("param", {"note": "café & crème=oui"}, client_token=TOKEN))
    for how, token in (("one character", "a"), ("64 characters", "a" * 64), ("all that is allowed", "!\"#$%&'()*+,-./0123456789;<=>?@[\\]^_`az{|}~")):
        pen.add(f"mint: a client token of {how}", "tcx.pass.mint", given(client_token=token))
    for how, token in (("nothing", ""), ("65 characters", "a" * 65), ("a capital", "9foZ"), ("a colon", "a:b"), ("a space", "a b"), ("a letter that is not ASCII", "é"), ("a line feed", "a\n"), ("DEL", "a\x7f")):
        pen.add(f"mint: a client token with {how}", "tcx.pass.mint", given(client_token=token), "unsignable")
        pen.add(f"mint: a client token with {how}, server4", "tcx.pass.mint", given(client_token=token, dialect="server4"), "unsignable")
    for how, at in no_times():
        pen.add(f"mint: {how}", "tcx.pass.mint", given("time", datetime=at, client_token=TOKEN), "unsignable")


def no_times():
    yield "no time", None
    for how, at in (
        ("an empty time", ""), ("13 digits", AT[:-1]), ("15 digits", AT + "0"), ("second 60", AT[:-2] + "60"), ("minute 60", AT[:-4] + "6000"), ("hour 24", AT[:8] + "240000"), ("month 13", "20261322062640"),
        ("month 0", "20260022062640"), ("day 0", "20261100062640"), ("31 November", "20261131062640"), ("29 February of a year that has none", "20260229000000"), ("29 February 2100", "21000229000000"), ("a sign", "-0261122062640"),
        ("a space", "2026112206264 "), ("digits of another script", "2026112206264\u0660"), ("ISO 8601", "2026-11-22T06:"),
    ):
        yield how, at


def verifies(pen):
    for how, bound in bindings():
        for dialect in DIALECTS:
            made = pen.evaluate("tcx.pass.mint", bound | {"client_token": TOKEN, "dialect": dialect})["app_pass"]
            same = pen.evaluate("tcx.pass.mint", bound | {"client_token": TOKEN, "dialect": "documented"})["app_pass"] == made
            pen.add(f"verify, {how}, {dialect}", "tcx.pass.verify", bound | {"app_pass": made, "now_ms": AT_MS}, client_token=TOKEN, dialect="documented" if same else dialect)


def forms(pen):
    """A client token with capitals: hashed as written, or folded; it comes back as written."""
    for how, mode in (("none", given()), ("time", given("time", datetime=AT)), ("param", given("param", PARAMS))):
        for dialect in DIALECTS:
            bound = (mode["mode"], mode.get("params") or {}, mode.get("datetime"), PUBLIC)
            made = tcx.print_pass(tcx.digest(*bound, "C3nEp8TfJoMOvMbr", dialect), "C3nEp8TfJoMOvMbr")
            pen.add(f"verify, capitals in the client token, {how}, {dialect}", "tcx.pass.verify", mode | {"app_pass": made, "now_ms": AT_MS}, client_token="C3nEp8TfJoMOvMbr", dialect=dialect)
    mixed = hashlib.sha1((AT + PUBLIC + "AB").encode()).hexdigest()
    pen.add("verify: digits alone with capitals as written is neither form", "tcx.pass.verify", given("time", datetime=AT, app_pass=tcx.print_pass(mixed, "AB"), now_ms=AT_MS), "bad_mac")
    long = hashlib.sha1((PUBLIC + "\u212a").lower().encode()).hexdigest()
    pen.add("verify: a client token that is not ASCII", "tcx.pass.verify", given(app_pass=tcx.print_pass(long, "\u212a"), now_ms=AT_MS), "malformed")


def altered(pen):
    for dialect in DIALECTS:
        def check(how, minted, judged, want="bad_mac", dialect=dialect):
            made = pen.evaluate("tcx.pass.mint", minted | {"client_token": TOKEN, "dialect": dialect})["app_pass"]
            pen.add(f"verify, {dialect}: {how}", "tcx.pass.verify", judged | {"app_pass": made, "now_ms": AT_MS}, want)

        check("another app", given(), given(public=PUBLIC[:-1] + "b"))
        check("a parameter more", given("param", PARAMS), given("param", PARAMS | {"x": "1"}))
        check("a parameter less", given("param", PARAMS), given("param", {k: v for k, v in PARAMS.items() if k != "foo"}))
        check("another text", given("param", PARAMS), given("param", PARAMS | {"foo": "baz"}))
        check("another name", given("param", {"a": "1"}), given("param", {"b": "1"}))
        check("another time", given("time", datetime=AT), given("time", datetime="20261122062641"))
        check("a pass of mode none in mode time", given(), given("time", datetime=AT))
        check("a pass of mode none in mode param", given(), given("param", PARAMS))
        check("a pass of mode param in mode none", given("param", PARAMS), given())
        check("two parameters for one that reads the same", given("param", {"a": "1", "b": "2"}), given("param", {"a": "1&b=2"}), "policy")
        made = pen.evaluate("tcx.pass.mint", given(client_token=TOKEN, dialect=dialect))["app_pass"]
        sha1 = base64.b64decode(made)[:40].decode()
        pen.add(f"verify, {dialect}: another client token", "tcx.pass.verify", given(app_pass=tcx.print_pass(sha1, TOKEN + "x"), now_ms=AT_MS), "bad_mac")
        pen.add(f"verify, {dialect}: one bit of the digest", "tcx.pass.verify", given(app_pass=tcx.print_pass(("0" if sha1[0] != "0" else "1") + sha1[1:], TOKEN), now_ms=AT_MS), "bad_mac")


def texts(pen):
    made = pen.evaluate("tcx.pass.mint", given(client_token=TOKEN))["app_pass"]
    sha1 = base64.b64decode(made)[:40].decode()
    b64 = lambda text: base64.b64encode(text.encode()).decode()  # noqa: E731
    for how, text in (
        ("nothing", ""), ("no base64", "****"), ("no padding", made.rstrip("=") if made.endswith("=") else made[:-1]), ("padding too much", made + "="), ("a space after", made + " "), ("a line feed after", made + "\n"),
        ("a line feed inside", made[:20] + "\n" + made[20:]), ("two passes", made + made), ("base64url", b64("?" * 3 + sha1 + ":" + TOKEN).replace("/", "_")), ("no colon", b64(sha1 + TOKEN)), ("two colons", b64(sha1 + ":a:b")),
        ("no client token", b64(sha1 + ":")), ("a client token of 65", b64(sha1 + ":" + "a" * 65)), ("39 digits", b64(sha1[1:] + ":" + TOKEN)), ("41 digits", b64("0" + sha1 + ":" + TOKEN)),
        ("capitals in the digest", b64(sha1.upper() + ":" + TOKEN)), ("no hex in the digest", b64("g" + sha1[1:] + ":" + TOKEN)), ("a space in the client token", b64(sha1 + ":a b")), ("a line feed at the end of the client token", b64(sha1 + ":" + TOKEN + "\n")),
        ("a NUL", b64(sha1 + ":a\0")), ("not base64 at all, but its content", sha1 + ":" + TOKEN), ("bytes that are no UTF-8", base64.b64encode(sha1.encode() + b":\xff").decode()), ("a letter that is not ASCII", "é" + made[1:]),
    ):
        pen.add(f"verify: {how}", "tcx.pass.verify", given(app_pass=text, now_ms=AT_MS), "malformed")
    odd = next(base64.b64encode(f"{sha1}:{'a' * n}".encode()).decode() for n in range(1, 4) if (41 + n) % 3 == 1)
    last = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    pen.add("verify: unused bits that are not zero", "tcx.pass.verify", given(app_pass=odd[:-3] + last[last.index(odd[-3]) | 1] + "==", now_ms=AT_MS), "malformed")
    for how, at in no_times():
        pen.add(f"verify: {how}", "tcx.pass.verify", given("time", datetime=at, app_pass=made, now_ms=AT_MS), "malformed")


def strictness(pen):
    for name, text in (("note", "a&b"), ("note", "a=b"), ("a&b", "c"), ("a=b", "c"), ("note", "café & crème=oui"), ("", "="), ("&", "")):
        for dialect in DIALECTS:
            bound = given("param", {name: text, "x": "1"})
            made = pen.evaluate("tcx.pass.mint", bound | {"client_token": TOKEN, "dialect": dialect})["app_pass"]
            pen.add(f"verify, strict by default: {name!r} = {text!r}, {dialect}", "tcx.pass.verify", bound | {"app_pass": made, "now_ms": AT_MS}, "policy")
            pen.add(f"verify, strict: {name!r} = {text!r}, {dialect}", "tcx.pass.verify", bound | {"app_pass": made, "now_ms": AT_MS, "strict": True}, "policy")
            pen.add(f"verify, lax: {name!r} = {text!r}, {dialect}", "tcx.pass.verify", bound | {"app_pass": made, "now_ms": AT_MS, "strict": False}, client_token=TOKEN, dialect=dialect)
    pen.add("verify: the MAC is judged before strictness", "tcx.pass.verify", given("param", {"a": "b&c"}, app_pass=tcx.print_pass("0" * 40, TOKEN), now_ms=AT_MS), "bad_mac")


def times(pen):
    bound = given("time", datetime=AT)
    for dialect in DIALECTS:
        made = pen.evaluate("tcx.pass.mint", bound | {"client_token": TOKEN, "dialect": dialect})["app_pass"]
        for off, want in ((0, "ok"), (300_000, "ok"), (300_001, "stale"), (-300_000, "ok"), (-300_001, "stale"), (86_400_000, "stale"), (-86_400_000, "stale")):
            pen.add(f"verify, {dialect}: judged {off:+} ms after its time", "tcx.pass.verify", bound | {"app_pass": made, "now_ms": AT_MS + off}, want)
    pen.add("verify: the MAC is judged before the time", "tcx.pass.verify", bound | {"app_pass": tcx.print_pass("0" * 40, TOKEN), "now_ms": 0}, "bad_mac")
    for at in ("19691231235959", "20240229000000", "00010101000000", "99991231235959"):
        made = pen.evaluate("tcx.pass.mint", given("time", datetime=at, client_token=TOKEN))["app_pass"]
        pen.add(f"verify: {at} is a calendar time", "tcx.pass.verify", given("time", datetime=at, app_pass=made, now_ms=max(tcx.instant(at), 0)), "ok" if tcx.instant(at) >= -300_000 else "stale")
        pen.add(f"verify: {at}, far from now", "tcx.pass.verify", given("time", datetime=at, app_pass=made, now_ms=AT_MS), "stale")


def heads(pen):
    made = pen.evaluate("tcx.pass.mint", given(client_token=TOKEN))["app_pass"]
    base = {"app_id": "app-1", "app_pass": made}
    for kind in ("OWTC", "TWTC", "FTC"):
        for spelt in (kind, kind.lower(), kind.title()):
            pen.add(f"headers of {spelt}", "tcx.headers", base | {"type": spelt, "token": "t0ken é"})
        pen.add(f"headers of {kind} without a token", "tcx.headers", base | {"type": kind}, "ok" if kind == "OWTC" else "unsignable")
        pen.add(f"headers of {kind} with an empty token", "tcx.headers", base | {"type": kind, "token": ""}, "ok" if kind == "OWTC" else "unsignable")
        for name in ("app_id", "app_pass"):
            for how, text in (("a space", "a b"), ("a line feed", "a\r\nX: y"), ("a letter that is not ASCII", "é"), ("nothing", "")):
                pen.add(f"headers of {kind}: {how} in {name}", "tcx.headers", base | {"type": kind, "token": "t", name: text}, "unsignable")
    for kind in ("", "XTC", "OWTC "):
        pen.add(f"headers of type {kind!r}", "tcx.headers", base | {"type": kind, "token": "t"}, "unsignable")


def verdicts(pen):
    for code in tcx.CALLS:
        for table in ("documented", "server4"):
            pen.add(f"{code} of a call, {table}", "tcx.verdict", {"code": code, "table": table})
    for route, codes in tcx.ROUTES.items():
        for code in codes:
            for table in ("documented", "server4"):
                pen.add(f"{code} of {route}, {table}", "tcx.verdict", {"code": code, "table": table, "route": route})
