"""OscarToki v1: shapes, spellings, times, buckets."""

import re

import v1

DIALECTS = ("any", "standard", "java")


def write(pen):
    for part in (mints, shapes, spellings, floats, ages, keys, tokikeys, buckets):
        part(pen)


def verify(pen, name, key, toki, now, want="ok", dialect=None, **stated):
    given = {"key": key, "toki": toki, "now_ms": now} | ({"dialect": dialect} if dialect else {})
    pen.add(name, "v1.verify", given, want, **stated)


def leading_zeros(key, ts):
    """Which digests of a toki begin with a zero."""
    inner = v1.full(f"{key} - {ts} - {key}")
    return inner[0] == "0", v1.full(inner)[0] == "0", v1.full(v1.toki_at(key, ts))[0] == "0", v1.full(ts + "Brouillage de piste")[0] == "0"


def find(key, start, wanted):
    """The first time at or after start whose leading zeros are as wanted (None: either)."""
    while True:
        zeros = leading_zeros(key, str(start))
        if all(w is None or w == z for w, z in zip(wanted, zeros)):
            return start
        start += 1


KEYS = ("5cbc654dc3355e382201615c", "0123456", "clé-secrète-été", "a b - c", " ", "k" * 70, "|o_o|")


def mints(pen):
    for key in KEYS:
        for now in (pen.now, find(key, pen.now, (True, None, None, None)), find(key, pen.now, (None, True, None, None)), find(key, pen.now, (None, None, True, None))):
            toki = pen.add(f"mint: key {key[:20]!r}, clock {now}", "v1.mint", {"key": key, "now_ms": now})["toki"]
            for dialect in DIALECTS:
                verify(pen, f"verify: key {key[:20]!r}, what we mint at {now}, {dialect}", key, toki, now, dialect=dialect)
    for now in (10**12 + 50, 9_999_999_999_999):
        pen.add(f"mint: clock {now}", "v1.mint", {"key": "0123456", "now_ms": now})
    pen.add("mint: an empty key", "v1.mint", {"key": "", "now_ms": pen.now}, "weak_secret")


def shapes(pen):
    key, now = KEYS[0], find(KEYS[0], pen.now, (False, False, False, False))
    toki = v1.toki_at(key, str(now))
    time, core, veil = toki.split("|")
    verify(pen, "the default dialect is any", key, toki, now, ts_ms=now)
    for how, text in (
        ("nothing", ""), ("two parts", f"{time}|{core}"), ("four parts", f"{toki}|"), ("a part before", f"|{toki}"), ("no bars", time + core + veil), ("another bar", toki.replace("|", ":")),
        ("12 digits", f"{time[:-1]}|{core}|{veil}"), ("14 digits", f"{time}1|{core}|{veil}"), ("no time", f"|{core}|{veil}"), ("a time that is no number", f"undefined|{core}|{veil}"), ("NaN", f"NaN|{core}|{veil}"),
        ("a sign", f"{time[:-1]}-|{core}|{veil}"), ("digits of another script", f"{time[:-1]}\u0661|{core}|{veil}"), ("an exponent", f"31e{time[3:]}|{core}|{veil}"), ("a space in the time", f" {time[1:]}|{core}|{veil}"),
        ("no core", f"{time}||{veil}"), ("a core of 65", f"{time}|{core}0|{veil}"), ("a core of 31", f"{time}|{core[:31]}|{veil}"), ("a core in capitals", f"{time}|{core.upper()}|{veil}"),
        ("a core that is no hex", f"{time}|{core[:-1]}g|{veil}"), ("no brouillage", f"{time}|{core}|"), ("a brouillage of 14", toki[:-1]), ("a brouillage of 16", toki + "0"),
        ("a brouillage in capitals", f"{time}|{core}|{veil.upper()}") if re.search("[a-f]", veil) else ("a brouillage that is no hex", toki[:-1] + "x"),
        ("a space after", toki + " "), ("a space before", " " + toki), ("a line feed after", toki + "\n"), ("two tokis", f"{toki},{toki}"), ("a v2 toki", "ot2.IgABAaIAOALIgmLgrvIZJPp2gKC94xmvQA"),
    ):
        for dialect in ("any", "standard") if text != toki else ():
            verify(pen, f"{how}, {dialect}", key, text, now, "malformed", dialect)
    turned = lambda text, at: text[:at] + ("0" if text[at] != "0" else "1") + text[at + 1:]  # noqa: E731
    for dialect in DIALECTS:
        verify(pen, f"another core, {dialect}", key, f"{time}|{turned(core, 5)}|{veil}", now, "bad_mac", dialect)
        verify(pen, f"another brouillage, {dialect}", key, f"{time}|{core}|{turned(veil, 14)}", now, "bad_mac", dialect)
        verify(pen, f"another time, {dialect}", key, f"{turned(time, 0)}|{core}|{veil}", now, "bad_mac", dialect)
        verify(pen, f"another key, {dialect}", key + " ", toki, now, "bad_mac", dialect)
        verify(pen, f"the core not reversed, {dialect}", key, f"{time}|{core[::-1]}|{veil}", now, "bad_mac", dialect)
    for dialect in ("any", "java"):
        verify(pen, f"a core one digit short that lost no zero, {dialect}", key, f"{time}|{core[:-1]}|{veil}", now, "bad_mac", dialect)
    verify(pen, "a core one digit short, standard", key, f"{time}|{core[:-1]}|{veil}", now, "malformed", "standard")
    verify(pen, "an empty key", "", toki, now, "weak_secret")
    verify(pen, "an empty key and the toki it would make", "", v1.toki_at("", str(now)), now, "weak_secret")


def spellings(pen):
    """Digests that begin with zeros, in full and with the zeros lost."""
    for key in KEYS[:3]:
        for how, wanted in (
            ("inner", (True, False, None, False)), ("core", (False, True, None, False)), ("inner and core", (True, True, None, False)), ("brouillage", (False, False, None, True)),
            ("all", (True, True, None, True)), ("none", (False, False, None, False)),
        ):
            now = find(key, pen.now, wanted)
            full, lost = v1.toki_at(key, str(now)), v1.toki_at(key, str(now), v1.zeros_lost)
            for dialect in DIALECTS:
                verify(pen, f"zeros at {how}, in full, {dialect}", key, full, now, dialect=dialect)
                short = len(lost.split("|")[1]) < 64
                want = "ok" if dialect != "standard" or lost == full else "malformed" if short else "bad_mac"
                verify(pen, f"zeros at {how}, lost, {dialect}", key, lost, now, want, dialect)
            if how in ("inner and core", "all"):
                inner = v1.full(f"{key} - {now} - {key}")
                core = v1.full(inner)[::-1].rstrip("0")  # the inner digest in full, only the core's zeros lost
                time, _, veil = full.split("|")
                verify(pen, f"zeros at {how}, two spellings mixed", key, f"{time}|{core}|{veil}", now, "bad_mac")
            if how in ("all", "brouillage"):
                time, core, veil = lost.split("|")
                mixed = f"{time}|{core}|{full.split('|')[2]}"
                verify(pen, f"zeros at {how}, the brouillage in the other spelling", key, mixed, now, "ok" if mixed == full else "bad_mac")


def floats(pen):
    key = KEYS[0]
    second = pen.now // 1000
    for fraction, ms in (
        ("0", 0), ("9", 900), ("09", 90), ("001", 1), ("0009", 0), ("999", 999), ("9999", 999), ("1239999", 123), ("9999999", 999), ("0000001", 0), ("5", 500), ("50", 500), ("500", 500), ("3422", 342),
    ):
        text = f"{second}.{fraction}"
        for dialect in DIALECTS:
            verify(pen, f"float time .{fraction}, {dialect}", key, v1.toki_at(key, text), second * 1000 + ms, dialect=dialect, ts_ms=second * 1000 + ms)
    text = f"{second}.3429999"
    for at, want in ((50_342, "ok"), (50_343, "stale"), (-4_658, "ok"), (-4_659, "stale")):
        verify(pen, f"float time, cut before its age is judged: {at} ms", key, v1.toki_at(key, text), second * 1000 + at, want)
    for how, text in (
        ("no fraction digits", f"{second}."), ("eight fraction digits", f"{second}.12345678"), ("no point", f"{second}"), ("nine digits", f"{second // 10}.5"), ("eleven digits", f"{second}0.5"), ("two points", f"{second}.1.2"),
        ("a point before", f".{second}"), ("a comma", f"{second},5"), ("13 digits and a fraction", f"{pen.now}.5"), ("an exponent", f"{second}.5e0"), ("a sign", f"+{second}.5"),
    ):
        verify(pen, f"float time: {how}", key, v1.toki_at(key, text), pen.now, "malformed")


def ages(pen):
    key, ts = KEYS[0], pen.now
    toki = v1.toki_at(key, str(ts))
    for at, want in (
        (0, "ok"), (1, "ok"), (49_999, "ok"), (50_000, "ok"), (50_001, "stale"), (55_000, "stale"), (60_000, "stale"), (3_600_000, "stale"), (-1, "ok"), (-5_000, "ok"), (-5_001, "stale"), (-9_999, "stale"),
        (-60_000, "stale"), (-600_000, "stale"),
    ):
        for dialect in DIALECTS:
            verify(pen, f"judged {at:+} ms after its time, {dialect}", key, toki, ts + at, want, dialect)
    verify(pen, "a time of zeros", key, v1.toki_at(key, "0" * 13), ts, "stale")
    verify(pen, "a time of nines", key, v1.toki_at(key, "9" * 13), ts, "stale")


def keys(pen):
    for key in KEYS[:4]:
        for other in KEYS[:4]:
            want = "ok" if key == other else "bad_mac"
            verify(pen, f"a toki of {other[:12]!r} under {key[:12]!r}", key, v1.toki_at(other, str(pen.now)), pen.now, want)


# The tokikey

def tokikeys(pen):
    def check(name, key, toki, tokikey, now, want="ok", dialect="any"):
        pen.add(name, "v1.tokikey.verify", {"key": key, "toki": toki, "tokikey": tokikey, "now_ms": now, "dialect": dialect}, want)

    for key in KEYS:
        for _ in range(4):
            now = find(key, pen.now + pen.rng.randrange(10**10), (False, False, False, None))
            toki = v1.mint(key, now)
            tokikey = pen.add(f"tokikey: mint for {key[:12]!r}", "v1.tokikey.mint", {"key": key, "toki": toki, "now_ms": now + 1})["tokikey"]
            for dialect in DIALECTS:
                check(f"tokikey: what we mint for {key[:12]!r}, {dialect}", key, toki, tokikey, now + 1, dialect=dialect)
            here = int(tokikey[-7:][::-1]) == (now + 1) // v1.BUCKET_MS  # else its bucket may be nobody's
            want = "bad_mac" if here else ["bad_mac", "stale"]
            check(f"tokikey: of {key[:12]!r} under another key", key + "x", toki, tokikey, now + 1, want)
            check(f"tokikey: of {key[:12]!r} for another toki", key, v1.toki_at(key, str(now - 7_000)), tokikey, now + 1, want)
    key, toki = KEYS[0], v1.mint(KEYS[0], pen.now)
    good = pen.evaluate("v1.tokikey.mint", {"key": key, "toki": toki, "now_ms": pen.now})["tokikey"]
    digest, bucket = good.split("o_o")
    for how, text in (
        ("nothing", ""), ("no bucket", f"{digest}o_o"), ("six digits of bucket", good[:-1]), ("eight digits of bucket", good + "1"), ("no middle", digest + bucket), ("another middle", f"{digest}O_O{bucket}"),
        ("a digest of 65", f"0{good}"), ("a digest of 31", f"{digest[:31]}o_o{bucket}"), ("capitals", f"{digest.upper()}o_o{bucket}"), ("a space after", good + " "), ("a line feed after", good + "\n"),
        ("a letter in the bucket", f"{digest}o_o{bucket[:-1]}a"), ("digits of another script", f"{digest}o_o{bucket[:-1]}\u0661"),
    ):
        check(f"tokikey: {how}", key, toki, text, pen.now, "malformed")
    for dialect in DIALECTS:
        check(f"tokikey: another digest, {dialect}", key, toki, ("0" if good[0] != "0" else "1") + good[1:], pen.now, "bad_mac", dialect)
    check("tokikey: a digest of 63, standard", key, toki, good[1:], pen.now, "malformed", "standard")
    check("tokikey: a digest of 63 that lost no zero, java", key, toki, good[1:], pen.now, "bad_mac", "java")
    check("tokikey: an empty key", "", toki, good, pen.now, "weak_secret")
    pen.add("tokikey: mint with an empty key", "v1.tokikey.mint", {"key": "", "toki": toki, "now_ms": pen.now}, "weak_secret")
    pen.add("tokikey: mint for no toki at all", "v1.tokikey.mint", {"key": key, "toki": "", "now_ms": pen.now}, "malformed")
    pen.add("tokikey: mint for half a toki", "v1.tokikey.mint", {"key": key, "toki": toki[:-1], "now_ms": pen.now}, "malformed")


def bucket_like(key, toki, bucket, zeros):
    """The next bucket whose (inner, outer) digests begin with zeros as wanted."""
    while tuple(d[0] == "0" for d in v1.digests(key, toki, bucket, v1.full)) != zeros:
        bucket += 1
    return bucket


def buckets(pen):
    for key in KEYS[:3]:
        toki = v1.mint(key, pen.now)
        start = pen.now // v1.BUCKET_MS

        def check(name, bucket, now, want, h=v1.full, dialect="any", key=key, toki=toki):
            tokikey = v1.tokikey_at(key, toki, bucket, h)
            pen.add(f"tokikey: {name}", "v1.tokikey.verify", {"key": key, "toki": toki, "tokikey": tokikey, "now_ms": now, "dialect": dialect}, want)

        still = start  # three buckets in a row at which our stepping stands still
        while any(v1.stop(key, toki, still + i) != still + i for i in (-2, -1, 0, 1)):
            still += 1
        now = still * v1.BUCKET_MS
        for how, bucket, at, want in (
            ("the current bucket, at its first millisecond", still, 0, "ok"), ("the current bucket, at its last", still, 999_999, "ok"), ("the one before", still - 1, 0, "ok"), ("the one before, at the end", still - 1, 999_999, "ok"),
            ("two before", still - 2, 0, "stale"), ("two before, in the old bucket's last millisecond", still - 2, -1, "ok"), ("the next, 5 s before it", still + 1, 995_000, "ok"), ("the next, 5.001 s before it", still + 1, 994_999, "stale"),
            ("the next, at the start", still + 1, 0, "stale"), ("far back", still - 1_000, 0, "stale"), ("far ahead", still + 1_000, 0, "stale"), ("bucket 0", 0, 0, "stale"),
        ):
            check(how, bucket, now + at, want)
        for zeros in ((True, False), (False, True)):
            stepped = bucket_like(key, toki, start, zeros)
            stop = v1.stop(key, toki, stepped)
            now = stepped * v1.BUCKET_MS + 500_000
            pen.add("tokikey: mint steps back a bucket", "v1.tokikey.mint", {"key": key, "toki": toki, "now_ms": now}, tokikey=v1.tokikey_at(key, toki, stop))
            for dialect in DIALECTS:
                check(f"where our stepping stops, {dialect}", stop, now, "ok", dialect=dialect)
                check(f"the current bucket in full, its digest begins with 0, {dialect}", stepped, now, "ok", dialect=dialect)
                lost = v1.tokikey_at(key, toki, stepped, v1.zeros_lost)
                same, short = lost == v1.tokikey_at(key, toki, stepped), len(lost.split("o_o")[0]) < 64
                want = "ok" if same or dialect != "standard" else "malformed" if short else "bad_mac"
                check(f"the current bucket, zeros lost, {dialect}", stepped, now, want, v1.zeros_lost, dialect)
        both = start  # the current and the previous bucket are stepped over: ours lies two or more back
        while v1.stop(key, toki, both) >= both - 1:
            both += 1
        stop = v1.stop(key, toki, both)
        now = both * v1.BUCKET_MS
        pen.add("tokikey: mint steps back two buckets or more", "v1.tokikey.mint", {"key": key, "toki": toki, "now_ms": now}, tokikey=v1.tokikey_at(key, toki, stop))
        check("where our stepping stops, two buckets or more back", stop, now, "ok")
        check("one before where our stepping stops", stop - 1, now, "stale")
        zeroed = v1.toki_at(key, str(find(key, pen.now, (None, None, True, None))))
        current = find(key, pen.now, (None, None, True, None)) // v1.BUCKET_MS
        for dialect in DIALECTS:
            check(f"a toki whose digest begins with 0, in full, {dialect}", current, current * v1.BUCKET_MS + 1, "ok", dialect=dialect, toki=zeroed)
        for dialect in ("any", "java"):
            check(f"a toki whose digest begins with 0, zeros lost, {dialect}", current, current * v1.BUCKET_MS + 1, "ok", v1.zeros_lost, dialect, toki=zeroed)
        lost = v1.toki_at(key, str(find(key, pen.now, (None, True, None, None))), v1.zeros_lost)
        if len(lost.split("|")[1]) < 64:
            check("a toki with its zeros lost", start, start * v1.BUCKET_MS, "ok", v1.zeros_lost, "java", toki=lost)
