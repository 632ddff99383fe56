"""Socktopus: tokens, and every way to be nearly one."""

import socktopus

SECRETS = {"test": "TEST", "shop": "k", "\u00e9mile": "cl\u00e9-secr\u00e8te", "dev": "\U0001f511", "TEST": "other"}


def write(pen):
    for part in (mints, verifies, shapes, ages, forgeries):
        part(pen)


def verify(pen, name, token, want="ok", now=None, secrets=None, **stated):
    given = {"secrets": SECRETS if secrets is None else secrets, "token": token, "now_ms": pen.now if now is None else now}
    pen.add(name, "socktopus.verify", given, want, **stated)


def mints(pen):
    for app, secret in SECRETS.items():
        for connection in ("user-1", "room:42/alice", "9alice", "\u65e5\u672c\u8a9e", "hh", "z h z", "1795300000123", " ", "\0", "y" * 255):
            token = pen.add(f"mint: {app!r}, {connection[:20]!r}", "socktopus.mint", {"secret": secret, "app": app, "connection": connection, "ts_ms": pen.now})["token"]
            verify(pen, f"verify: {app!r}, {connection[:20]!r}", token, app=app, connection=connection, ts_ms=pen.now)
    base = {"secret": "s", "app": "a", "connection": "c", "ts_ms": pen.now}
    for how, change, want in (
        ("an empty secret", {"secret": ""}, "weak_secret"), ("no app", {"app": ""}, "unsignable"), ("no connection", {"connection": ""}, "unsignable"), ("an app of 256 bytes", {"app": "a" * 256}, "unsignable"),
        ("a connection of 256 bytes", {"connection": "c" * 256}, "unsignable"), ("a connection of 128 letters that are 256 bytes", {"connection": "\u00e9" * 128}, "unsignable"), ("12 digits", {"ts_ms": 10**12 - 1}, "unsignable"),
        ("14 digits", {"ts_ms": 10**13}, "unsignable"), ("a time before the epoch", {"ts_ms": -pen.now}, "unsignable"), ("zero", {"ts_ms": 0}, "unsignable"),
    ):
        pen.add(f"mint: {how}", "socktopus.mint", base | change, want)
    for how, change in (("255 bytes of connection", {"connection": "\u00e9" * 127 + "e"}), ("the first time of 13 digits", {"ts_ms": 10**12}), ("the last time of 13 digits", {"ts_ms": 10**13 - 1})):
        pen.add(f"mint: {how}", "socktopus.mint", base | change)


def verifies(pen):
    token = socktopus.mint("TEST", "test", "user-1", pen.now)
    verify(pen, "an app that is not held", token, "unknown_key", secrets={"shop": "k"})
    verify(pen, "no app is held", token, "unknown_key", secrets={})
    verify(pen, "an app without a secret", token, "unknown_key", secrets={"test": ""})
    verify(pen, "another secret", token, "bad_mac", secrets={"test": "TEST "})
    verify(pen, "the app is compared as it is", socktopus.mint("TEST", "Test", "user-1", pen.now), "unknown_key")
    verify(pen, "two apps of one secret: a token for one is none for the other's name", token.replace("h74657374h", "h73686f70h"), "ok", secrets={"test": "TEST", "shop": "TEST"}, app="shop")


def shapes(pen):
    token = socktopus.mint("TEST", "test", "user-1", pen.now)
    ts, app, connection, proof = token.split("h")
    for how, text in (
        ("nothing", ""), ("three parts", "h".join((ts, app, connection))), ("five parts", token + "h"), ("a part before", "h" + token), ("six parts", "h".join((ts, app, connection, proof, ts, app))), ("capitals", token.upper()),
        ("capital separators", token.replace("h", "H")), ("capitals in the MAC", f"{ts}h{app}h{connection}h{proof.upper()}" if proof.upper() != proof else token + "X"), ("an odd number of digits", f"{ts}h{app}h{connection[:-1]}h{proof}"),
        ("a MAC of 31 bytes", token[:-2]), ("a MAC of 33 bytes", token + "00"), ("no MAC", f"{ts}h{app}h{connection}h"), ("no app", f"{ts}hh{connection}h{proof}"), ("no connection", f"{ts}h{app}hh{proof}"), ("no time", f"h{app}h{connection}h{proof}"),
        ("12 digits", f"{ts[:-2]}h{app}h{connection}h{proof}"), ("14 digits", f"{ts}30h{app}h{connection}h{proof}"), ("a time that is no number", f"{b'undefined1234'.hex()}h{app}h{connection}h{proof}"), ("a sign", f"{b'-179530000000'.hex()}h{app}h{connection}h{proof}"),
        ("a point", f"{b'1795300000.12'.hex()}h{app}h{connection}h{proof}"), ("a space before the time", f"{b' 179530000000'.hex()}h{app}h{connection}h{proof}"), ("a line feed after the time", f"{b'179530000000'.hex()}0ah{app}h{connection}h{proof}"),
        ("an app that is no UTF-8", f"{ts}hffh{connection}h{proof}"), ("a connection that is no UTF-8", f"{ts}h{app}hc328h{proof}"), ("a surrogate", f"{ts}h{app}heda080h{proof}"), ("an app of 256 bytes", f"{ts}h{'61' * 256}h{connection}h{proof}"),
        ("a connection of 256 bytes", f"{ts}h{app}h{'79' * 256}h{proof}"), ("a space after", token + " "), ("a line feed after", token + "\n"), ("a space before", " " + token), ("no hex", token.replace("h", "g")), ("0x", "0x" + token),
        ("another separator", token.replace("h", ".")), ("the plain texts", f"{pen.now}htesthuser-1h{proof}"), ("a NUL after", token + "\0"),
    ):
        verify(pen, f"shape: {how}", text, "malformed")


def ages(pen):
    token = socktopus.mint("TEST", "test", "user-1", pen.now)
    for off, want in ((0, "ok"), (1, "ok"), (5_000, "ok"), (5_001, "stale"), (60_000, "stale"), (-1_000, "ok"), (-1_001, "stale"), (-86_400_000, "stale")):
        verify(pen, f"judged {off:+} ms after its time", token, want, now=pen.now + off)
    for ts in (10**12, 10**13 - 1):
        verify(pen, f"the time {ts}", socktopus.mint("TEST", "test", "user-1", ts), "stale")
    zeros = "h".join((b"0000000000000".hex(), b"test".hex(), b"c".hex(), socktopus.mac(b"TEST", b"0000000000000c").hex()))
    verify(pen, "a time of zeros", zeros, "stale")


def forgeries(pen):
    # Time and id are not delimited in the MAC: a digit moves from one to the other and the MAC fits.
    ts, app, connection, proof = socktopus.mint("TEST", "test", "9alice", pen.now).split("h")
    verify(pen, "a digit moved from the id to the time", f"{ts}39h{app}h{b'alice'.hex()}h{proof}", "malformed")
    verify(pen, "a digit moved from the time to the id", f"{ts[:-2]}h{app}h{ts[-2:]}{connection}h{proof}", "malformed")
    verify(pen, "another id", f"{ts}h{app}h{b'alice'.hex()}h{proof}", "bad_mac")
    verify(pen, "another time", f"{str(pen.now + 1).encode().hex()}h{app}h{connection}h{proof}", "bad_mac")
    verify(pen, "another app", f"{ts}h{b'shop'.hex()}h{connection}h{proof}", "bad_mac")
    verify(pen, "a MAC of zeros", f"{ts}h{app}h{connection}h{'00' * 32}", "bad_mac")
    for at in (0, 31, 63):
        flipped = proof[:at] + ("0" if proof[at] != "0" else "1") + proof[at + 1:]
        verify(pen, f"digit {at} of the MAC changed", f"{ts}h{app}h{connection}h{flipped}", "bad_mac")
    stale = socktopus.mint("TEST", "test", "u", pen.now - 10_000)
    verify(pen, "the MAC is judged before the time", stale[:-1] + ("0" if stale[-1] != "0" else "1"), "bad_mac")
    verify(pen, "the app is judged before the MAC", socktopus.mint("x", "nobody", "u", pen.now - 10_000), "unknown_key")
