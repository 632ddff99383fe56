package com.oscartoki

/** What is special about one request; combined with [plus]: `CallOptions.VERIFY_FIRST + CallOptions.STREAM`. */
public class CallOptions private constructor(internal val bits: Int) {
    /** Both. */
    public operator fun plus(other: CallOptions): CallOptions = CallOptions(bits or other.bits)

    internal operator fun contains(other: CallOptions): Boolean = bits and other.bits == other.bits

    override fun equals(other: Any?): Boolean = other is CallOptions && other.bits == bits

    override fun hashCode(): Int = bits

    override fun toString(): String = "CallOptions($bits)"

    public companion object {
        /** Nothing special. */
        @JvmField public val NONE: CallOptions = CallOptions(0)

        /** May be resent although its method is unsafe: it has an `idempotency-key` in ext. */
        @JvmField public val REPEATABLE: CallOptions = CallOptions(1)

        /** The clock is known to be right: no probe. */
        @JvmField public val TRUST_CLOCK: CallOptions = CallOptions(2)

        /** A probe goes first, whatever the clock says. */
        @JvmField public val VERIFY_FIRST: CallOptions = CallOptions(4)

        /** This is the resend of a request: its answer never asks for another. For [Client.sign]; a [Call] knows by itself. */
        @JvmField public val RESEND: CallOptions = CallOptions(8)

        /** Takes an answer whose content is not covered. */
        @JvmField public val STREAM: CallOptions = CallOptions(16)
    }
}
