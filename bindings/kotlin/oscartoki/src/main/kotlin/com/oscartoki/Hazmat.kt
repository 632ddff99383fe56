package com.oscartoki

import com.oscartoki.internal.Cold
import com.oscartoki.internal.Scratch
import com.oscartoki.internal.Slice
import com.oscartoki.internal.keep
import java.nio.ByteBuffer
import java.nio.ByteOrder

/**
 * Deterministic twins: the caller gives what must otherwise be random or the clock's. For vectors, tests and tools; a nonce that is used twice
 * breaks the protocol.
 */
public object Hazmat {
    /** The toki of a request, in the session of [grant] when there is one. */
    @JvmStatic
    @JvmOverloads
    public fun mintRequest(
        key: AudienceKey,
        method: String,
        authority: String,
        target: String,
        body: ByteArray? = null,
        tsMs: Long,
        nonce: ByteArray,
        want: Boolean = false,
        grant: String? = null,
        ext: ByteArray? = null,
        digest: ByteArray? = null,
    ): String {
        val request = packed { fields(it, method, authority, target, ext, digest) }
        return Cold.text(
            "hazmat_mint_request", SignedRequest.TOKI, text(key), Slice(grant), request, Slice(body), tsMs, eight(nonce), (if (want) 1 else 0).toByte(),
        )
    }

    /** The grant that answers a request's toki. */
    @JvmStatic
    public fun mintGrant(key: AudienceKey, requestToki: String, sid: ByteArray, expS: Long, ttlS: Long): String =
        Cold.text("hazmat_mint_grant", SignedRequest.GRANT, text(key), Slice(requestToki), eight(sid), expS, ttlS)

    /** The toki of an answer. */
    @JvmStatic
    @JvmOverloads
    public fun mintAnswer(
        key: AudienceKey,
        requestToki: String,
        status: Int,
        body: ByteArray? = null,
        code: Int,
        tsMs: Long,
        sessionGrant: String? = null,
        grant: String? = null,
        ext: ByteArray? = null,
        digest: ByteArray? = null,
    ): String {
        val answer = packed {
            it.be16(status)
            it.field(ext)
            it.field(digest)
            if (grant != null) it.field(grant)
        }
        return Cold.text(
            "hazmat_mint_answer", SignedRequest.TOKI, text(key), Slice(sessionGrant), Slice(requestToki), code, tsMs, answer, Slice(body),
        )
    }

    /** Judges an answer to a request that some other client of the key signed; throws what makes it not authentic. */
    @JvmStatic
    @JvmOverloads
    public fun accept(
        key: AudienceKey,
        requestToki: String,
        status: Int,
        body: ByteArray? = null,
        toki: String?,
        grant: String? = null,
        sessionGrant: String? = null,
        ext: ByteArray? = null,
        digest: ByteArray? = null,
    ): Judged {
        val answer = packed(MALFORMED) {
            it.be16(status)
            it.field(ext)
            it.field(digest)
            it.proofs(toki, grant)
        }
        val struct = ByteArray(Outcome.SIZE)
        val got = Cold.status("hazmat_accept", text(key), Slice(sessionGrant), Slice(requestToki), answer, Slice(body), struct)
        val outcome = Outcome(struct)
        if (!outcome.signed) throw OscarError.of(got)
        val claims = ByteArray(16)
        Cold.call("answer_toki_parse", Slice(toki), claims)
        return Judged(outcome, ByteBuffer.wrap(claims).order(ByteOrder.nativeOrder()).getLong(0))
    }

    /** What an answer says to who holds the key. */
    public class Judged internal constructor(
        /** Its code, an adopted grant, and so on. */
        public val outcome: Outcome,
        /** The service's clock. */
        public val tsMs: Long,
    )

    /** The toki of a message. */
    @JvmStatic
    @JvmOverloads
    public fun mintMessage(
        key: AudienceKey,
        destination: String,
        type: String,
        body: ByteArray?,
        tsMs: Long,
        nonce: ByteArray,
        ttlS: Long,
        ext: ByteArray? = null,
        digest: ByteArray? = null,
    ): String {
        val message = packed {
            it.field(destination)
            it.field(type)
            it.field(ext)
            it.field(digest)
        }
        return Cold.text("hazmat_mint_message", 64, text(key), message, Slice(body), tsMs, eight(nonce), ttlS)
    }

    /** A presigned target. */
    @JvmStatic
    @JvmOverloads
    public fun mintUrl(key: AudienceKey, method: String, authority: String, target: String, expMs: Long, ext: ByteArray? = null): String {
        val request = packed { fields(it, method, authority, target, ext, null) }
        return Cold.text("hazmat_mint_url", target.toByteArray().size + 64, text(key), request, expMs)
    }

    /** A websocket ticket. */
    @JvmStatic
    @JvmOverloads
    public fun mintTicket(key: AudienceKey, connection: ByteArray, tsMs: Long, nonce: ByteArray, origin: String? = null): String =
        Cold.text("hazmat_mint_ticket", 400, text(key), Slice(connection), Slice(origin), tsMs, eight(nonce))

    /** [Client.sign] with a nonce that the caller gives; [Client.accept] takes its answer. */
    @JvmStatic
    @JvmOverloads
    public fun sign(
        client: Client,
        method: String,
        authority: String,
        target: String,
        body: ByteArray? = null,
        nonce: ByteArray,
        nowMs: Long,
        monoMs: Long = 0,
        options: CallOptions = CallOptions.NONE,
        ext: ByteArray? = null,
        digest: ByteArray? = null,
    ): SignedRequest {
        val request = packed { fields(it, method, authority, target, ext, digest) }
        val struct = ByteArray(SignedRequest.SIZE)
        val context = LongArray(1)
        val status = Cold.status("hazmat_client_sign", client.handle, request, Slice(body), options.bits, nowMs, monoMs, eight(nonce), struct, context)
        keep(client)
        if (status != 0) throw OscarError.of(status, mayHaveRun = false)
        return SignedRequest(struct, context[0])
    }

    /** Key material: the 32 bytes of an audience key. */
    @JvmStatic
    public fun expose(key: AudienceKey): ByteArray {
        val raw = ByteArray(32)
        Cold.call("audience_key_read", text(key), ByteArray(8), raw)
        return raw
    }

    private fun text(key: AudienceKey) = Slice(key.toText())

    private fun eight(bytes: ByteArray): ByteArray {
        require(bytes.size == 8) { "a nonce or sid has 8 bytes" }
        return bytes
    }

    private fun fields(into: Scratch, method: String, authority: String, target: String, ext: ByteArray?, digest: ByteArray?) {
        into.field(method)
        into.field(authority)
        into.field(target)
        into.field(ext)
        into.field(digest)
    }

    private fun packed(otherwise: Int = UNSIGNABLE, pack: (Scratch) -> Unit): Slice {
        val scratch = Scratch.here()
        pack(scratch)
        if (scratch.failed) throw OscarError.of(otherwise, null)
        return Slice(scratch.packedBytes())
    }
}
