package com.oscartoki

import okhttp3.OkHttpClient
import okhttp3.Request
import okhttp3.RequestBody.Companion.toRequestBody
import org.junit.Assert.assertArrayEquals
import org.junit.Assert.assertEquals
import org.junit.Assert.assertNull
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Test
import java.net.ServerSocket
import java.util.concurrent.Callable
import java.util.concurrent.Executors
import kotlin.concurrent.thread

/** The classes of the AAR, on the plain JVM; under Robolectric by its subclass. */
open class AndroidTest {
    private val name = "api.example.com"
    private val secret = Secret.generate()
    private val client = Client(secret.toText(), name)

    private fun service(vararg names: String) =
        Service.builder().key(secret.audienceKey(name)).audience(name).authorities(*names).memory(MemoryReplayLog(100_000)).firstStart().build()

    @Test
    fun anExchange() {
        val service = service(name)
        val signed = client.sign("GET", name, "/a")
        val verified = service.verify("GET", name, "/a", signed.toki) as VerifiedRequest
        assertArrayEquals(secret.kid(), verified.kid)
        val answer = service.answer(verified, 200, "yes".toByteArray())
        assertNull(client.accept(signed, 200, "yes".toByteArray(), answer.toki, answer.grant).error)
        assertEquals("replayed", (service.verify("GET", name, "/a", signed.toki) as Refusal).name)
        val next = client.sign("GET", name, "/a")
        assertEquals("bad_mac", (service.verify("GET", name, "/b", next.toki, next.grant) as Refusal).name)
        assertThrows(OscarError.WrongKind::class.java) { Secret.parse(secret.audienceKey(name).toText()) }
    }

    @Test
    fun okHttpProbesSignsAndAccepts() {
        ServerSocket(0).use { socket ->
            val service = service("127.0.0.1:${socket.localPort}")
            val server = thread(isDaemon = true) { repeat(3) { answer(socket, service) } }
            val http = OkHttpClient.Builder().addInterceptor(client.okHttpInterceptor()).build()
            val url = "http://127.0.0.1:${socket.localPort}/a"
            http.newCall(Request.Builder().url(url).post("hello".toRequestBody()).build()).execute().use {
                assertEquals("POST /a hello", it.body.string())
                assertTrue(it.oscar!!.probed)
            }
            val stranger = OkHttpClient.Builder().addInterceptor(Client(Secret.generate().toText(), name).okHttpInterceptor()).build()
            assertThrows(OscarError.Missing::class.java) { stranger.newCall(Request.Builder().url(url).build()).execute() }
            server.join()
        }
    }

    /** One request over a socket, as a layer would: read, verify, answer. */
    private fun answer(socket: ServerSocket, service: Service) = socket.accept().use { peer ->
        val reader = peer.getInputStream().bufferedReader(Charsets.ISO_8859_1)
        val (method, target) = reader.readLine().split(" ")
        val headers = LinkedHashMap<String, String>()
        while (true) {
            val line = reader.readLine().ifEmpty { null } ?: break
            headers[line.substringBefore(": ")] = line.substringAfter(": ")
        }
        val body = String(CharArray(headers["Content-Length"]?.toInt() ?: 0) { reader.read().toChar() }).toByteArray(Charsets.ISO_8859_1)
        val first = service.verifyHead(method, target, headers.entries, body)
        val verdict = if (first is PendingBody) first.finish(body) else first
        val status = (verdict as? Refusal)?.status ?: 200
        val content = if (verdict.accepted) "$method $target ${String(body)}".toByteArray() else NOTHING
        val signed = if (verdict.signed || verdict.accepted) service.answer(verdict, status, content) else null
        val proofs = listOfNotNull(signed?.toki?.let { "oscartoki: $it\r\n" }, signed?.grant?.let { "oscartokikey: $it\r\n" }).joinToString("")
        val length = if (status == 204) "" else "Content-Length: ${content.size}\r\n"
        peer.getOutputStream().write("HTTP/1.1 $status Status\r\n$proofs${length}Connection: close\r\n\r\n".toByteArray() + content)
    }

    @Test
    fun thirtyTwoThreads() {
        val service = service(name)
        val pool = Executors.newFixedThreadPool(32)
        val accepted = pool.invokeAll(List(3200) { Callable { client.sign("GET", name, "/$it").let { s -> service.verify("GET", name, "/$it", s.toki, s.grant).accepted } } })
        assertTrue(accepted.all { it.get() })
        pool.shutdown()
    }
}
