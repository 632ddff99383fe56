@file:JvmName("V1")

package com.oscartoki.v1

import com.oscartoki.Clock
import com.oscartoki.Dialect
import com.oscartoki.Keyring
import com.oscartoki.Service
import com.oscartoki.internal.core.V1Client
import com.oscartoki.internal.core.V1Exchange
import com.oscartoki.internal.core.V1Key
import com.oscartoki.internal.inDirectBuffer
import com.oscartoki.speaking

/**
 * A key of OscarToki v1: mints and verifies tokis and tokikeys.
 *
 * That protocol proves that both sides hold a key, not what was asked or answered: move to v2. A [Service] of v2 also takes v1 where a key's line
 * says so ([Keyring.addV1]), until its date or the client's first v2 request.
 */
public class Key(key: ByteArray) : AutoCloseable {
    internal val native: V1Key = speaking { V1Key(inDirectBuffer(key)) }

    /** A key given as text. */
    public constructor(key: String) : this(key.toByteArray())

    /** The newest toki that every original accepts at this clock. */
    @JvmOverloads
    public fun mint(nowMs: Long = Clock.SYSTEM.nowMs()): String = speaking { native.mint(nowMs) }

    /** Verifies a toki; its time in milliseconds. */
    @JvmOverloads
    public fun verify(toki: String, dialect: Dialect = Dialect.ANY, nowMs: Long = Clock.SYSTEM.nowMs()): Long =
        speaking { native.verify(toki, dialect.native, nowMs) }

    /** The tokikey that answers a toki. */
    @JvmOverloads
    public fun mintTokikey(toki: String, nowMs: Long = Clock.SYSTEM.nowMs()): String = speaking { native.mintTokikey(toki, nowMs) }

    /** Verifies the tokikey of a toki. */
    @JvmOverloads
    public fun verifyTokikey(toki: String, tokikey: String, dialect: Dialect = Dialect.ANY, nowMs: Long = Clock.SYSTEM.nowMs()): Unit =
        speaking { native.verifyTokikey(toki, tokikey, dialect.native, nowMs) }

    /** Wipes it. */
    override fun close(): Unit = native.close()

    override fun toString(): String = "v1.Key(..)"
}

/** The two steps of one request: a GET that fetches the tokikey, then the request itself. */
public class Exchange internal constructor(private val native: V1Exchange) : AutoCloseable {
    /** What the next step carries. */
    public val headers: Map<String, String>
        get() {
            val toki = "oscartoki" to native.toki()
            return native.tokikey().let { if (it == null) mapOf(toki) else mapOf(toki, "oscartokikey" to it) }
        }

    /** Accepts the answer to the first step, once: the tokikey. */
    @JvmOverloads
    public fun acceptFirst(body: ByteArray, toki: String?, nowMs: Long = Clock.SYSTEM.nowMs()): String =
        speaking { native.acceptFirst(inDirectBuffer(body), toki, nowMs) }

    /** Accepts the answer to the second step, once. It proves that the service holds the key, not what it wrote. */
    @JvmOverloads
    public fun acceptSecond(toki: String?, nowMs: Long = Clock.SYSTEM.nowMs()): Unit = speaking { native.acceptSecond(toki, nowMs) }

    /** Forgets it. */
    override fun close(): Unit = native.close()
}

/** The client of OscarToki v1, in the place of the original. */
public class Client @JvmOverloads constructor(key: Key, dialect: Dialect = Dialect.ANY) : AutoCloseable {
    private val native = speaking { V1Client(key.native, dialect.native) }

    /** A client of a key given as text. */
    @JvmOverloads
    public constructor(key: String, dialect: Dialect = Dialect.ANY) : this(Key(key), dialect)

    /** Begins the two steps of one request, without a socket. */
    @JvmOverloads
    public fun begin(nowMs: Long = Clock.SYSTEM.nowMs()): Exchange = Exchange(speaking { native.begin(nowMs) })

    /**
     * Does both steps over a transport: GET for the tokikey, then the request with [method] and [body]. [send] sends one request, without cache and
     * redirects, and returns what was answered.
     */
    @JvmOverloads
    public fun request(method: String, body: ByteArray? = null, send: Transport): Answer =
        begin().use { exchange ->
            val first = send.send("GET", exchange.headers, null)
            exchange.acceptFirst(first.body, first.toki)
            val second = send.send(method, exchange.headers, body)
            exchange.acceptSecond(second.toki)
            second
        }

    /** Wipes its key. */
    override fun close(): Unit = native.close()

    override fun toString(): String = "v1.Client(..)"
}

/** Sends one request of a v1 exchange. */
public fun interface Transport {
    /** Sends a request with these headers beside its own. */
    public fun send(method: String, headers: Map<String, String>, body: ByteArray?): Answer
}

/** What was answered to a step of a v1 exchange. */
public class Answer(
    /** The HTTP status. */
    public val status: Int,
    /** The header `oscartoki`. */
    public val toki: String?,
    /** The content. */
    public val body: ByteArray,
)

/**
 * A service for clients of v1, in the place of the original: [keys] by the kid (16 hex digits) that each client has or will have. It goes into the
 * same servlet filter, and takes v2 as soon as an `oa2.` key is added to its ring. Returns a builder, for memory and the like.
 */
@JvmOverloads
public fun service(keys: Map<String, ByteArray>, authorities: List<String>, untilMs: Long, dialect: Dialect = Dialect.ANY): Service.Builder {
    val ring = Keyring(authorities.firstOrNull() ?: "")
    for ((kid, key) in keys) ring.addV1(unhex(kid), key, untilMs, dialect)
    return Service.builder().authorities(authorities).keyring(ring)
}

private fun unhex(text: String): ByteArray {
    require(text.length == 16 && text.all { it in '0'..'9' || it in 'a'..'f' }) { "a kid is 16 hex digits" }
    return ByteArray(8) { text.substring(2 * it, 2 * it + 2).toInt(16).toByte() }
}
