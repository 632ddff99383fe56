package com.oscartoki

/** A wall clock. */
public fun interface Clock {
    /** Milliseconds since 1970. */
    public fun nowMs(): Long

    public companion object {
        /** This machine's. */
        @JvmField public val SYSTEM: Clock = Clock { System.currentTimeMillis() }
    }
}

internal fun wall(): Long = System.currentTimeMillis()

// 0 says that there is none.
private val began = System.nanoTime()

/** Milliseconds of a clock that nobody sets. */
internal fun mono(): Long = (System.nanoTime() - began) / 1_000_000 + 1
