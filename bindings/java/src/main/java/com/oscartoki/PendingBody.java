package com.oscartoki;

import java.util.HexFormat;
import java.util.Optional;

/** As good as verified, but for its content, which Content-Digest named: read it, then {@link #finish}. */
public final class PendingBody implements Verdict {
    final Judged judged;

    PendingBody(Judged judged) {
        this.judged = judged;
    }

    /** The key id of the client. */
    public byte[] kid() {
        return judged.id(Layouts.Verdict.KID);
    }

    /** The session that it was sent in. */
    public Optional<byte[]> sid() {
        return judged.sid();
    }

    /** Compares what arrived, all of it, with what was signed; once. */
    public Verdict finish(byte[] body) {
        return finish(body == null ? new byte[0] : body, null);
    }

    /** {@link #finish(byte[])} by the SHA-256 of what arrived. */
    public Verdict finishDigest(byte[] digest) {
        if (digest.length != 32) throw new IllegalArgumentException("a SHA-256 has 32 bytes");
        return finish(new byte[0], digest);
    }

    private Verdict finish(byte[] body, byte[] digest) {
        Door.Struct verdict = new Door.Struct(Layouts.Verdict.SIZE);
        Door.call("service_finish", judged.context, body, Door.Fixed.digest(digest), verdict);
        judged.context.used();
        return Judged.of(verdict.words());
    }

    /** The body is over the limit: signed policy with status 413. */
    public Refusal tooLarge() {
        Door.Struct verdict = new Door.Struct(Layouts.Verdict.SIZE);
        Door.call("service_too_large", judged.context, verdict);
        judged.context.used();
        return (Refusal) Judged.of(verdict.words());
    }

    @Override
    public void close() {
        judged.close();
    }

    @Override
    public String toString() {
        return "PendingBody(kid " + HexFormat.of().formatHex(kid()) + ")";
    }
}
