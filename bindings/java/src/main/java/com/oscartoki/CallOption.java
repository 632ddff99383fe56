package com.oscartoki;

/** What a caller says of one request. */
public enum CallOption {
    /** It may be resent although its method is unsafe: idempotency-key is among the covered headers. */
    REPEATABLE(1),
    /** The clock is known to be right: no probe. */
    TRUST_CLOCK(2),
    /** A probe goes first, whatever the clock says. */
    VERIFY_FIRST(4),
    /** It is the resend of a request: its answer never asks for another. */
    RESEND(8),
    /** An answer whose content is not covered, as of a stream, is taken. */
    STREAM(16);

    private final int bit;

    CallOption(int bit) {
        this.bit = bit;
    }

    static int bits(CallOption... options) {
        int bits = 0;
        for (CallOption option : options) bits |= option.bit;
        return bits;
    }
}
