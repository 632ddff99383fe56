package com.oscartoki

import com.oscartoki.internal.hex
import com.oscartoki.internal.inDirectBuffer
import com.oscartoki.internal.core.AudienceKey as NativeAudienceKey
import com.oscartoki.internal.core.Secret as NativeSecret
import com.oscartoki.internal.core.Session as NativeSession

/** What a client and the key registry hold: 32 random bytes, `os2.` as text. It prints its kid, never itself. */
public class Secret internal constructor(internal val native: NativeSecret) : AutoCloseable {
    /** The key itself, for a file of mode 0600. */
    public fun toText(): String = native.toText()

    /** The key id of a generation: public, 8 bytes. */
    @JvmOverloads
    public fun kid(generation: Long = 0): ByteArray = speaking { native.kid(generation) }

    /** What one service gets. */
    @JvmOverloads
    public fun audienceKey(audience: String, generation: Long = 0): AudienceKey = AudienceKey(speaking { native.audienceKey(audience, generation) })

    /** Wipes it; a forgotten one is wiped by the collector. */
    override fun close(): Unit = native.close()

    override fun toString(): String = "Secret(kid ${hex(kid())})"

    public companion object {
        /** From its text, `os2.…`. */
        @JvmStatic
        public fun parse(text: String): Secret = Secret(speaking { NativeSecret.parse(text) })

        /** A new random secret. */
        @JvmStatic
        public fun generate(): Secret = Secret(speaking { NativeSecret.generate() })

        /** From exactly 32 random bytes, else `weak_secret`. */
        @JvmStatic
        public fun fromBytes(bytes: ByteArray): Secret = Secret(speaking { NativeSecret.fromBytes(inDirectBuffer(bytes)) })
    }
}

/** What a service holds for one client, audience and generation; `oa2.` as text. */
public class AudienceKey internal constructor(internal val native: NativeAudienceKey) : AutoCloseable {
    /** The key itself, for the service's key file. */
    public fun toText(): String = native.toText()

    /** The key id: public, 8 bytes. */
    public val kid: ByteArray get() = native.kid()

    /** The same key under another, registered kid of 8 bytes. */
    public fun withKid(kid: ByteArray): AudienceKey = AudienceKey(speaking { native.withKid(inDirectBuffer(kid)) })

    /** Wipes it. */
    override fun close(): Unit = native.close()

    override fun toString(): String = "AudienceKey(kid ${hex(kid)})"

    public companion object {
        /** From its text, `oa2.…`. */
        @JvmStatic
        public fun parse(text: String): AudienceKey = AudienceKey(speaking { NativeAudienceKey.parse(text) })
    }
}

/** A handed-out session: one audience, its own sid, ten minutes at most; `oz2.` as text. */
public class Session internal constructor(internal val native: NativeSession) : AutoCloseable {
    /** The session itself, for the browser or worker that it is handed to. */
    public fun toText(): String = native.toText()

    /** The key id of its client. */
    public val kid: ByteArray get() = native.kid()

    /** The session id. */
    public val sid: ByteArray get() = native.sid()

    /** Its last second. */
    public val expS: Long get() = native.expS()

    /** Wipes it. */
    override fun close(): Unit = native.close()

    override fun toString(): String = "Session(kid ${hex(kid)}, sid ${hex(sid)}, until $expS)"

    public companion object {
        /** From its text, `oz2.…`. */
        @JvmStatic
        public fun parse(text: String): Session = Session(speaking { NativeSession.parse(text) })
    }
}
