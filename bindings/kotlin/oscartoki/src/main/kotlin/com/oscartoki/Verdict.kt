package com.oscartoki

import com.oscartoki.internal.Cold
import com.oscartoki.internal.Door
import com.oscartoki.internal.Held
import com.oscartoki.internal.Kind
import com.oscartoki.internal.Scratch
import com.oscartoki.internal.Slice
import com.oscartoki.internal.hex
import com.oscartoki.internal.textAt
import java.nio.ByteBuffer
import java.nio.ByteOrder

/** What a service says to a request: [VerifiedRequest], [PendingBody], [Refusal] or, of OscarToki v1, [Handshake]. */
public sealed class Verdict(internal val struct: ByteArray) : AutoCloseable {
    internal val context = Held(this, Kind.VERDICT, buffer.getLong(16))
    private val buffer: ByteBuffer get() = ByteBuffer.wrap(struct).order(ByteOrder.nativeOrder())

    /** It may run. */
    public open val accepted: Boolean get() = false

    /** Why it is refused. */
    public open val error: OscarError? get() = null

    /** Throws [error], if there is one. */
    public fun throwForRefusal() {
        error?.let { throw it }
    }

    /** Whether its answer gets a toki. */
    public val signed: Boolean get() = int(4) >= 0

    /** Forgets it, when it is not answered. */
    override fun close(): Unit = context.close()

    internal val errorStatus: Int get() = int(0)
    internal fun int(at: Int) = buffer.getInt(at)
    internal fun long(at: Int) = buffer.getLong(at)
    internal fun flag(at: Int) = struct[at].toInt() != 0
    internal fun id(at: Int) = struct.copyOfRange(at, at + 8)

    internal companion object {
        const val SIZE = 312

        fun read(scratch: Scratch): Verdict {
            val struct = scratch.bytes(0, SIZE)
            return when (scratch.int(0)) {
                0 -> VerifiedRequest(struct)
                PENDING -> PendingBody(struct)
                HANDSHAKE -> Handshake(struct)
                else -> Refusal(struct)
            }
        }
    }
}

/** Authentic, fresh and allowed: it may run. */
public class VerifiedRequest internal constructor(struct: ByteArray) : Verdict(struct) {
    override val accepted: Boolean get() = true

    /** The key id of the client. */
    public val kid: ByteArray get() = id(32)

    /** The session id, in a session. */
    public val sid: ByteArray? get() = if (flag(13)) id(40) else null

    /** The name that it was sent to, normalised. */
    public val authority: String get() = struct.textAt(56, 256)

    /** When it was signed, by the client's corrected clock. */
    public val tsMs: Long get() = long(24)

    /** The nonce. */
    public val nonce: ByteArray get() = id(48)

    /** It asks for a grant. */
    public val want: Boolean get() = flag(14)

    /** 2, or 1 for OscarToki v1. */
    public val version: Int get() = struct[15].toInt()

    override fun toString(): String = "VerifiedRequest(kid ${hex(kid)}${sid?.let { ", sid ${hex(it)}" } ?: ""}, $authority)"
}

/** As good, but for its content, which Content-Digest named: read it, then [finish]. */
public class PendingBody internal constructor(struct: ByteArray) : Verdict(struct) {
    /** The key id of the client. */
    public val kid: ByteArray get() = id(32)

    /** Compares what arrived with what was signed; null and no bytes are the same. */
    public fun finish(body: ByteArray?): Verdict {
        val scratch = Scratch.here().place(body)
        Door.finish(context.take(), scratch, digest = false)
        return read(scratch)
    }

    /** Compares the SHA-256 of what arrived with what was signed. */
    public fun finishDigest(digest: ByteArray): Verdict {
        if (digest.size != 32) throw OscarError.of(MALFORMED, "a digest has 32 bytes")
        val scratch = Scratch.here()
        scratch.raw(digest)
        Door.finish(context.take(), scratch.place(), digest = true)
        return read(scratch)
    }

    /** The body is over the limit. */
    public fun tooLarge(): Refusal {
        val scratch = Scratch.here()
        Door.tooLarge(context.take(), scratch)
        return Refusal(scratch.bytes(0, SIZE))
    }

    override fun toString(): String = "PendingBody(kid ${hex(kid)})"
}

/** The first step of OscarToki v1: nothing runs, [reply] is its answer. */
public class Handshake internal constructor(struct: ByteArray) : Verdict(struct) {
    /** The answer, once: status 200. */
    public fun reply(): Reply {
        val toki = ByteArray(97)
        val body = ByteArray(192)
        Cold.call("service_handshake", context.take(), Slice(toki), Slice(body))
        return Reply(toki.textAt(0, toki.size), body.textAt(0, body.size))
    }

    /** What answers a [Handshake]. */
    public class Reply internal constructor(
        /** The header `oscartoki`. */
        public val toki: String,
        /** The JSON body. */
        public val body: String,
    )
}

/** It must not run. Signed, with a [code], where its MAC was good, else it names itself in the header `oscartoki-error`. */
public class Refusal internal constructor(struct: ByteArray) : Verdict(struct) {
    /** The name of the error. */
    public val name: String get() = OscarError.nameOf(errorStatus)

    /** The code of its answer's toki; null: unsigned. */
    public val code: Int? get() = int(4).takeIf { it >= 0 }

    /** The HTTP status to refuse with. */
    public val status: Int get() = int(8)

    /** The answer carries `WWW-Authenticate: oscartoki`. */
    public val wwwAuthenticate: Boolean get() = flag(12)

    /** 2, or 1 for OscarToki v1. */
    public val version: Int get() = struct[15].toInt()

    override val error: OscarError get() = OscarError.of(errorStatus, null, null, signed, status)

    override fun toString(): String = "Refusal($name, status $status, ${if (signed) "signed" else "unsigned"})"
}

/** The headers of an answer. */
public class AnswerHeaders internal constructor(
    /** The header `oscartoki`. */
    public val toki: String,
    /** The header `oscartokikey`; null: it is not sent. */
    public val grant: String?,
)
