package com.oscartoki;

import java.util.HexFormat;
import java.util.Optional;

/** Authentic, fresh and allowed: it may run. */
public final class VerifiedRequest implements Verdict {
    final Judged judged;

    VerifiedRequest(Judged judged) {
        this.judged = judged;
    }

    @Override
    public boolean accepted() {
        return true;
    }

    /** The key id of the client: who asks. */
    public byte[] kid() {
        return judged.id(Layouts.Verdict.KID);
    }

    /** The session that it was sent in. */
    public Optional<byte[]> sid() {
        return judged.sid();
    }

    /** The name that it was sent to, normalised. */
    public String authority() {
        return judged.authority();
    }

    /** When it was signed, by the client's corrected clock. */
    public long tsMs() {
        return judged.int64(Layouts.Verdict.TS_MS);
    }

    /** Its nonce. */
    public byte[] nonce() {
        return judged.id(Layouts.Verdict.NONCE);
    }

    /** Whether it asks for a grant. */
    public boolean want() {
        return judged.flag(Layouts.Verdict.WANT);
    }

    /** 2, or 1 for OscarToki v1. */
    public int version() {
        return judged.version();
    }

    @Override
    public void close() {
        judged.close();
    }

    @Override
    public String toString() {
        HexFormat hex = HexFormat.of();
        return "VerifiedRequest(kid " + hex.formatHex(kid()) + sid().map(sid -> ", sid " + hex.formatHex(sid)).orElse("") + ", " + authority() + ")";
    }
}
