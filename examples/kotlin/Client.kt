package example

import com.oscartoki.CallOptions
import com.oscartoki.Client
import com.oscartoki.Clock
import com.oscartoki.OscarError
import com.oscartoki.oscar
import com.oscartoki.secretFrom
import com.oscartoki.signedBy
import okhttp3.OkHttpClient
import okhttp3.Request
import okhttp3.RequestBody
import okhttp3.RequestBody.Companion.toRequestBody
import java.io.IOException
import kotlin.concurrent.thread
import kotlin.system.exitProcess

private const val USAGE = """A client in Kotlin with OkHttp: probes, signs, sends, accepts, rolls and resends by the rules of the protocol.

    client --secret FILE --audience NAME [-X METHOD] [-d BODY] [-H 'Name: value']... [--ext LIST] [--repeatable] [--verify-first] [--trust-clock]
           [--roll-every] [--count N] [--parallel N] [--clock-off-ms N] URL

The secret's file holds an os2 secret, an oa2 audience key or an oz2 session. Prints each body, then
`verified: status S, code C, requests R[, probed][, resent][, in session]`; a refusal or an answer that is not authentic goes to stderr as
`error: NAME: sentence (may have run: yes|no)`. Exit 0: all verified; 1: not; 2: usage; 3: key; 4: network."""

private class Given(arguments: Array<String>) {
    var secret = ""
    var audience: String? = null
    var method: String? = null
    var body: String? = null
    val headers = ArrayList<Pair<String, String>>()
    var ext = emptyList<String>()
    var options = CallOptions.NONE
    var roll = Client.Roll.AUTO
    var count = 1
    var parallel = 1
    var clockOffMs = 0L
    var url = ""

    init {
        val left = arguments.iterator()
        for (flag in left) {
            when (flag) {
                "--secret" -> secret = left.next()
                "--audience" -> audience = left.next()
                "-X" -> method = left.next()
                "-d" -> body = left.next()
                "-H" -> headers += left.next().let { it.substringBefore(":").trim() to it.substringAfter(":").trim() }
                "--ext" -> ext = left.next().split(",").map(String::trim).filter(String::isNotEmpty)
                "--repeatable" -> options += CallOptions.REPEATABLE
                "--verify-first" -> options += CallOptions.VERIFY_FIRST
                "--trust-clock" -> options += CallOptions.TRUST_CLOCK
                "--roll-every" -> roll = Client.Roll.EVERY
                "--count" -> count = left.next().toInt()
                "--parallel" -> parallel = left.next().toInt()
                "--clock-off-ms" -> clockOffMs = left.next().toLong()
                else -> url = flag.also { require(!it.startsWith("-") && url.isEmpty()) { "what is $it?" } }
            }
        }
        require(secret.isNotEmpty() && url.isNotEmpty()) { "a secret and a URL are needed" }
    }
}

fun main(arguments: Array<String>) {
    val given = try {
        Given(arguments).also { request(it) }
    } catch (misused: RuntimeException) {
        System.err.println("${misused.message ?: "an argument is missing"}\n\n$USAGE")
        exitProcess(2)
    }
    val client = try {
        client(given)
    } catch (fault: Exception) {
        System.err.println("error: ${fault.message}")
        exitProcess(3)
    }
    val http = OkHttpClient.Builder().signedBy(client, given.options).build()
    val codes = IntArray(given.parallel)
    val workers = codes.indices.map { worker ->
        thread {
            var sent = 0
            while (sent++ < given.count && codes[worker] == 0) codes[worker] = send(http, given)
        }
    }
    workers.forEach(Thread::join)
    exitProcess(codes.max())
}

private fun client(given: Given): Client {
    val text = secretFrom(given.secret)
    val builder = Client.builder().ext(given.ext).roll(given.roll)
    // Only a demonstration moves a clock.
    if (given.clockOffMs != 0L) builder.clock(Clock { System.currentTimeMillis() + given.clockOffMs })
    return when {
        text.startsWith("oa2.") -> builder.audienceKey(text)
        text.startsWith("oz2.") -> builder.session(text)
        else -> builder.secret(text).audience(given.audience)
    }.build()
}

private fun request(given: Given): Request {
    val method = given.method ?: if (given.body == null) "GET" else "POST"
    val body = given.body?.toByteArray()?.toRequestBody() ?: if (method in setOf("POST", "PUT", "PATCH")) RequestBody.EMPTY else null
    val builder = Request.Builder().url(given.url).method(method, body)
    given.headers.forEach { (name, value) -> builder.addHeader(name, value) }
    return builder.build()
}

private fun send(http: OkHttpClient, given: Given): Int =
    try {
        http.newCall(request(given)).execute().use { response ->
            val step = response.oscar!!
            val told = arrayListOf("status ${response.code}", "code ${step.outcome.code ?: "none"}", "requests ${step.requests}")
            if (step.probed) told += "probed"
            if (step.resent) told += "resent"
            if (step.inSession) told += "in session"
            println("${response.body.string()}\nverified: ${told.joinToString(", ")}")
        }
        0
    } catch (refusal: OscarError) {
        System.err.println("error: ${refusal.message} (may have run: ${if (refusal.mayHaveRun == false) "no" else "yes"})")
        1
    } catch (failure: IOException) {
        System.err.println("error: network: ${failure.message}")
        4
    }
