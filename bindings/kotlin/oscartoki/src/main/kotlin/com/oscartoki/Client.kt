package com.oscartoki

import com.oscartoki.internal.Door
import com.oscartoki.internal.Held
import com.oscartoki.internal.Kind
import com.oscartoki.internal.Scratch
import com.oscartoki.internal.bridge.cRefClient
import com.oscartoki.internal.hex
import com.oscartoki.internal.inDirectBuffer
import com.oscartoki.internal.keep
import com.oscartoki.internal.core.Client as NativeClient
import com.oscartoki.internal.core.ClientConfig
import com.oscartoki.internal.core.Message
import com.oscartoki.internal.core.Rolling

/**
 * One client: it probes, keeps one clock and the newest grant for each audience, signs, and accepts each answer once. Thread-safe.
 *
 * [sign] and [accept] are the primitives, [call] is the loop over them, adapters for OkHttp, Ktor and `java.net.http` stand on it. What a
 * secret and an audience do not say is said to the [Builder].
 */
public class Client private constructor(private val native: NativeClient, private val given: Given) : AutoCloseable {
    private val held = Held(this, Kind.CLIENT, cRefClient(native))
    internal val clock: Clock get() = given.clock

    /** A client of one secret (`os2.` text). Without an audience, each request's authority is its audience. */
    @JvmOverloads
    public constructor(secret: String, audience: String? = null) : this(builder().secret(secret).audience(audience))

    private constructor(builder: Builder) : this(builder.native(), builder.given())

    /** The same client for one audience: configuration, clock and grants are shared with every handle on it. */
    public fun forAudience(audience: String): Client = Client(speaking { native.forAudience(audience) }, given)

    // ---- the primitives ----

    /**
     * Signs a request, or the probe that must go before it. Every error means that nothing was sent.
     * [digest], the SHA-256 of the content, stands in place of [body]; [ext] is what [requestExt] makes of covered headers.
     */
    @JvmOverloads
    public fun sign(
        method: String,
        authority: String,
        target: String,
        body: ByteArray? = null,
        options: CallOptions = CallOptions.NONE,
        ext: ByteArray? = null,
        digest: ByteArray? = null,
        nowMs: Long = clock.nowMs(),
        monoMs: Long = mono(),
    ): SignedRequest {
        val scratch = packed(method, authority, target, ext, digest, body)
        val status = Door.sign(held.now, scratch, options.bits, nowMs, monoMs)
        keep(this)
        if (status != 0) throw OscarError.of(status, mayHaveRun = false)
        return SignedRequest(scratch.bytes(0, SignedRequest.SIZE), scratch.handle())
    }

    /** Judges the answer to a signed request, once; the next is `replayed` and changes nothing. */
    @JvmOverloads
    public fun accept(
        signed: SignedRequest,
        status: Int,
        body: ByteArray? = null,
        toki: String?,
        grant: String? = null,
        ext: ByteArray? = null,
        digest: ByteArray? = null,
        receivedMs: Long = clock.nowMs(),
        monoMs: Long = mono(),
    ): Outcome {
        val scratch = Scratch.here()
        scratch.be16(status)
        scratch.field(ext)
        scratch.field(digest)
        scratch.proofs(toki, grant)
        val got = Door.accept(held.now, signed.context.take(), scratch.place(body), receivedMs, monoMs)
        return weighed(scratch, got)
    }

    /** [accept] from the head of an HTTP answer: finds toki and grant and makes ext by the configured list. */
    @JvmOverloads
    public fun acceptHead(
        signed: SignedRequest,
        status: Int,
        headers: Iterable<Map.Entry<String, String>>,
        body: ByteArray? = null,
        receivedMs: Long = clock.nowMs(),
        monoMs: Long = mono(),
    ): Outcome {
        val scratch = Scratch.here()
        scratch.be16(status)
        scratch.headers(headers)
        val got = Door.acceptHead(held.now, signed.context.take(), scratch.place(body), receivedMs, monoMs)
        return weighed(scratch, got)
    }

    /** No answer came ([status] null), or one whose content is over [maxAnswer]. */
    @JvmOverloads
    public fun giveUp(signed: SignedRequest, status: Int? = null): Outcome {
        val scratch = Scratch.here()
        val context = signed.context.take()
        val got = if (status == null) Door.acceptNone(held.now, context, scratch) else Door.acceptTooLarge(held.now, context, status, scratch)
        return weighed(scratch, got)
    }

    private fun weighed(scratch: Scratch, got: Int): Outcome {
        keep(this)
        // What does not fit is sent empty: the call uses the context up and refuses.
        if (scratch.failed && got == BAD_PACKED) scratch.set(0, MALFORMED)
        return Outcome(scratch.bytes(0, Outcome.SIZE))
    }

    /**
     * The loop over [sign] and [accept] for one request; covered headers are taken from [headers]. [digest] stands in place of [body].
     */
    @JvmOverloads
    public fun call(
        method: String,
        authority: String,
        target: String,
        body: ByteArray? = null,
        headers: Iterable<Map.Entry<String, String>> = emptyList(),
        options: CallOptions = CallOptions.NONE,
        digest: ByteArray? = null,
    ): Call {
        val ext = requestExt(headers)
        val scratch = packed(method, authority, target, ext, digest, body)
        val status = Door.callNew(held.now, scratch, options.bits)
        keep(this)
        if (status != 0) throw OscarError.of(status, mayHaveRun = false)
        return Call(this, scratch.handle())
    }

    private fun packed(method: String, authority: String, target: String, ext: ByteArray?, digest: ByteArray?, body: ByteArray?): Scratch {
        val scratch = Scratch.here()
        scratch.field(method)
        scratch.field(authority)
        scratch.field(target)
        scratch.field(ext)
        scratch.field(digest)
        if (scratch.failed) throw OscarError.of(UNSIGNABLE, null, mayHaveRun = false)
        return scratch.place(body)
    }

    /** ext of a request's headers by the configured list; empty without one. */
    public fun requestExt(headers: Iterable<Map.Entry<String, String>>): ByteArray {
        if (!given.covers) return NOTHING
        val scratch = Scratch.here()
        scratch.headers(headers)
        if (scratch.failed) throw OscarError.of(UNSIGNABLE, null, mayHaveRun = false)
        return speaking { native.packRequestExt(inDirectBuffer(scratch.packedBytes())) }
    }

    /** Whether a probe leaves the header of that name out. */
    public fun dropsFromProbe(name: String): Boolean = native.dropsFromProbe(name)

    // ---- the rest ----

    /** The client's key id. */
    public val kid: ByteArray get() = speaking { native.kid() }

    /** How far the service's clock is ahead, as far as answers have told. */
    public val offsetMs: Long? get() = native.offsetMs()

    /** An answer with more bytes of content is `policy`. */
    public val maxAnswer: Long get() = given.maxAnswer

    /** A session for one browser or worker, to be used by nobody else: 600 seconds at most. */
    @JvmOverloads
    public fun handOut(ttlS: Long = 600, nowMs: Long = clock.nowMs()): Session = Session(speaking { native.handOut(ttlS, nowMs) })

    /** Clock and newest grant of every audience, for another process of the same client. It holds no key. */
    public fun exportState(): String = native.exportState()

    /** Takes over what [exportState] wrote. */
    public fun importState(text: String): Unit = speaking { native.importState(text) }

    /** Signs a message for a queue; its toki goes into the header `oscartoki`. */
    @JvmOverloads
    public fun mintMessage(
        destination: String,
        type: String,
        body: ByteArray = NOTHING,
        ttlS: Long = 3600,
        ext: ByteArray = NOTHING,
        nowMs: Long = clock.nowMs(),
    ): SignedMessage = SignedMessage(speaking { native.mintMessage(Message(destination, type, ext, body), ttlS, nowMs) })

    /** Presigns a target until [expMs], seven days ahead at most; returns it with its parameter. */
    @JvmOverloads
    public fun signUrl(
        authority: String,
        target: String,
        expMs: Long = clock.nowMs() + 3_600_000,
        method: String = "GET",
        ext: ByteArray = NOTHING,
    ): String = speaking { native.signUrl(method, authority, target, inDirectBuffer(ext), expMs) }

    /** The ticket that opens one websocket, for the first frame; bound to the page's Origin where that is given. */
    @JvmOverloads
    public fun mintTicket(connection: ByteArray, origin: String? = null, nowMs: Long = clock.nowMs()): String =
        speaking { native.mintTicket(inDirectBuffer(connection), origin, nowMs) }

    internal val handle: Long get() = held.now

    /** Forgets the keys; calls that are inside finish first. */
    override fun close() {
        held.close()
        native.close()
    }

    override fun toString(): String = "Client(${runCatching { "kid ${hex(kid)}" }.getOrDefault("by authority")})"

    /** What the wrapper itself keeps of a configuration. */
    internal class Given(val covers: Boolean, val maxAnswer: Long, val clock: Clock)

    /** When to ask for the next grant. */
    public enum class Roll {
        /** Past half of a session's life. */
        AUTO,

        /** On every request. */
        EVERY,
    }

    /** How a service answers. */
    public enum class Answers {
        /** With a toki. */
        SIGNED,

        /** It can't sign: nothing then counts as authentic, and an unsafe request needs [CallOptions.TRUST_CLOCK]. */
        NONE,
    }

    /** All that a client can be told. One of [secret], [audienceKey] and [session] is needed. */
    public class Builder internal constructor() {
        private var make: ((ClientConfig) -> NativeClient)? = null
        private var secret: Secret? = null
        private var audience: String? = null
        private val config = ClientConfig(roll = Rolling.AUTO)
        private var clock: Clock = Clock.SYSTEM

        /** The root secret, `os2.` text. */
        public fun secret(text: String): Builder = secret(Secret.parse(text))

        /** The root secret. */
        public fun secret(secret: Secret): Builder {
            only()
            this.secret = secret
            return this
        }

        /** The service's name, used byte for byte; without it each request's authority is its audience. */
        public fun audience(name: String?): Builder = apply { audience = name }

        /** In place of the secret: one audience key, `oa2.` text. */
        public fun audienceKey(text: String): Builder = audienceKey(AudienceKey.parse(text))

        /** In place of the secret: one audience key. */
        public fun audienceKey(key: AudienceKey): Builder {
            only()
            make = { NativeClient.fromAudienceKey(key.native, it) }
            return this
        }

        /** In place of the secret: a handed-out session, `oz2.` text. */
        public fun session(text: String): Builder = session(Session.parse(text))

        /** In place of the secret: a handed-out session. */
        public fun session(session: Session): Builder {
            only()
            make = { NativeClient.fromSession(session.native, it) }
            return this
        }

        /** The covered headers of requests, in the service's order. */
        public fun ext(vararg names: String): Builder = ext(names.asList())

        /** The covered headers of requests, in the service's order. */
        public fun ext(names: List<String>): Builder = apply { config.ext = names }

        /** The covered headers of answers, in the service's order. */
        public fun answerExt(vararg names: String): Builder = answerExt(names.asList())

        /** The covered headers of answers, in the service's order. */
        public fun answerExt(names: List<String>): Builder = apply { config.answerExt = names }

        /** When to ask for the next grant. */
        public fun roll(roll: Roll): Builder = apply { config.roll = if (roll == Roll.EVERY) Rolling.EVERY else Rolling.AUTO }

        /** The machine's clock is known to be right: unsafe requests need no probe. */
        @JvmOverloads
        public fun trustClock(trust: Boolean = true): Builder = apply { config.trustClock = trust }

        /** How the service answers. */
        public fun answers(answers: Answers): Builder = apply { config.unsignedAnswers = answers == Answers.NONE }

        /** An answer with more bytes of content is `policy`; 1 MiB when absent. */
        public fun maxAnswer(bytes: Long): Builder = apply { config.maxAnswer = bytes }

        /** The generation of the audience key. */
        public fun generation(generation: Long): Builder = apply { config.generation = generation }

        /** The 8-byte kid that the application registered for this generation. */
        public fun kid(kid: ByteArray?): Builder = apply { config.kid = kid }

        /** Whether Content-Digest goes with any content; it does when absent. */
        public fun sendContentDigest(send: Boolean): Builder = apply { config.sendContentDigest = send }

        /** Another wall clock, for tests. */
        public fun clock(clock: Clock): Builder = apply { this.clock = clock }

        /** The client. */
        public fun build(): Client = Client(this)

        private fun only() {
            require(secret == null && make == null) { "a client has one of secret, audienceKey and session" }
        }

        internal fun native(): NativeClient {
            val secret = secret
            val audience = audience
            val make = make ?: { config ->
                requireNotNull(secret) { "a client has one of secret, audienceKey and session" }
                if (audience == null) NativeClient.byAuthority(secret.native, config) else NativeClient(secret.native, audience, config)
            }
            return speaking { make(config) }
        }

        internal fun given() = Given(config.ext.isNotEmpty(), config.maxAnswer, clock)
    }

    public companion object {
        /** Says more than a secret and an audience. */
        @JvmStatic
        public fun builder(): Builder = Builder()
    }
}

internal val NOTHING = ByteArray(0)
internal const val MALFORMED = 1
internal const val UNSIGNABLE = 3
internal const val PENDING = 64
internal const val BAD_PACKED = 68
internal const val HANDSHAKE = 72
