package com.oscartoki

import com.oscartoki.internal.Cold
import com.oscartoki.internal.Held
import com.oscartoki.internal.Kind
import com.oscartoki.internal.Slice
import com.oscartoki.internal.hex
import com.oscartoki.internal.inDirectBuffer
import com.oscartoki.internal.keep
import java.nio.ByteBuffer
import java.nio.ByteOrder
import com.oscartoki.internal.core.SignedMessage as NativeSignedMessage

/** A message that was signed: [toki] is its header, [acceptReply] judges its one RPC reply. */
public class SignedMessage internal constructor(private val native: NativeSignedMessage) : AutoCloseable {
    /** The header `oscartoki` of the message. */
    public val toki: String get() = native.toki()

    /** Accepts the reply, once; the consumer's time in milliseconds. */
    @JvmOverloads
    public fun acceptReply(toki: String?, body: ByteArray = NOTHING, ext: ByteArray = NOTHING): Long =
        speaking { native.acceptReply(toki, inDirectBuffer(ext), inDirectBuffer(body)) }

    /** Forgets it. */
    override fun close(): Unit = native.close()

    override fun toString(): String = "SignedMessage($toki)"
}

/** Whether a message was seen before. */
public enum class Freshness {
    /** No consumer that shares the memory has seen it. */
    FRESH,

    /** One has: it was delivered again, or replayed. */
    DUPLICATE,

    /** Nobody remembers. */
    UNCHECKED,
}

/** A message that was verified. */
public class VerifiedMessage private constructor(private val struct: ByteBuffer) : AutoCloseable {
    private val held = Held(this, Kind.MESSAGE, struct.getLong(32))

    /** The key id of the sender. */
    public val kid: ByteArray get() = ByteArray(8) { struct.get(16 + it) }

    /** When it was minted. */
    public val tsMs: Long get() = struct.getLong(0)

    /** Its life in seconds. */
    public val ttlS: Long get() = struct.getLong(8)

    /** The nonce. */
    public val nonce: ByteArray get() = ByteArray(8) { struct.get(24 + it) }

    /** Whether it was seen before. */
    public val freshness: Freshness get() = Freshness.values()[struct.getInt(40)]

    /** The toki of the RPC reply. */
    @JvmOverloads
    public fun reply(body: ByteArray = NOTHING, ext: ByteArray = NOTHING, nowMs: Long = wall()): String =
        Cold.text("message_reply", SignedRequest.TOKI, held.now, Slice(ext), Slice(body), nowMs).also { keep(this) }

    /** Forgets it. */
    override fun close(): Unit = held.close()

    override fun toString(): String = "VerifiedMessage(kid ${hex(kid)}, $freshness)"

    internal companion object {
        fun verify(service: Long, packed: ByteArray, body: ByteArray?, memory: MessageMemory?, maxTtlS: Long, nowMs: Long): VerifiedMessage {
            val struct = ByteArray(48)
            Cold.call("service_verify_message", service, Slice(packed), Slice(body), memory?.held?.now ?: 0L, maxTtlS, nowMs, struct)
            memory?.let(::keep)
            return VerifiedMessage(ByteBuffer.wrap(struct).order(ByteOrder.nativeOrder()))
        }
    }
}

/** A presigned URL that was verified. */
public class VerifiedUrl internal constructor(
    /** The key id of the signer. */
    public val kid: ByteArray,
    /** The last good millisecond. */
    public val expMs: Long,
    /** What was signed, without the parameter. */
    public val target: String,
)

/** A ticket that was verified, and is spent. */
public class VerifiedTicket internal constructor(
    /** The key id of the client. */
    public val kid: ByteArray,
    /** The connection id. */
    public val connection: ByteArray,
    /** When it was minted. */
    public val tsMs: Long,
    /** It was bound to the Origin. */
    public val originBound: Boolean,
)
