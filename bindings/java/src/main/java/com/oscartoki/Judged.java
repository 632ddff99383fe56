package com.oscartoki;

import java.util.Optional;

/** What C wrote into an oscar_verdict, and the hold on its context. */
final class Judged {
    private final long[] struct;
    final Handle context;
    final String detail;

    private Judged(long[] struct, String detail) {
        this.struct = struct;
        this.detail = detail;
        long held = Layouts.int64(struct, Layouts.Verdict.CONTEXT);
        context = held == 0 ? null : new Handle(held, "verdict_free");
    }

    static long[] room() {
        return new long[Layouts.Verdict.SIZE / 8];
    }

    /** The verdict of its kind. */
    static Verdict of(long[] struct) {
        int status = (int) struct[0];
        return switch (status) {
            case Door.OK -> new VerifiedRequest(new Judged(struct, null));
            case Door.PENDING -> new PendingBody(new Judged(struct, null));
            case Door.HANDSHAKE -> new Handshake(new Judged(struct, null));
            default -> new Refusal(new Judged(struct, Door.detail()));
        };
    }

    /** Of fields that did not even fit: the call was not made of them. */
    static Verdict malformed(long[] struct) {
        struct[Layouts.Verdict.STATUS / 8] = Door.MALFORMED | 0xFFFF_FFFFL << 32;
        struct[Layouts.Verdict.HTTP_STATUS / 8] = 400;
        struct[Layouts.Verdict.CONTEXT / 8] = 0;
        return new Refusal(new Judged(struct, "a field is longer than 65,535 bytes"));
    }

    int int32(int at) {
        return Layouts.int32(struct, at);
    }

    long int64(int at) {
        return Layouts.int64(struct, at);
    }

    boolean flag(int at) {
        return Layouts.flag(struct, at);
    }

    byte[] id(int at) {
        return Layouts.id(struct, at);
    }

    int version() {
        return Layouts.int8(struct, Layouts.Verdict.VERSION);
    }

    Optional<byte[]> sid() {
        return flag(Layouts.Verdict.IN_SESSION) ? Optional.of(id(Layouts.Verdict.SID)) : Optional.empty();
    }

    String authority() {
        return Layouts.text(struct, Layouts.Verdict.AUTHORITY);
    }

    void close() {
        if (context != null) context.close();
    }
}
