package com.oscartoki

import io.ktor.client.HttpClient
import io.ktor.client.engine.cio.CIO
import io.ktor.client.plugins.HttpRequestRetry
import io.ktor.client.plugins.cache.HttpCache
import io.ktor.client.request.get
import io.ktor.client.request.post
import io.ktor.client.request.prepareGet
import io.ktor.client.request.setBody
import io.ktor.client.statement.bodyAsText
import io.ktor.http.content.OutgoingContent
import io.ktor.utils.io.ByteWriteChannel
import io.ktor.utils.io.writeStringUtf8
import jakarta.servlet.http.HttpServletRequest
import jakarta.servlet.http.HttpServletResponse
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import java.io.IOException
import java.net.ServerSocket
import java.net.URI
import java.net.http.HttpRequest
import java.net.http.HttpRequest.BodyPublishers
import java.net.http.HttpResponse.BodyHandlers
import java.util.concurrent.CompletionException
import java.net.http.HttpClient as JavaClient

/** Ktor and `java.net.http`. */
class OtherClientsTest {
    private val world = World()
    private val client = world.client()

    private fun site(handle: (HttpServletRequest, HttpServletResponse) -> Unit = ::echo) = Site(handle = handle) { world.service(NAME, it) }

    // ---- Ktor ----

    private fun ktor(who: Client = client, options: CallOptions = CallOptions.NONE, more: io.ktor.client.HttpClientConfig<*>.() -> Unit = {}) =
        HttpClient(CIO) {
            install(OscarToki) {
                client = who
                this.options = options
            }
            more()
        }

    @Test
    fun `Ktor signs, probes and rolls`() = site().use { site ->
        runBlocking {
            ktor().use { http ->
                val first = http.post("${site.url}/a%2Fb?x=1") { setBody("hello") }
                assertEquals("POST /a%2Fb?x=1 true hello", first.bodyAsText())
                assertTrue(first.oscar!!.probed)
                assertEquals("GET / true ", http.get(site.url).bodyAsText())
                val written = object : OutgoingContent.WriteChannelContent() {
                    override suspend fun writeTo(channel: ByteWriteChannel) = channel.writeStringUtf8("streamed")
                }
                assertEquals("POST / true streamed", http.post(site.url) { setBody(written) }.bodyAsText())
                http.prepareGet("${site.url}/s").execute { assertEquals("GET /s true ", it.bodyAsText()) }
                assertEquals(List(64) { "POST /$it true b$it" }, List(64) { n -> async { http.post("${site.url}/$n") { setBody("b$n") }.bodyAsText() } }.awaitAll())
            }
        }
    }

    @Test
    fun `Ktor's refusals`() = site().use { site ->
        runBlocking {
            ktor(World().client()).use { assertEquals("missing", (runCatching { it.get(site.url) }.exceptionOrNull() as OscarError).name) }
            ktor { install(HttpCache) }.use { assertEquals("policy", (runCatching { it.get(site.url) }.exceptionOrNull() as OscarError).name) }
            Canned("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + "z".repeat((1 shl 20) + 1)).use { canned ->
                ktor().use { assertEquals("policy", (runCatching { it.get(canned.url) }.exceptionOrNull() as OscarError).name) }
            }
            site.service.revokeKey(world.secret.kid())
            ktor().use { assertEquals("revoked", (runCatching { it.get(site.url) }.exceptionOrNull() as OscarError).name) }
        }
    }

    @Test
    fun `Ktor's retries never send a toki twice, and each hop of a redirect has its own`() = runBlocking {
        Canned("HTTP/1.1 500 Broken\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").use { canned ->
            val retrying = ktor {
                install(HttpRequestRetry) {
                    retryOnServerErrors(2)
                    retryOnException(2, retryOnTimeout = true)
                    constantDelay(1, 1)
                }
            }
            retrying.use { assertTrue(runCatching { it.get(canned.url) }.exceptionOrNull() is OscarError) }
            val tokis = canned.asked.map { Regex("(?i)oscartoki: (\\S+)").find(it)!!.groupValues[1] }
            assertEquals(tokis.size, tokis.toSet().size)
        }
        site { request, response -> if (request.requestURI == "/from") response.sendRedirect("/to") else echo(request, response) }.use { site ->
            ktor().use { assertEquals("GET /to true ", it.get("${site.url}/from").bodyAsText()) }
        }
    }

    @Test
    fun `Ktor takes a stream when it was asked for`() = site { _, response ->
        response.contentType = "text/event-stream"
        response.writer.print("data: 1\n\n")
    }.use { site ->
        runBlocking {
            ktor().use { assertTrue(runCatching { it.get(site.url) }.exceptionOrNull() is OscarError.Policy) }
            ktor(options = CallOptions.STREAM).use { assertEquals("data: 1\n\n", it.get(site.url).bodyAsText()) }
        }
    }

    // ---- java.net.http ----

    private val java = JavaClient.newHttpClient()

    private fun request(site: Site, path: String = "/") = HttpRequest.newBuilder(URI("${site.url}$path"))

    @Test
    fun `java net http signs, probes and rolls`() = site().use { site ->
        val first = client.send(java, request(site, "/a%2Fb?x=1").POST(BodyPublishers.ofString("hello")).build(), BodyHandlers.ofString())
        assertEquals("POST /a%2Fb?x=1 true hello", first.body())
        assertTrue(first.oscar.probed)
        assertEquals(200, first.statusCode())
        assertEquals("GET / true ", client.sendAsync(java, request(site).build(), BodyHandlers.ofString()).join().body())
        val lines = client.send(java, request(site).build(), BodyHandlers.ofLines()).body().toList()
        assertEquals(listOf("GET / true "), lines)
        assertEquals(null, client.send(java, request(site).build(), BodyHandlers.discarding()).body())
        runBlocking { assertEquals("GET /s true ", client.await(java, request(site, "/s").build(), BodyHandlers.ofString()).body()) }
        val all = List(64) { client.sendAsync(java, request(site, "/$it").PUT(BodyPublishers.ofString("b$it")).build(), BodyHandlers.ofString()) }
        assertEquals(List(64) { "PUT /$it true b$it" }, all.map { it.join().body() })
    }

    @Test
    fun `java net http's refusals`() = site().use { site ->
        val stranger = World().client()
        val missing = assertThrows(OscarError.Missing::class.java) { stranger.send(java, request(site).build(), BodyHandlers.ofString()) }
        assertEquals(true, missing.mayHaveRun)
        val later = assertThrows(CompletionException::class.java) { stranger.sendAsync(java, request(site).build(), BodyHandlers.ofString()).join() }
        assertTrue(later.cause is OscarError.Missing)
        val following = JavaClient.newBuilder().followRedirects(JavaClient.Redirect.NORMAL).build()
        val refused = assertThrows(OscarError.Policy::class.java) { client.send(following, request(site).build(), BodyHandlers.ofString()) }
        assertEquals(false, refused.mayHaveRun)
        Canned("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + "z".repeat((1 shl 20) + 1)).use { canned ->
            val large = assertThrows(OscarError.Policy::class.java) { client.send(java, HttpRequest.newBuilder(URI(canned.url)).build(), BodyHandlers.ofString()) }
            assertEquals(true, large.mayHaveRun)
        }
        val gone = ServerSocket(0).use { it.localPort }
        val failure = assertThrows(IOException::class.java) { client.send(java, HttpRequest.newBuilder(URI("http://127.0.0.1:$gone/")).build(), BodyHandlers.ofString()) }
        assertFalse(failure is OscarError)
        assertTrue(failure.suppressed.any { it is OscarError && it.mayHaveRun == true })
    }

    @Test
    fun `java net http takes a stream when it was asked for, a redirect as an answer`() = site { request, response ->
        if (request.requestURI == "/from") return@site response.sendRedirect("/to")
        response.contentType = "text/event-stream"
        response.writer.print("data: 1\n\n")
    }.use { site ->
        assertThrows(OscarError.Policy::class.java) { client.send(java, request(site).build(), BodyHandlers.ofString()) }
        val stream = client.send(java, request(site).build(), BodyHandlers.ofInputStream(), CallOptions.STREAM)
        assertFalse(stream.oscar.outcome.contentAuthentic)
        assertEquals("data: 1\n\n", stream.body().readAllBytes().decodeToString())
        assertEquals(302, client.send(java, request(site, "/from").build(), BodyHandlers.discarding()).statusCode())
    }

    @Test
    fun `v1 over java net http and OkHttp`() {
        val kid = "00112233445566aa"
        Site { here ->
            com.oscartoki.v1.service(mapOf(kid to "a shared key".toByteArray()), listOf(NAME, here), System.currentTimeMillis() + 60_000)
                .memory(MemoryReplayLog(1000)).firstStart().build()
        }.use { site ->
            val old = com.oscartoki.v1.Client("a shared key")
            assertEquals("POST /a false x", String(old.send(java, request(site, "/a").POST(BodyPublishers.ofString("x")).build()).body()))
            val http = okhttp3.OkHttpClient()
            old.send(http, okhttp3.Request.Builder().url("${site.url}/b").build()).use { assertEquals("GET /b false ", it.body.string()) }
            val stranger = com.oscartoki.v1.Client("another key")
            assertThrows(OscarError::class.java) { stranger.send(http, okhttp3.Request.Builder().url(site.url).build()) }
            assertThrows(OscarError::class.java) { stranger.send(java, request(site).build()) }
        }
    }
}
