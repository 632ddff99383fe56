"""OscarToki v1, as "Settled details" of seed-systems section 1 say: strict, in full or zeros-lost spelling."""

import re

from wire import require, same, sha256

AGE_MS, AHEAD_MS, BUCKET_MS = 50_000, 5_000, 1_000_000
TOKI = re.compile(r"([0-9.]+)\|([0-9a-f]{32,64})\|([0-9a-f]{15})")
TOKIKEY = re.compile(r"([0-9a-f]{32,64})o_o([0-9]{7})")


def full(text):
    return sha256(text.encode()).hex()


def zeros_lost(text):
    """Java: leading zeros of every digest are gone, padded to 32 only."""
    return full(text).lstrip("0").rjust(32, "0")


SPELLINGS = {"standard": [full], "java": [full, zeros_lost], "any": [full, zeros_lost]}


def toki_at(key, ts, h=full):
    core = h(h(f"{key} - {ts} - {key}"))
    return f"{ts[::-1]}|{core[::-1]}|{h(ts + 'Brouillage de piste')[:15]}"


def digits13(now, error="unsignable"):
    require(10**12 <= now < 10**13, error)
    return str(now)


def mint(key, now):
    require(key != "", "weak_secret")
    while True:
        ts = digits13(now)
        toki = toki_at(key, ts)
        inner = full(f"{key} - {ts} - {key}")
        if "0" not in (inner[0], full(inner)[0], full(toki)[0]):
            return toki
        now -= 1


def time_of(text):
    """Milliseconds of 13 digits or of float seconds, cut."""
    if re.fullmatch(r"[0-9]{13}", text):
        return int(text)
    require(re.fullmatch(r"[0-9]{10}\.[0-9]{1,7}", text), "malformed")
    seconds, fraction = text.split(".")
    return int(seconds + fraction.ljust(3, "0")[:3])


def parse(toki, dialect):
    """(time as written, ms)."""
    found = TOKI.fullmatch(toki)
    require(found, "malformed")
    require(dialect != "standard" or len(found[2]) == 64, "malformed")
    ts = found[1][::-1]
    return ts, time_of(ts)


def verify(key, toki, now, dialect="any"):
    require(key != "", "weak_secret")
    ts, ms = parse(toki, dialect)
    matches = [same(toki_at(key, ts, h), toki) for h in SPELLINGS[dialect]]
    require(any(matches), "bad_mac")
    require(now - AGE_MS <= ms <= now + AHEAD_MS, "stale")
    return {"ts_ms": ms}


# The tokikey

def digests(key, toki, bucket, h):
    inner = h(f"{bucket:07d}{h(toki)}{key}")
    return inner, h(inner)


def stop(key, toki, bucket):
    """Where our own stepping from this bucket stops."""
    if full(toki)[0] == "0":
        return bucket
    while "0" in (d[0] for d in digests(key, toki, bucket, full)):
        bucket -= 1
    return bucket


def tokikey_at(key, toki, bucket, h=full):
    return f"{digests(key, toki, bucket, h)[1]}o_o{f'{bucket:07d}'[::-1]}"


def tokikey_mint(key, toki, now):
    require(key != "", "weak_secret")
    parse(toki, "any")
    bucket = int(digits13(now)) // BUCKET_MS
    return tokikey_at(key, toki, stop(key, toki, bucket))


def tokikey_verify(key, toki, tokikey, now, dialect="any"):
    require(key != "", "weak_secret")
    parse(toki, dialect)
    found = TOKIKEY.fullmatch(tokikey)
    require(found, "malformed")
    require(dialect != "standard" or len(found[1]) == 64, "malformed")
    bucket = int(found[2][::-1])
    require(any([same(tokikey_at(key, toki, bucket, h), tokikey) for h in SPELLINGS[dialect]]), "bad_mac")
    current = now // BUCKET_MS
    starts = {current, (now + AHEAD_MS) // BUCKET_MS, current - 1}
    require(bucket in starts | {stop(key, toki, start) for start in starts}, "stale")
