package com.oscartoki

import com.oscartoki.internal.Held
import com.oscartoki.internal.Kind
import com.oscartoki.internal.hex
import com.oscartoki.internal.textAt
import java.nio.ByteBuffer
import java.nio.ByteOrder

/** One signed request, or the probe that must go before it ([isProbe]). Its answer is accepted once. */
public class SignedRequest internal constructor(private val struct: ByteArray, context: Long) : AutoCloseable {
    internal val context = Held(this, Kind.SIGN_CONTEXT, context)

    /** The header `oscartoki`. */
    public val toki: String get() = struct.textAt(0, TOKI)

    /** The header `oscartokikey`; null outside of a session, then it is not sent. */
    public val grant: String? get() = if (inSession) struct.textAt(TOKI, GRANT) else null

    /** It signs a probe: send HEAD with the same target and covered headers, without content; accept its answer; sign again. */
    public val isProbe: Boolean get() = struct[TOKI + GRANT].toInt() != 0

    /** Signed in a session. */
    public val inSession: Boolean get() = struct[TOKI].toInt() != 0

    /** What to send: `oscartoki` and, in a session, `oscartokikey`. */
    public val headers: Map<String, String>
        get() = grant.let { if (it == null) mapOf("oscartoki" to toki) else mapOf("oscartoki" to toki, "oscartokikey" to it) }

    /** Forgets it, when it is not sent. */
    override fun close(): Unit = context.close()

    override fun toString(): String = "SignedRequest(probe $isProbe, in session $inSession)"

    internal companion object {
        const val TOKI = 59
        const val GRANT = 48
        const val SIZE = TOKI + GRANT + 1
    }
}

/** What became of a request, as far as the client can know. */
public class Outcome internal constructor(struct: ByteArray) {
    private val struct: ByteBuffer = ByteBuffer.wrap(struct).order(ByteOrder.nativeOrder())
    private val errorStatus: Int get() = struct.getInt(0)
    private val grantStatus: Int get() = struct.getInt(4)

    /** The name of the error; null: the answer is accepted. */
    public val name: String? get() = if (errorStatus == 0) null else OscarError.nameOf(errorStatus)

    /** Why the answer is refused; null: it is accepted. */
    public val error: OscarError?
        get() = if (errorStatus == 0) null else OscarError.of(errorStatus, null, mayHaveRun, signed, status)

    /** The code of an authentic answer, 0 to 7. */
    public val code: Int? get() = struct.getInt(8).takeIf { it >= 0 }

    /** The HTTP status; of an answer that is not authentic it is hearsay; null when no answer came. */
    public val status: Int? get() = struct.getInt(12).takeIf { it >= 0 }

    /** How far the service's clock is ahead, as far as answers have told. */
    public val offsetMs: Long? get() = if (flag(36)) struct.getLong(16) else null

    /** The session id of an adopted grant. */
    public val adoptedSid: ByteArray? get() = if (flag(35)) ByteArray(8) { struct.get(24 + it) } else null

    /** False only where it is certain that the request had no effect. */
    public val mayHaveRun: Boolean get() = flag(32)

    /** The answer is authentic. */
    public val signed: Boolean get() = flag(33)

    /** Sign and send the request once more, with [CallOptions.RESEND]. */
    public val resend: Boolean get() = flag(34)

    /** The content, or that there is none, is authentic. */
    public val contentAuthentic: Boolean get() = flag(37)

    /** It is the outcome of a probe. */
    public val isProbe: Boolean get() = flag(38)

    /** `bad_grant` when the answer's grant was dropped. */
    public val grantError: String? get() = if (grantStatus == 0) null else OscarError.nameOf(grantStatus)

    /** Throws [error], if there is one. */
    public fun throwForRefusal() {
        error?.let { throw it }
    }

    override fun toString(): String = "Outcome(${name ?: "accepted"}, code $code, status $status, may have run: $mayHaveRun${adoptedSid?.let { ", sid ${hex(it)}" } ?: ""})"

    private fun flag(at: Int) = struct.get(at).toInt() != 0

    internal companion object {
        const val SIZE = 40
    }
}
