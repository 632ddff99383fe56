package com.oscartoki

import jakarta.servlet.ReadListener
import jakarta.servlet.ServletInputStream
import java.security.MessageDigest

/** The body of a request that comes as it is sent, the request's input stream as well: read it whole, then [finish]. Only then is it verified. */
public class StreamedBody internal constructor(private val pending: PendingBody, private val source: ServletInputStream) : ServletInputStream() {
    private val hash = MessageDigest.getInstance("SHA-256")
    private var size = 0L
    private var verdict: Verdict? = null

    /** Reads what is left; what was verified. Throws `body_mismatch`; the filter then answers. */
    public fun finish(): VerifiedRequest {
        val verdict = settle()
        verdict.throwForRefusal()
        return verdict as VerifiedRequest
    }

    internal fun settle(): Verdict =
        verdict ?: run {
            val chunk = ByteArray(16_384)
            while (read(chunk, 0, chunk.size) >= 0) continue
            (if (size == 0L) pending.finish(null) else pending.finishDigest(hash.digest())).also { verdict = it }
        }

    override fun read(): Int {
        val one = ByteArray(1)
        return if (read(one, 0, 1) < 0) -1 else one[0].toInt() and 0xFF
    }

    override fun read(into: ByteArray, offset: Int, length: Int): Int {
        val got = source.read(into, offset, length)
        if (got > 0) {
            hash.update(into, offset, got)
            size += got
        }
        return got
    }

    override fun isFinished(): Boolean = source.isFinished

    override fun isReady(): Boolean = source.isReady

    override fun setReadListener(listener: ReadListener): Unit = source.setReadListener(listener)
}
