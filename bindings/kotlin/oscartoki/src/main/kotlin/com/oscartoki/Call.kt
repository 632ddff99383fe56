package com.oscartoki

import com.oscartoki.internal.Door
import com.oscartoki.internal.Held
import com.oscartoki.internal.Kind
import com.oscartoki.internal.Plain
import com.oscartoki.internal.Scratch
import com.oscartoki.internal.keep
import com.oscartoki.internal.textAt
import com.sun.jna.Native
import com.sun.jna.Platform
import java.nio.ByteBuffer
import java.nio.ByteOrder

/**
 * One request on its way, without a socket: probe, request, resend. The loop that every adapter is:
 * ```
 * while (true) {
 *     val step = call.next()
 *     if (step.kind != Step.Kind.SEND) return step.outcome.throwForRefusal()
 *     // send with step.method and step.headers, then call.received(status, headers, body)
 * }
 * ```
 */
public class Call internal constructor(private val client: Client, handle: Long) : AutoCloseable {
    private val held = Held(this, Kind.CALL, handle)

    /** The next step. Asked again before an answer was given, it is the same; after the end, the same end. */
    @JvmOverloads
    public fun next(nowMs: Long = client.clock.nowMs(), monoMs: Long = mono()): Step {
        val scratch = Scratch.here()
        val status = Door.callNext(held.now, nowMs, monoMs, scratch)
        keep(this)
        if (status != 0) throw OscarError.of(status)
        return Step(scratch.bytes(0, Step.SIZE))
    }

    /** The answer came: its head, and its content after removing content-coding; the clocks are those when the head arrived. */
    @JvmOverloads
    public fun received(
        status: Int,
        headers: Iterable<Map.Entry<String, String>>,
        body: ByteArray? = null,
        receivedMs: Long = client.clock.nowMs(),
        monoMs: Long = mono(),
    ) {
        val scratch = Scratch.here()
        scratch.be16(status)
        scratch.headers(headers)
        Door.callReceived(held.now, scratch.place(body), receivedMs, monoMs)
        keep(this)
    }

    /** An answer came whose content is over the client's limit. */
    public fun tooLarge(status: Int) {
        Plain.oscar_call_too_large(held.now, status.toShort())
        keep(this)
    }

    /** No answer came: a network failure. */
    public fun failed() {
        Plain.oscar_call_failed(held.now)
        keep(this)
    }

    /** Forgets it. */
    override fun close(): Unit = held.close()
}

/** What the owner of a [Call] does next: send, or it ended with [outcome]. */
public class Step internal constructor(private val struct: ByteArray) {
    /** What to do. */
    public enum class Kind {
        /** Send a request with [method] and [headers], then say what came. */
        SEND,

        /** The answer is authentic and accepted. */
        DONE,

        /** Refused, or not authentic; nothing more is to be sent. */
        FAILED,
    }

    /** What to do. */
    public val kind: Kind get() = Kind.values()[int(0)]

    /** To send: the method; HEAD for a probe. */
    public val method: String get() = struct.textAt(4, METHOD)

    /** To send: our headers, `content-digest` among them where it is sent. A probe goes without content and what [Client.dropsFromProbe] names. */
    public val headers: Map<String, String>
        get() {
            val headers = LinkedHashMap<String, String>()
            put(headers, "oscartoki", SIGNED, SignedRequest.TOKI)
            put(headers, "oscartokikey", SIGNED + SignedRequest.TOKI, SignedRequest.GRANT)
            put(headers, "content-digest", 4 + METHOD, DIGEST)
            return headers
        }

    /** To send: it is a probe. */
    public val isProbe: Boolean get() = flag(SIGNED + SignedRequest.SIZE - 1)

    /** Done or failed: what became of it. */
    public val outcome: Outcome get() = Outcome(struct.copyOfRange(OUTCOME, OUTCOME + Outcome.SIZE))

    /** How many requests went out, the probe included. */
    public val requests: Int get() = int(COUNT)

    /** A probe went out. */
    public val probed: Boolean get() = flag(COUNT + 4)

    /** The request was resent. */
    public val resent: Boolean get() = flag(COUNT + 5)

    /** The last request that went out was signed in a session. */
    public val inSession: Boolean get() = flag(COUNT + 6)

    override fun toString(): String = "Step($kind${if (kind == Kind.SEND) " $method" else ", $outcome"})"

    private fun put(headers: MutableMap<String, String>, name: String, at: Int, room: Int) {
        if (struct[at].toInt() != 0) headers[name] = struct.textAt(at, room)
    }

    private fun flag(at: Int) = struct[at].toInt() != 0

    private fun int(at: Int) = ByteBuffer.wrap(struct).order(ByteOrder.nativeOrder()).getInt(at)

    internal companion object {
        private const val METHOD = 33
        private const val DIGEST = 56
        private const val SIGNED = 4 + METHOD + DIGEST

        // A 64-bit number is aligned to 8 bytes, but on 32-bit x86 to 4.
        private val ALIGNED = if (Platform.isIntel() && Native.POINTER_SIZE == 4) 4 else 8
        private val OUTCOME = (SIGNED + SignedRequest.SIZE + ALIGNED - 1) / ALIGNED * ALIGNED
        private val COUNT = OUTCOME + Outcome.SIZE
        val SIZE = COUNT + 8
    }
}
