/**
 * `bench [--json]`: signing and verifying beside the same by hand on `javax.crypto.Mac`, and beside named peers. Both sides in turns in one process; thread CPU time,
 * which other programs on the machine don't move; the median of several rounds. HTTP is measured by the clock on the wall.
 *
 * By hand is the same act: nonce, clock, packing, HMAC, base64url; for verifying decoding, packing, HMAC, a comparison in constant time, a look at the clock and a set
 * for what was seen.
 */

import com.auth0.jwt.JWT
import com.auth0.jwt.algorithms.Algorithm
import com.nimbusds.jose.JWSAlgorithm
import com.nimbusds.jose.JWSHeader
import com.nimbusds.jose.crypto.MACSigner
import com.nimbusds.jose.crypto.MACVerifier
import com.nimbusds.jwt.JWTClaimsSet
import com.nimbusds.jwt.SignedJWT
import com.oscartoki.Client
import com.oscartoki.MemoryReplayLog
import com.oscartoki.Secret
import com.oscartoki.Service
import com.oscartoki.okHttpInterceptor
import com.oscartoki.servletFilter
import io.jsonwebtoken.Jwts
import jakarta.servlet.DispatcherType
import jakarta.servlet.http.HttpServlet
import jakarta.servlet.http.HttpServletRequest
import jakarta.servlet.http.HttpServletResponse
import okhttp3.OkHttpClient
import okhttp3.Request
import org.eclipse.jetty.ee10.servlet.FilterHolder
import org.eclipse.jetty.ee10.servlet.ServletContextHandler
import org.eclipse.jetty.server.Server
import org.eclipse.jetty.server.ServerConnector
import java.lang.management.ManagementFactory
import java.security.MessageDigest
import java.security.SecureRandom
import java.util.Base64
import java.util.Date
import java.util.EnumSet
import javax.crypto.Mac
import javax.crypto.spec.SecretKeySpec

private const val NAME = "api.example.com"
private const val METHOD = "GET"
private const val TARGET = "/v1/accounts?limit=10&after=2026-11-25&x"
private const val ROUNDS = 15
private val KEY = ByteArray(32) { it.toByte() }

/** What is timed: so many calls on what was prepared for them. */
private class Run(val calls: Int, val clock: () -> Long, val prepare: (Int) -> Any, val run: (Any) -> Unit)

private val threads = ManagementFactory.getThreadMXBean()
private fun cpu(): Long = threads.currentThreadCpuTime

private fun cpu(calls: Int = 20_000, prepare: (Int) -> Any = { it }, run: (Any) -> Unit) = Run(calls, ::cpu, prepare, run)

/** Nanoseconds a call of each, in turns: the median of the rounds after the first ones. */
private fun measured(runs: Map<String, Run>): Map<String, Double> {
    val told = runs.mapValues { ArrayList<Double>() }
    repeat(ROUNDS + 5) { round ->
        for ((name, run) in runs) {
            val given = run.prepare(run.calls)
            val began = run.clock()
            run.run(given)
            val spent = (run.clock() - began).toDouble() / run.calls
            if (round >= 5) told.getValue(name).add(spent)
        }
    }
    return told.mapValues { it.value.sorted()[ROUNDS / 2] }
}

// ---- by hand ----

private class ByHand(private val mac: () -> Mac) {
    private val random = SecureRandom()
    private val nonce = ByteArray(8)
    val seen = HashSet<Long>()

    private fun pack(into: ByteArray, at: Int, text: String): Int {
        val bytes = text.toByteArray()
        into[at] = (bytes.size shr 8).toByte()
        into[at + 1] = bytes.size.toByte()
        System.arraycopy(bytes, 0, into, at + 2, bytes.size)
        return at + 2 + bytes.size
    }

    private fun tag(head: ByteArray, method: String, authority: String, target: String): ByteArray {
        val message = ByteArray(256)
        System.arraycopy(head, 0, message, 0, 24)
        var end = pack(message, 24, method)
        end = pack(message, end, authority)
        end = pack(message, end, target)
        end = pack(message, end, "")
        return mac().run {
            update(message, 0, end)
            doFinal()
        }
    }

    fun sign(method: String, authority: String, target: String): String {
        val toki = ByteArray(40)
        toki[0] = 0x21
        val now = System.currentTimeMillis()
        for (i in 0..5) toki[10 + i] = (now shr (40 - 8 * i)).toByte()
        random.nextBytes(nonce)
        System.arraycopy(nonce, 0, toki, 16, 8)
        System.arraycopy(tag(toki, method, authority, target), 0, toki, 24, 16)
        return "ot2." + encoder.encodeToString(toki)
    }

    fun verify(method: String, authority: String, target: String, text: String) {
        check(text.length == 58 && text.startsWith("ot2."))
        val toki = decoder.decode(text.substring(4))
        check(toki[0].toInt() == 0x21 && toki[1].toInt() and 0xF0 == 0)
        val tag = tag(toki, method, authority, target).copyOf(16)
        check(MessageDigest.isEqual(tag, toki.copyOfRange(24, 40)))
        var sent = 0L
        for (i in 10..15) sent = sent shl 8 or (toki[i].toLong() and 0xFF)
        check(System.currentTimeMillis() - sent in -2000..30_000)
        var short = 0L
        for (i in 24..31) short = short shl 8 or (toki[i].toLong() and 0xFF)
        check(seen.add(short))
    }

    companion object {
        private val encoder = Base64.getUrlEncoder().withoutPadding()
        private val decoder = Base64.getUrlDecoder()
    }
}

private fun mac(): Mac = Mac.getInstance("HmacSHA256").apply { init(SecretKeySpec(KEY, "HmacSHA256")) }

// ---- the rows ----

private fun crypto(): Map<String, Double> {
    val secret = Secret.generate()
    val client = Client.builder().secret(secret).audience(NAME).trustClock().build()
    val service = Service.builder().key(secret.audienceKey(NAME)).authorities(NAME).memory(MemoryReplayLog.exact(1_000_000)).firstStart().build()
    // A session, as all requests but the first are.
    val first = client.sign(METHOD, NAME, TARGET)
    val answer = service.answer(service.verify(METHOD, NAME, TARGET, first.toki), 200)
    client.accept(first, 200, null, answer.toki, answer.grant).throwForRefusal()
    val kept = mac()
    val reused = ByHand { kept }
    val fresh = ByHand(::mac)
    val algorithm = Algorithm.HMAC256(KEY)
    val secretKey = SecretKeySpec(KEY, "HmacSHA256")
    val until = Date(System.currentTimeMillis() + 3_600_000)
    fun auth0() = JWT.create().withSubject("kidkidki").withAudience(NAME).withExpiresAt(until).sign(algorithm)
    fun jjwt() = Jwts.builder().subject("kidkidki").audience().add(NAME).and().expiration(until).signWith(secretKey).compact()
    val signer = MACSigner(KEY)
    fun nimbus() = SignedJWT(JWSHeader(JWSAlgorithm.HS256), JWTClaimsSet.Builder().subject("kidkidki").audience(NAME).expirationTime(until).build()).apply { sign(signer) }.serialize()
    val auth0Verifier = JWT.require(algorithm).withAudience(NAME).build()
    val jjwtParser = Jwts.parser().verifyWith(secretKey).requireAudience(NAME).build()
    val macVerifier = MACVerifier(KEY)
    fun proofs(hand: ByHand) = { calls: Int ->
        hand.seen.clear()
        List(calls) { hand.sign(METHOD, NAME, TARGET) }
    }
    fun strings(all: Any): List<String> = @Suppress("UNCHECKED_CAST") (all as List<String>)

    return measured(
        linkedMapOf(
            "sign" to cpu { repeat(it as Int) { check(client.sign(METHOD, NAME, TARGET).toki.length == 58) } },
            "sign, Mac reused" to cpu { repeat(it as Int) { check(reused.sign(METHOD, NAME, TARGET).length == 58) } },
            "sign, Mac.getInstance" to cpu { repeat(it as Int) { check(fresh.sign(METHOD, NAME, TARGET).length == 58) } },
            "verify" to cpu(prepare = { n -> List(n) { client.sign(METHOD, NAME, TARGET).let { it.toki to it.grant } } }) { all ->
                @Suppress("UNCHECKED_CAST")
                for ((toki, grant) in all as List<Pair<String, String?>>) check(service.verify(METHOD, NAME, TARGET, toki, grant).accepted)
            },
            "verify, Mac reused" to cpu(prepare = proofs(reused)) { all -> for (toki in strings(all)) reused.verify(METHOD, NAME, TARGET, toki) },
            "verify, Mac.getInstance" to cpu(prepare = proofs(fresh)) { all -> for (toki in strings(all)) fresh.verify(METHOD, NAME, TARGET, toki) },
            "java-jwt sign" to cpu(2000) { repeat(it as Int) { auth0() } },
            "java-jwt verify" to cpu(2000, { n -> List(n) { auth0() } }) { all -> for (text in strings(all)) auth0Verifier.verify(text) },
            "jjwt sign" to cpu(2000) { repeat(it as Int) { jjwt() } },
            "jjwt verify" to cpu(2000, { n -> List(n) { jjwt() } }) { all -> for (text in strings(all)) jjwtParser.parseSignedClaims(text) },
            "nimbus sign" to cpu(2000) { repeat(it as Int) { nimbus() } },
            "nimbus verify" to cpu(2000, { n -> List(n) { nimbus() } }) { all ->
                for (text in strings(all)) SignedJWT.parse(text).let { check(it.verify(macVerifier) && it.jwtClaimsSet.expirationTime.after(Date())) }
            },
        ),
    )
}

/** OkHttp against Jetty in the same process: once signed, verified, answered and accepted, once plain. */
private fun http(): Map<String, Double> {
    val server = Server()
    val connector = ServerConnector(server).apply {
        host = "127.0.0.1"
        open()
    }
    server.addConnector(connector)
    val secret = Secret.generate()
    val here = "127.0.0.1:${connector.localPort}"
    val service = Service.builder().key(secret.audienceKey(NAME)).audience(NAME).authorities(here).memory(MemoryReplayLog(1_000_000)).firstStart().build()
    val context = ServletContextHandler("/")
    context.addFilter(FilterHolder(service.servletFilter()).apply { isAsyncSupported = true }, "/signed", EnumSet.of(DispatcherType.REQUEST))
    context.addServlet(
        object : HttpServlet() {
            override fun doGet(request: HttpServletRequest, response: HttpServletResponse) {
                response.contentType = "application/json"
                response.outputStream.write(ByteArray(200) { 'x'.code.toByte() })
            }
        },
        "/*",
    )
    server.handler = context
    server.start()
    val plain = OkHttpClient()
    val signed = OkHttpClient.Builder().addInterceptor(Client(secret.toText(), NAME).okHttpInterceptor()).build()
    fun calls(http: OkHttpClient, path: String): (Any) -> Unit = {
        val request = Request.Builder().url("http://$here$path").build()
        repeat(it as Int) { http.newCall(request).execute().use { answer -> check(answer.code == 200 && answer.body.bytes().size == 200) } }
    }
    try {
        return measured(
            linkedMapOf(
                "OkHttp with the interceptor" to Run(500, System::nanoTime, { it }, calls(signed, "/signed")),
                "OkHttp without" to Run(500, System::nanoTime, { it }, calls(plain, "/plain")),
            ),
        )
    } finally {
        server.stop()
    }
}

fun main(arguments: Array<String>) {
    val told = crypto() + http()
    fun row(what: String, ours: String, peer: String, theirs: String, bar: Double? = null) {
        val ratio = told.getValue(ours) / told.getValue(theirs)
        val met = bar?.let { ratio <= it }
        if ("--json" in arguments) {
            println("""{"what":"$what","ours_ns":%.1f,"peer":"$peer","peer_ns":%.1f,"ratio":%.3f,"bar":$bar,"met":$met}""".format(java.util.Locale.ROOT, told[ours], told[theirs], ratio))
        } else {
            val word = if (met == null) "" else if (met) "met" else "MISSED"
            println("%-34s %8.0f ns   %-36s %8.0f ns   ratio %.2f   bar ${bar ?: "-"}   $word".format(java.util.Locale.ROOT, what, told[ours], peer, told[theirs], ratio))
        }
    }
    row("Kotlin Client.sign", "sign", "by hand, Mac reused", "sign, Mac reused", 1.5)
    row("Kotlin Client.sign", "sign", "by hand, Mac.getInstance per call", "sign, Mac.getInstance", 0.4)
    row("Kotlin Service.verify", "verify", "by hand with a set, Mac reused", "verify, Mac reused", 1.5)
    row("Kotlin Service.verify", "verify", "by hand with a set, Mac.getInstance", "verify, Mac.getInstance", 0.4)
    for (peer in listOf("java-jwt", "jjwt", "nimbus")) {
        row("Kotlin Client.sign", "sign", "$peer HS256", "$peer sign")
        row("Kotlin Service.verify", "verify", "$peer HS256", "$peer verify")
    }
    // 0.9 of the throughput is 1 / 0.9 of the time.
    row("OkHttp call with the interceptor", "OkHttp with the interceptor", "OkHttp call without", "OkHttp without", 1.11)
}
