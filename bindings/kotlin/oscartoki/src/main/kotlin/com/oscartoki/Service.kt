package com.oscartoki

import com.oscartoki.internal.Door
import com.oscartoki.internal.Held
import com.oscartoki.internal.Kind
import com.oscartoki.internal.Scratch
import com.oscartoki.internal.bridge.cRefService
import com.oscartoki.internal.inDirectBuffer
import com.oscartoki.internal.keep
import com.oscartoki.internal.textAt
import com.oscartoki.internal.core.Service as NativeService
import com.oscartoki.internal.core.ServiceConfig
import java.io.File

/**
 * One service: its names, its keys, its replay memory. Thread-safe; the processes of one machine share a mapped memory.
 *
 * [verify] says whether a request may run, [answer] mints the headers of what it is answered. What keys and names do not say is said to the [Builder].
 */
public class Service private constructor(builder: Builder) : AutoCloseable {
    /** Its keys. */
    public val keyring: Keyring = builder.ring()
    private val files: RingFiles? = builder.files(keyring)

    /** Its replay memory. */
    public val memory: ReplayLog = builder.memory(keyring)
    private val clock = builder.clock
    private val native: NativeService = speaking { NativeService.withMemory(builder.config, keyring.native, memory.native, builder.startMs ?: clock.nowMs()) }
    private val held = Held(this, Kind.SERVICE, cRefService(native))

    /** The longest body of a request, in bytes. */
    public val maxBody: Long = builder.config.maxBody

    /** The longest answer that is buffered and digested, in bytes. */
    public val maxAnswer: Long = builder.config.maxAnswer

    /**
     * A service for these keys (`oa2.` texts or lines of a key file) under these names, the first of which is its audience. Its memory is a mapped
     * file of this user ([MappedReplayLog.defaultPath]).
     */
    public constructor(keys: List<String>, authorities: List<String>) : this(builder().keys(keys).authorities(authorities))

    // ---- the primitives ----

    /** Judges one request by its fields. A [digest] stands for Content-Digest and makes the verdict pending. */
    @JvmOverloads
    public fun verify(
        method: String,
        authority: String,
        target: String,
        toki: String?,
        grant: String? = null,
        body: ByteArray? = null,
        ext: ByteArray? = null,
        digest: ByteArray? = null,
        nowMs: Long = clock.nowMs(),
    ): Verdict {
        files?.refresh()
        val scratch = Scratch.here()
        scratch.field(method)
        scratch.field(authority)
        scratch.field(target)
        scratch.field(ext)
        scratch.field(digest)
        scratch.proofs(toki, grant)
        return judged(scratch, Door.verify(held.now, scratch.place(body), nowMs))
    }

    /** Judges one request by its raw head: what layers call. [authority] is HTTP/2's, where there is one; Host is among the headers. */
    @JvmOverloads
    public fun verifyHead(
        method: String,
        target: String,
        headers: Iterable<Map.Entry<String, String>>,
        body: ByteArray? = null,
        authority: String? = null,
        nowMs: Long = clock.nowMs(),
    ): Verdict {
        files?.refresh()
        val scratch = head(method, authority, target, headers)
        return judged(scratch, Door.verifyHead(held.now, scratch.place(body), nowMs))
    }

    /** Whether the body is to be read, at most [maxBody] bytes and one more, before [verifyHead]. */
    @JvmOverloads
    public fun wantsBody(method: String, target: String, headers: Iterable<Map.Entry<String, String>>, authority: String? = null): Boolean {
        val scratch = head(method, authority, target, headers)
        val wants = !scratch.failed && Door.wantsBody(held.now, scratch.place())
        keep(this)
        return wants
    }

    private fun head(method: String, authority: String?, target: String, headers: Iterable<Map.Entry<String, String>>): Scratch {
        val scratch = Scratch.here()
        scratch.field(method)
        scratch.field(authority)
        scratch.field(target)
        scratch.headers(headers)
        return scratch
    }

    private fun judged(scratch: Scratch, got: Int): Verdict {
        keep(this)
        // What does not fit is sent empty: the call refuses.
        if (scratch.failed && got == BAD_PACKED) {
            scratch.set(0, MALFORMED)
            scratch.set(8, 400)
        }
        return Verdict.read(scratch)
    }

    /** Mints the headers of the answer to a verdict, once; the second time is `replayed`. */
    @JvmOverloads
    public fun answer(
        verdict: Verdict,
        status: Int,
        body: ByteArray? = null,
        ext: ByteArray? = null,
        digest: ByteArray? = null,
        nowMs: Long = clock.nowMs(),
    ): AnswerHeaders {
        val scratch = Scratch.here()
        scratch.be16(status)
        scratch.field(ext)
        scratch.field(digest)
        return answered(scratch, Door.answer(held.now, verdict.context.take(), scratch.place(body), nowMs))
    }

    /** [answer] from the answer's head, whose configured headers are covered. No body: a stream, which is then not covered. */
    @JvmOverloads
    public fun answerHead(
        verdict: Verdict,
        status: Int,
        headers: Iterable<Map.Entry<String, String>>,
        body: ByteArray? = null,
        nowMs: Long = clock.nowMs(),
    ): AnswerHeaders {
        val scratch = Scratch.here()
        scratch.be16(status)
        scratch.headers(headers)
        return answered(scratch, Door.answerHead(held.now, verdict.context.take(), scratch.place(body), nowMs))
    }

    private fun answered(scratch: Scratch, got: Int): AnswerHeaders {
        keep(this)
        if (got != 0) throw if (scratch.failed && got == BAD_PACKED) OscarError.of(UNSIGNABLE, null) else OscarError.of(got)
        val struct = scratch.bytes(0, ANSWER_TOKI + SignedRequest.GRANT)
        val grant = struct.textAt(ANSWER_TOKI, SignedRequest.GRANT)
        return AnswerHeaders(struct.textAt(0, ANSWER_TOKI), grant.ifEmpty { null })
    }

    // ---- what travels elsewhere ----

    /** Verifies a message of a queue; [digest] stands for the body. */
    @JvmOverloads
    public fun verifyMessage(
        destination: String,
        type: String,
        body: ByteArray?,
        toki: String?,
        ext: ByteArray? = null,
        digest: ByteArray? = null,
        memory: MessageMemory? = null,
        maxTtlS: Long = 86_400,
        nowMs: Long = clock.nowMs(),
    ): VerifiedMessage {
        files?.refresh()
        val scratch = Scratch.here()
        scratch.field(destination)
        scratch.field(type)
        scratch.field(ext)
        scratch.field(digest)
        if (toki != null) scratch.field(toki)
        if (scratch.failed) throw OscarError.of(MALFORMED, null)
        return VerifiedMessage.verify(held.now, scratch.packedBytes(), body, memory, maxTtlS, nowMs).also { keep(this) }
    }

    /** Verifies a presigned target, given with its parameter. [hasToki]: the request has a header `oscartoki` too, which is malformed. */
    @JvmOverloads
    public fun verifyUrl(
        method: String,
        authority: String,
        target: String,
        ext: ByteArray = NOTHING,
        hasToki: Boolean = false,
        nowMs: Long = clock.nowMs(),
    ): VerifiedUrl {
        files?.refresh()
        val made = speaking { native.verifyUrl(method, authority, target, inDirectBuffer(ext), hasToki, nowMs) }
        return VerifiedUrl(made.kid, made.expMs, made.target)
    }

    /** Verifies a websocket ticket and spends it. [requireOrigin] demands that one is bound. */
    @JvmOverloads
    public fun verifyTicket(ticket: String?, origin: String? = null, requireOrigin: Boolean = false, nowMs: Long = clock.nowMs()): VerifiedTicket {
        files?.refresh()
        val made = speaking { native.verifyTicket(ticket, origin, requireOrigin, nowMs) }
        return VerifiedTicket(made.kid, made.connection, made.tsMs, made.originBound)
    }

    // ---- revoking ----

    /** Revokes a kid: in this process at once and, through the revocations file, in every other within two seconds. */
    public fun revokeKey(kid: ByteArray): Unit = file(keyring.revokeKey(kid))

    /** Revokes one session of a kid. */
    public fun revokeSession(kid: ByteArray, sid: ByteArray): Unit = file(keyring.revokeSession(kid, sid))

    /** Revokes the sessions of a kid that were issued before a second of the epoch. */
    public fun revokeIssuedBefore(kid: ByteArray, beforeS: Long): Unit = file(keyring.revokeIssuedBefore(kid, beforeS))

    private fun file(line: String) {
        files?.append(line)
    }

    // ---- its state ----

    /** When it is ready; before that, everything is refused as stale. */
    public val readyAtMs: Long get() = native.readyAt()

    /** At and below this time nothing is accepted. */
    public val floorMs: Long get() = native.floorMs()

    /** What happened so far: `accepted`, `unremembered`, `v1_accepted`, and refusals by name. */
    public fun counters(): Map<String, Long> {
        val made = native.counters()
        return mapOf("accepted" to made.accepted, "unremembered" to made.unremembered, "v1_accepted" to made.v1Accepted) +
            made.refused.mapKeys { "refused_${it.key}" }
    }

    /** Frees it; calls that are inside finish first. Ring and memory are their owner's. */
    override fun close() {
        held.close()
        native.close()
        files?.close()
    }

    override fun toString(): String = "Service(${keyring.audience}, ${keyring.kids.size} keys)"

    /** All that a service can be told. */
    public class Builder internal constructor() {
        internal val config = ServiceConfig(emptyQueryHidden = true)
        internal var clock: Clock = Clock.SYSTEM
        internal var startMs: Long? = null
        private val keys = ArrayList<String>()
        private var audience: String? = null
        private var keyring: Keyring? = null
        private var keysFiles: List<File> = emptyList()
        private var revocationsFile: File? = null
        private var memory: ReplayLog? = null

        /** `oa2.` texts, or lines of a key file. */
        public fun keys(vararg keys: String): Builder = keys(keys.asList())

        /** `oa2.` texts, or lines of a key file. */
        public fun keys(keys: List<String>): Builder = apply { this.keys.addAll(keys) }

        /** One more key. */
        public fun key(key: AudienceKey): Builder = apply { keys.add(key.toText()) }

        /** The names that a request may be sent to. */
        public fun authorities(vararg names: String): Builder = authorities(names.asList())

        /** The names that a request may be sent to. */
        public fun authorities(names: List<String>): Builder = apply { config.authorities = names }

        /** The audience of its keys; the first name when absent. */
        public fun audience(name: String?): Builder = apply { audience = name }

        /** A ring of the caller's own. */
        public fun keyring(keyring: Keyring): Builder = apply { this.keyring = keyring }

        /** Key files, reread within two seconds of a change, in every process. */
        public fun keysFile(vararg files: File): Builder = apply { keysFiles = files.asList() }

        /** A file of revocations, reread within two seconds of a change, in every process; what is revoked here is appended to it. */
        public fun revocationsFile(file: File?): Builder = apply { revocationsFile = file }

        /** The replay memory; a mapped file of this user when absent. */
        public fun memory(memory: ReplayLog): Builder = apply { this.memory = memory }

        /** A mapped file as replay memory. */
        public fun memory(file: File): Builder = memory(MappedReplayLog(file.path))

        /** No earlier process accepted these keys; for tests and snippets. */
        @JvmOverloads
        public fun firstStart(first: Boolean = true): Builder = apply { config.firstStart = first }

        /** The one name that stands for Host, which is then ignored. */
        public fun fixedAuthority(name: String?): Builder = apply { config.fixedAuthority = name }

        /** How old a request may be: 1,000 to 30,000 ms; equal on all nodes. */
        public fun windowMs(ms: Long): Builder = apply { config.windowMs = ms }

        /** The longest life that a grant may have. */
        public fun maxTtlS(seconds: Long): Builder = apply { config.maxTtlS = seconds }

        /** The life of the grants that are made here. */
        public fun grantTtlS(seconds: Long): Builder = apply { config.grantTtlS = seconds }

        /** The covered headers of requests, in the clients' order. */
        public fun ext(vararg names: String): Builder = ext(names.asList())

        /** The covered headers of requests, in the clients' order. */
        public fun ext(names: List<String>): Builder = apply { config.ext = names }

        /** The covered headers of answers, in the clients' order. */
        public fun answerExt(vararg names: String): Builder = answerExt(names.asList())

        /** The covered headers of answers, in the clients' order. */
        public fun answerExt(names: List<String>): Builder = apply { config.answerExt = names }

        /** The longest body of a request; 1 MiB when absent. */
        public fun maxBody(bytes: Long): Builder = apply { config.maxBody = bytes }

        /** The longest answer that is buffered and digested; 1 MiB when absent. */
        public fun maxAnswer(bytes: Long): Builder = apply { config.maxAnswer = bytes }

        /** The server hides an empty `?` of the target; it does when absent, as servlets do. */
        public fun emptyQueryHidden(hidden: Boolean): Builder = apply { config.emptyQueryHidden = hidden }

        /** Another wall clock, for tests. */
        public fun clock(clock: Clock): Builder = apply { this.clock = clock }

        /** Starts at this time in place of now, for tests. */
        public fun startMs(ms: Long): Builder = apply { startMs = ms }

        /** The service. */
        public fun build(): Service = Service(this)

        internal fun ring(): Keyring {
            val ring = keyring ?: Keyring(audience ?: normaliseAuthority(config.authorities.firstOrNull() ?: config.fixedAuthority ?: ""))
            keys.forEach(ring::add)
            return ring
        }

        internal fun files(ring: Keyring): RingFiles? =
            if (keysFiles.isEmpty() && revocationsFile == null) null
            else RingFiles.open(ring, keysFiles.map(File::getPath), if (keysFiles.isEmpty()) "" else keys.joinToString("\n"), revocationsFile?.path)

        internal fun memory(ring: Keyring): ReplayLog = memory ?: MappedReplayLog(MappedReplayLog.defaultPath(ring.audience, ring.kids))
    }

    public companion object {
        private const val ANSWER_TOKI = 97

        /** Says more than keys and names. */
        @JvmStatic
        public fun builder(): Builder = Builder()
    }
}
