"""Section 7: the client. A root holder has a key, a delegate a grant and its S."""

from dataclasses import dataclass

import fields
from keys import Context, parse_key_text
from toki import CODE_NAMES, Grant, RequestToki, may_adopt, mint_request, verify_answer
from wire import Refusal, require

SAFE = ("GET", "HEAD", "OPTIONS")
HOUR_MS = 3_600_000
NOTHING_RAN = ("grant_expired", "body_mismatch", "policy")  # signed 3, 5, 6


@dataclass
class Pending:
    """What accept needs to know of the request that was signed."""

    toki: RequestToki
    context: Context
    sent: int
    probe: bool
    may_resend: bool
    used: bool = False


class Client:
    def __init__(self, key=None, delegated=None):
        self.key, self.grants = key, []
        self.offset, self.received = None, None
        if delegated is not None:
            data = parse_key_text("oz2.", delegated)
            self.grant = Grant.parse_raw(data[:32])
            self.delegate_context = Context.of_session(data[32:])

    # Sign

    def is_safe(self, request, repeatable):
        if request.method in SAFE:
            return True
        if not repeatable:
            return False
        found = dict(fields.pairs(request.ext) or [])
        require(found.get(b"idempotency-key"), "unsignable")
        return True

    def has_sample(self, now):
        return self.received is not None and 0 <= now - self.received < HOUR_MS

    def live_grant(self, ts):
        newest = None
        for grant in self.grants:
            if newest is None or grant.exp >= newest.exp:
                newest = grant
        return newest if newest and ts <= newest.exp * 1000 else None

    def sign(self, request, now, nonce, repeatable=False, trust_clock=False, resend=False):
        """(pending, grant that goes along or None)."""
        request.fields("unsignable")
        request.content.digest("unsignable")
        safe = self.is_safe(request, repeatable)
        ts = max(1, now + (self.offset or 0))
        probe = not (safe or trust_clock or self.has_sample(now))
        if not self.key:
            over = ts > self.grant.exp * 1000
            if over and (trust_clock or self.received is not None):
                raise Refusal("grant_expired")
            probe = probe or over
        if probe:
            request = fields.Request("HEAD", request.authority, request.target, request.ext, fields.Content())
            ts = 0
        if not self.key:
            grant, context, want = self.grant, self.delegate_context, False
        else:
            grant = None if probe else self.live_grant(ts)
            context = self.key.session(grant.raw) if grant else self.key.root()
            want = not grant or 2 * (ts - grant.iat * 1000) >= grant.ttl * 1000
        ident = grant.sid if grant else self.key.kid
        toki = mint_request(context, ident, grant is not None, request, ts, nonce, want)
        return Pending(toki, context, now, probe, safe and not probe and not resend), grant

    # Accept

    def accept(self, pending, text, answer, now):
        """What an `accept` step expects: a dict, of an answer or of a refusal."""
        fresh, pending.used = not pending.used, True
        try:
            require(fresh, "replayed")
            toki, grant, uncovered = verify_answer(pending.context, pending.toki.tag, text, answer)
        except Refusal as refusal:
            return {
                "error": refusal.name,
                "may_have_run": not pending.probe,
                "signed": False,
                "resend": False,
                "status": answer.status,
            }
        self.take_clock(pending, toki, now)
        adopted, grant_error = self.take_grant(pending, toki, grant)
        said = {
            "offset_ms": self.offset,
            "sid_hex": adopted.sid.hex() if adopted else None,
            "grant_error": grant_error,
            "signed": True,
            "status": answer.status,
        }
        error = self.verdict(pending, toki.code, uncovered)
        if error is None:
            return said | {"code": toki.code, "resend": False}
        ran = not pending.probe and not (toki.code and error in NOTHING_RAN)
        resend = pending.may_resend and toki.code in (1, 2)
        return said | {"code": toki.code, "error": error, "may_have_run": ran, "resend": resend}

    def take_clock(self, pending, toki, received):
        if received < pending.sent:
            return
        lo, hi = toki.ts - received, toki.ts - pending.sent
        if self.offset is None or self.offset > hi:
            self.offset = lo
        else:
            self.offset = max(self.offset, lo)
        self.received = received

    def take_grant(self, pending, toki, grant):
        """(adopted or None, `bad_grant` or None)."""
        if not self.key or not grant:
            return None, None
        if not may_adopt(self.key, pending.toki, grant, toki.ts):
            return None, "bad_grant"
        self.grants.append(grant)
        return grant, None

    @staticmethod
    def verdict(pending, code, uncovered):
        if pending.probe:
            if code == 1:
                return None
            return CODE_NAMES[code] if code else "policy"
        if code:
            return CODE_NAMES[code]
        return "policy" if uncovered else None
