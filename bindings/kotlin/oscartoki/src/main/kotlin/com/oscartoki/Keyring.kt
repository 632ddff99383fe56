package com.oscartoki

import com.oscartoki.internal.core.Keyring as NativeKeyring

/** The keys of a service for one audience, who is revoked, and whose OscarToki v1 is still on. Thread-safe. */
public class Keyring(audience: String) : AutoCloseable {
    internal val native: NativeKeyring = speaking { NativeKeyring(audience) }

    /** The audience, byte for byte. */
    public val audience: String get() = native.audience()

    /** Adds a key. */
    public fun add(key: AudienceKey): Unit = speaking { native.add(key.native) }

    /** Adds what one line of a key file says: `oa2.…`, `oa2.… kid=HEX`, `v1 until=… dialect=any key=HEX kid=HEX`. */
    public fun add(line: String): Unit = speaking { native.addText(line.trim()) }

    /** Switches OscarToki v1 on for a client until a time. */
    @JvmOverloads
    public fun addV1(kid: ByteArray, key: ByteArray, untilMs: Long, dialect: Dialect = Dialect.ANY): Unit =
        speaking { native.addV1(kid, key, untilMs, dialect.native) }

    /** Replaces all keys by those of a key file's text, at once or not at all. */
    public fun load(text: String): Unit = speaking { native.load(text) }

    /** Replaces the revocations by those of a file's text, at once or not at all; marks never fall. */
    public fun loadRevocations(text: String): Unit = speaking { native.loadRevocations(text) }

    /** What a key file's text would be refused for, with its line; null: it is good. */
    public fun faultInKeys(text: String): String? = native.faultInKeys(text)

    /** Revokes a kid at once; the line that a file of revocations gets. */
    public fun revokeKey(kid: ByteArray): String = speaking { native.revokeKey(kid) }

    /** Revokes one session at once; the line that a file of revocations gets. */
    public fun revokeSession(kid: ByteArray, sid: ByteArray): String = speaking { native.revokeSession(kid, sid) }

    /** Revokes the sessions of a kid that were issued before a second; the line that a file of revocations gets. */
    public fun revokeIssuedBefore(kid: ByteArray, beforeS: Long): String = speaking { native.revokeIssuedBefore(kid, beforeS) }

    /** All revocations in force, as the text of a file. */
    public val revocationsText: String get() = native.revocationsText()

    /** The kids held. */
    public val kids: List<ByteArray> get() = native.kids()

    /** Whether a key stands under this kid. */
    public fun holds(kid: ByteArray): Boolean = native.holds(kid)

    /** Whether OscarToki v1 is on for some client. */
    @get:JvmName("hasV1")
    public val hasV1: Boolean get() = native.hasV1()

    /** Frees it; a service that was made with it keeps it alive. */
    override fun close(): Unit = native.close()

    override fun toString(): String = "Keyring($audience, ${kids.size} keys)"
}

/** Which originals of OscarToki v1 a key's clients are. */
public enum class Dialect(internal val native: com.oscartoki.internal.core.Dialect) {
    /** Full digests, or all with their leading zeros lost. */
    ANY(com.oscartoki.internal.core.Dialect.ANY),

    /** Full digests only: JavaScript and Python. */
    STANDARD(com.oscartoki.internal.core.Dialect.STANDARD),

    /** As [ANY]: the original in Java loses the leading zeros of a digest. */
    JAVA(com.oscartoki.internal.core.Dialect.JAVA),
}
