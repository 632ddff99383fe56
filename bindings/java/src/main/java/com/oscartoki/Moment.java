package com.oscartoki;

/**
 * A client's two clocks, read together.
 *
 * @param wallMs milliseconds since the epoch
 * @param monoMs any monotonic clock in milliseconds; 0 says there is none
 */
public record Moment(long wallMs, long monoMs) {
    /** By the clocks of this machine. */
    public static Moment now() {
        // 0 is none: System.nanoTime may begin anywhere.
        return new Moment(System.currentTimeMillis(), Math.max(1, System.nanoTime() / 1_000_000 - BEGAN));
    }

    private static final long BEGAN = System.nanoTime() / 1_000_000 - 1;
}
