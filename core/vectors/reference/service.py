"""Section 6: the service, line by line; and section 8's verifiers, which share its keys and memory."""

import carried
import fields
from toki import EXT, BODY, SESSION, Grant, RequestToki, request_mac
from wire import F_MS, mac, number, require, same

DAY_S = 86_400
WEEK_MS = 7 * DAY_S * 1000
MESSAGE_AHEAD_MS = 300_000


class Service:
    def __init__(self, keys, names, start_ms, window_ms=30_000, max_ttl_s=600, first_start=True, capacity=None):
        self.ring = {}
        for key in keys:
            held = self.ring.setdefault(key.kid, key)
            require(held.ak == key.ak, "kid_taken")
        self.names = names
        self.window, self.max_ttl, self.capacity = window_ms, max_ttl_s, capacity
        self.floor = max(0, start_ms - window_ms if first_start else start_ms + 2 * F_MS)
        self.seen = {}  # tag -> ts
        self.revoked, self.revoked_sessions, self.marks = set(), set(), {}

    # Revocations

    def revoke_key(self, kid):
        self.revoked.add(kid)

    def revoke_session(self, kid, sid):
        self.revoked_sessions.add((kid, sid))

    def revoke_issued_before(self, kid, mark):
        self.marks[kid] = max(mark, self.marks.get(kid, mark))

    # The lines of section 6

    def key(self, kid):
        require(kid in self.ring, "unknown_key")
        return self.ring[kid]

    def line_4(self, kid, grant):
        require(kid not in self.revoked, "revoked")
        if grant:
            require((kid, grant.sid) not in self.revoked_sessions, "revoked")
            require(kid not in self.marks or grant.iat >= self.marks[kid], "revoked")

    def line_5(self, ts, now):
        self.floor = max(self.floor, now - self.window)
        require(self.floor < ts <= now + F_MS, "stale")

    def line_7(self, tag, ts):
        self.seen = {held: at for held, at in self.seen.items() if self.floor < at}
        require(tag not in self.seen, "replayed")
        require(self.capacity is None or len(self.seen) < self.capacity, "busy")
        self.seen[tag] = ts

    def verify(self, request, text, grant_text, now, arrived=None):
        require(text is not None, "missing")
        toki = RequestToki.parse(text)
        grant = Grant.parse(grant_text) if grant_text is not None else None
        covered = request.fields("malformed")
        digest = request.content.digest("malformed")
        require(bool(toki.flags & SESSION) == (grant is not None), "malformed")
        require(grant is None or grant.sid == toki.id, "malformed")
        require(bool(toki.flags & BODY) == (digest is not None), "malformed")
        require(bool(toki.flags & EXT) == bool(request.ext), "malformed")
        require(fields.authority(request.authority, "malformed") in self.names, "unknown_authority")

        kid = grant.kid if grant else toki.id
        key = self.key(kid)
        context = key.session(grant.raw) if grant else key.root()
        require(same(request_mac(context, toki.raw[:24], covered, digest), toki.tag), "bad_mac")
        self.line_4(kid, grant)
        self.line_5(toki.ts, now)
        require(grant is None or toki.ts <= grant.exp * 1000, "grant_expired")
        self.line_7(toki.tag, toki.ts)
        if grant:
            require(1 <= grant.ttl <= self.max_ttl and grant.iat * 1000 <= now + F_MS, "policy")
        if arrived is not None and request.content.announced is not None:
            require(same(fields.sha256(arrived), digest), "body_mismatch")
        return {
            "kid_hex": kid.hex(),
            "sid_hex": grant.sid.hex() if grant else None,
            "ts_ms": toki.ts,
            "nonce_hex": toki.nonce.hex(),
            "want": toki.want,
        }

    # Section 8

    def message(self, message, text, now):
        require(text is not None, "missing")
        raw = carried.parse_message(text, message)
        kid, ts, ttl = raw[2:10], number(raw[10:16]), number(raw[24:28])
        expected = mac(self.key(kid).use("msg"), raw[:28] + message.fields("malformed"))[:16]
        require(same(expected, raw[28:]), "bad_mac")
        require(kid not in self.revoked, "revoked")
        require(1 <= ttl <= DAY_S, "policy")
        require(now >= ts - MESSAGE_AHEAD_MS, "not_yet")
        require(now <= ts + ttl * 1000, "expired")
        return {"kid_hex": kid.hex(), "ts_ms": ts, "ttl_s": ttl, "verdict": "unchecked"}

    def url(self, method, authority, target, ext, now):
        raw, covered = carried.parse_url(method, authority, target, ext)
        kid, exp = raw[2:10], number(raw[10:16])
        require(fields.authority(authority, "malformed") in self.names, "unknown_authority")
        require(same(mac(self.key(kid).use("url"), raw[:16] + covered)[:16], raw[16:]), "bad_mac")
        require(kid not in self.revoked, "revoked")
        require(exp <= now + WEEK_MS, "policy")
        require(now <= exp, "expired")
        return {"kid_hex": kid.hex(), "exp_ms": exp}

    def ticket(self, text, origin, now):
        require(text is not None, "missing")
        ticket = carried.Ticket.parse(text)
        expected = ticket.expected(self.key(ticket.kid), origin)
        require(ticket.bound <= (origin is not None) and same(expected, ticket.tag), "bad_mac")
        self.line_4(ticket.kid, None)
        self.line_5(ticket.ts, now)
        self.line_7(ticket.tag, ticket.ts)
        return {"kid_hex": ticket.kid.hex(), "connection_hex": ticket.connection.hex(), "ts_ms": ticket.ts}
