#!/usr/bin/env python3
"""bench.py [--json]: signing and verifying from Python against the same by hand, and against named peers. Both sides in turns, the best round of each.

The extension packs in C. `Service.verify` is all of the service's rules with its replay memory; by hand it is base64, unpacking, packing the message,
`hmac.digest` and `compare_digest` and a look at the clock, with a set for what was seen. Runs the `oscartoki` that is installed.
"""

import base64
import hmac
import json
import os
import struct
import subprocess
import sys
import time
from pathlib import Path

import itsdangerous
import jwt

import oscartoki

NAME, METHOD, TARGET = "api.example.com", "GET", "/v1/accounts?limit=10&after=2026-11-25&x"
ROUNDS, CALLS = 9, 4000
KEY = bytes(range(32))


def lp(field):
    return struct.pack(">H", len(field)) + field


def sign_by_hand(method, authority, target):
    head = b"\x21\0" + b"kidkidki" + (time.time_ns() // 1_000_000).to_bytes(6, "big") + os.urandom(8)
    message = head + lp(method.encode()) + lp(authority.encode()) + lp(target.encode()) + lp(b"")
    return "ot2." + base64.urlsafe_b64encode(head + hmac.digest(KEY, message, "sha256")[:16]).rstrip(b"=").decode()


def verify_by_hand(method, authority, target, toki):
    if len(toki) != 58 or not toki.startswith("ot2."):
        raise ValueError("malformed")
    data = base64.urlsafe_b64decode(toki[4:] + "==")
    kind, flags, kid, ts, tag = data[0], data[1], data[2:10], int.from_bytes(data[10:16], "big"), data[24:]
    if kind != 0x21 or flags & ~0x0F:
        raise ValueError("malformed")
    message = data[:24] + lp(method.encode()) + lp(authority.encode()) + lp(target.encode()) + lp(b"")
    if not hmac.compare_digest(hmac.digest(KEY, message, "sha256")[:16], tag):
        raise ValueError("bad_mac")
    if not -30_000 < ts - time.time_ns() // 1_000_000 <= 2_000:
        raise ValueError("stale")
    return kid, tag


def service_by_hand(keys, seen, method, authority, target, toki):
    kid, tag = verify_by_hand(method, authority, target, toki)
    if kid not in keys:
        raise ValueError("unknown_key")
    if tag in seen:
        raise ValueError("replayed")
    seen.add(tag)
    return kid


def best(runs):
    """Nanoseconds a call of each, in turns."""
    least = dict.fromkeys(runs, float("inf"))
    for _ in range(ROUNDS):
        for name, prepare in runs.items():
            run, given = prepare()
            began = time.perf_counter_ns()
            for one in given:
                run(one)
            least[name] = min(least[name], (time.perf_counter_ns() - began) / len(given))
    return least


def measure():
    secret = oscartoki.Secret.generate()
    client = oscartoki.Client(secret, NAME, trust_clock=True)
    made = oscartoki.Service([secret.audience_key(NAME)], [NAME], memory=oscartoki.MemoryReplayLog(4_000_000), first_start=True)
    # A session, as all requests but the first are.
    signed = client.sign(METHOD, NAME, TARGET)
    toki, grant = made.answer(made.verify(METHOD, NAME, TARGET, signed.toki, signed.grant), 200, b"")
    assert client.accept(signed, 200, b"", toki=toki, grant=grant).error is None
    sign, verify, seen = client.sign, made.verify, set()
    signer, claims = itsdangerous.TimestampSigner(KEY), {"sub": "kidkidki", "aud": NAME, "jti": "0123456789abcdef"}

    def verified(proof):
        if not verify(METHOD, NAME, TARGET, proof[0], proof[1]).accepted:
            raise AssertionError("an honest request was refused")

    def proofs():
        return [(s.toki, s.grant) for s in (sign(METHOD, NAME, TARGET) for _ in range(CALLS))]

    def jwts():
        now = int(time.time())
        return [jwt.encode({**claims, "iat": now, "exp": now + 60}, KEY, "HS256")] * 1000

    return best({
        "sign": lambda: (lambda _: sign(METHOD, NAME, TARGET), range(CALLS)),
        "verify": lambda: (verified, proofs()),
        "sign_by_hand": lambda: (lambda _: sign_by_hand(METHOD, NAME, TARGET), range(CALLS)),
        "verify_by_hand": lambda: (lambda toki: verify_by_hand(METHOD, NAME, TARGET, toki), [sign_by_hand(METHOD, NAME, TARGET) for _ in range(CALLS)]),
        "service_by_hand": lambda: (
            lambda toki: service_by_hand({b"kidkidki": KEY}, seen, METHOD, NAME, TARGET, toki), [sign_by_hand(METHOD, NAME, TARGET) for _ in range(CALLS)]
        ),
        "jwt_encode": lambda: (lambda _: jwt.encode({**claims, "exp": int(time.time()) + 60}, KEY, "HS256"), range(1000)),
        "jwt_decode": lambda: (lambda text: jwt.decode(text, KEY, ["HS256"], audience=NAME), jwts()),
        "itsdangerous_sign": lambda: (lambda _: signer.sign(TARGET), range(1000)),
        "itsdangerous_unsign": lambda: (lambda text: signer.unsign(text, 60), [signer.sign(TARGET)] * 1000),
    })  # fmt: skip


def rows(fast, slow):
    def row(what, ours, peer, theirs, bar=None):
        ratio = ours / theirs
        return {"what": what, "ours_ns": round(ours, 1), "peer": peer, "peer_ns": round(theirs, 1), "ratio": round(ratio, 3), "bar": bar,
                "met": None if bar is None else ratio <= bar}  # fmt: skip

    return [
        row("toki verify (as Service.verify)", fast["verify"], "by hand", fast["verify_by_hand"], 0.35),
        row("toki sign (as Client.sign)", fast["sign"], "by hand", fast["sign_by_hand"], 0.35),
        row("Service.verify", fast["verify"], "by hand with a set", fast["service_by_hand"], 0.6),
        row("Service.verify, ctypes", slow["verify"], "by hand with a set", slow["service_by_hand"]),
        row("Client.sign, ctypes", slow["sign"], "by hand", slow["sign_by_hand"]),
        row("Client.sign", fast["sign"], "PyJWT encode HS256", fast["jwt_encode"]),
        row("Service.verify", fast["verify"], "PyJWT decode HS256", fast["jwt_decode"]),
        row("Client.sign", fast["sign"], "itsdangerous TimestampSigner.sign", fast["itsdangerous_sign"]),
        row("Service.verify", fast["verify"], "itsdangerous TimestampSigner.unsign", fast["itsdangerous_unsign"]),
    ]


def main():
    if "--measure" in sys.argv:
        print(json.dumps(measure()))
        return 0
    # A process each: the path is chosen at import.
    told = []
    for env in ({}, {"OSCARTOKI_NO_EXTENSION": "1"}):
        command = [sys.executable, str(Path(__file__).resolve()), "--measure"]
        told.append(json.loads(subprocess.run(command, env={**os.environ, **env}, check=True, capture_output=True, text=True).stdout))
    for row in rows(*told):
        if "--json" in sys.argv:
            print(json.dumps(row))
        else:
            met = "" if row["met"] is None else "met" if row["met"] else "MISSED"
            print(f"{row['what']:32} {row['ours_ns']:9.0f} ns   {row['peer']:36} {row['peer_ns']:9.0f} ns   ratio {row['ratio']:.2f}   bar {row['bar'] or '-'}   {met}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
