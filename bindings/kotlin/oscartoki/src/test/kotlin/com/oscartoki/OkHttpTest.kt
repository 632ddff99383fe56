package com.oscartoki

import kotlinx.coroutines.runBlocking
import okhttp3.MediaType
import okhttp3.MediaType.Companion.toMediaType
import okhttp3.OkHttpClient
import okhttp3.Request
import okhttp3.RequestBody
import okhttp3.RequestBody.Companion.toRequestBody
import okio.BufferedSink
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertNotNull
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import java.io.IOException
import java.util.concurrent.Callable
import java.util.concurrent.Executors

/** The interceptor, against Jetty and against answers of our own making. */
class OkHttpTest {
    private val world = World()
    private val client = world.client()
    private val http = OkHttpClient.Builder().addInterceptor(client.okHttpInterceptor()).build()

    private fun site(handle: (jakarta.servlet.http.HttpServletRequest, jakarta.servlet.http.HttpServletResponse) -> Unit = ::echo, more: Service.Builder.() -> Unit = {}) =
        Site(handle = handle) { world.service(NAME, it, more = more) }

    private fun request(site: Site, path: String = "/") = Request.Builder().url("${site.url}$path").header("Host", NAME)

    @Test
    fun `get and post, probed and rolled`() = site().use { site ->
        http.newCall(request(site, "/a%2Fb?x=1&x=2").build()).execute().use {
            assertEquals("GET /a%2Fb?x=1&x=2 false ", it.body.string())
            assertEquals(1, it.oscar!!.requests)
        }
        http.newCall(request(site).post("hello".toRequestBody("text/plain".toMediaType())).build()).execute().use {
            assertEquals("POST / true hello", it.body.string())
            assertTrue(it.oscar!!.inSession)
        }
    }

    @Test
    fun `the first unsafe request is probed`() = site().use { site ->
        http.newCall(request(site).post("hello".toRequestBody()).build()).execute().use {
            assertTrue(it.oscar!!.probed)
            assertEquals(2, it.oscar!!.requests)
            assertEquals("POST / true hello", it.body.string())
        }
        val first = OkHttpClient.Builder().addInterceptor(client.okHttpInterceptor(CallOptions.VERIFY_FIRST)).build()
        first.newCall(request(site).build()).execute().use { assertTrue(it.oscar!!.probed) }
    }

    /** A body of a kind. */
    private class Written(private val content: ByteArray, private val declared: Long, private val once: Boolean) : RequestBody() {
        var writes = 0
        val size get() = content.size
        override fun contentType(): MediaType = "application/octet-stream".toMediaType()
        override fun contentLength() = declared
        override fun isOneShot() = once
        override fun writeTo(sink: BufferedSink) {
            check(!once || writes == 0) { "a one-shot body was written twice" }
            writes++
            sink.write(content)
        }
    }

    @Test
    fun `bodies of every kind`() = site({ request, response ->
        val body = request.inputStream.readAllBytes()
        response.writer.print("${body.size} ${request.getHeader("content-digest") != null} ${request.contentType}")
    }, { maxBody(8L shl 20) }).use { site ->
        val small = "x".repeat(1000).toByteArray()
        val large = ByteArray(3 shl 20) { it.toByte() }
        for ((body, writes) in listOf(
            Written(small, 1000, false) to 1, Written(small, -1, true) to 1, Written(small, -1, false) to 2,
            Written(large, large.size.toLong(), false) to 2, Written(large, -1, true) to 1, Written(large, large.size.toLong(), true) to 1,
        )) {
            http.newCall(request(site).put(body).build()).execute().use { assertEquals("${body.size} true application/octet-stream", it.body.string()) }
            assertEquals(writes, body.writes)
        }
        http.newCall(request(site).put(Written(NOTHING, -1, false)).build()).execute().use { assertEquals("0 false application/octet-stream", it.body.string()) }
        val before = temporary()
        http.newCall(request(site).put(Written(large, -1, true)).build()).execute().close()
        assertEquals(before, temporary())
        val duplex = object : RequestBody() {
            override fun contentType(): MediaType? = null
            override fun isDuplex() = true
            override fun writeTo(sink: BufferedSink) = Unit
        }
        val refused = assertThrows(OscarError.Unsignable::class.java) { http.newCall(request(site).post(duplex).build()).execute() }
        assertEquals(false, refused.mayHaveRun)
    }

    private fun temporary() = java.io.File(System.getProperty("java.io.tmpdir")).list { _, name -> name.startsWith("oscartoki") }!!.size

    @Test
    fun `covered headers that come from the body`() = site(::echo) { ext("content-type") }.use { site ->
        val covering = world.client { ext("content-type") }
        val covered = OkHttpClient.Builder().addInterceptor(covering.okHttpInterceptor()).build()
        covered.newCall(request(site).post("x".toRequestBody("text/plain; charset=utf-8".toMediaType())).build()).execute().use { assertEquals(200, it.code) }
        covered.newCall(request(site).build()).execute().use { assertEquals(200, it.code) }
        assertThrows(OscarError::class.java) { http.newCall(request(site).post("x".toRequestBody("text/plain".toMediaType())).build()).execute() }
        Unit
    }

    @Test
    fun `a compressed answer is taken as it is covered`() = site({ _, response -> response.writer.print("y".repeat(5000)) }).use { site ->
        http.newCall(request(site).build()).execute().use { assertEquals(5000, it.body.string().length) }
    }

    @Test
    fun `refusals`() = site().use { site ->
        val stranger = OkHttpClient.Builder().addInterceptor(World().client().okHttpInterceptor()).build()
        val missing = assertThrows(OscarError.Missing::class.java) { stranger.newCall(request(site).build()).execute() }
        assertEquals(401, missing.status)
        assertEquals(true, missing.mayHaveRun)
        site.service.revokeKey(world.secret.kid())
        val revoked = assertThrows(OscarError.Revoked::class.java) { http.newCall(request(site).build()).execute() }
        assertTrue(revoked.signed)
        assertEquals(403, revoked.status)
    }

    @Test
    fun `an answer that was tampered with, is unsigned or too long`() {
        for ((answer, name) in listOf(
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi" to "missing",
            "HTTP/1.1 200 OK\r\noscartoki: ot2.x\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi" to "malformed",
            "HTTP/1.1 200 OK\r\noscartoki: ot2.IgABAaIAOALIgmLgrvIZJPp2gKC94xmvQA\r\nContent-Length: 0\r\nConnection: close\r\n\r\n" to "bad_mac",
            "HTTP/1.1 200 OK\r\noscartoki: ot2.IgABAaIAOALIgmLgrvIZJPp2gKC94xmvQA\r\noscartoki: ot2.IgABAaIAOALIgmLgrvIZJPp2gKC94xmvQA\r\nContent-Length: 0\r\nConnection: close\r\n\r\n" to "malformed",
            "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + "z".repeat((1 shl 20) + 1) to "policy",
        )) {
            Canned(answer).use { canned ->
                val error = assertThrows(OscarError::class.java) { http.newCall(Request.Builder().url(canned.url).build()).execute() }
                assertEquals(name, error.name)
                assertEquals(true, error.mayHaveRun)
                assertEquals(1, canned.asked.size)
            }
        }
    }

    @Test
    fun `OkHttp's retries and redirects never send a toki twice`() {
        val redirect = "HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        val again = "HTTP/1.1 503 Busy\r\nRetry-After: 0\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        val timeout = "HTTP/1.1 408 Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        val unauthorized = "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        val authenticating = http.newBuilder().authenticator { _, response -> response.request.newBuilder().header("Authorization", "x").build() }.build()
        for (answer in listOf(redirect, again, timeout, unauthorized, "")) {
            Canned(answer).use { canned ->
                assertThrows(IOException::class.java) { authenticating.newCall(Request.Builder().url(canned.url).build()).execute() }
                val tokis = canned.asked.map { Regex("(?i)oscartoki: (\\S+)").find(it)!!.groupValues[1] }
                assertEquals(tokis.size, tokis.toSet().size, "$answer: $tokis")
                assertEquals(1, tokis.size, answer)
            }
        }
        Canned(redirect).use { canned ->
            val error = assertThrows(OscarError.Policy::class.java) { http.newCall(Request.Builder().url(canned.url).build()).execute() }
            assertTrue(error.message!!.contains("followRedirects(false)"))
            assertEquals(true, error.mayHaveRun)
        }
    }

    @Test
    fun `a redirect is an answer where OkHttp does not follow`() = site({ _, response -> response.sendRedirect("/elsewhere") }).use { site ->
        val signed = OkHttpClient.Builder().signedBy(client).build()
        signed.newCall(request(site).build()).execute().use {
            assertEquals(302, it.code)
            assertEquals("/elsewhere", it.header("Location"))
        }
        Unit
    }

    @Test
    fun `the cache is off`() {
        val folder = java.nio.file.Files.createTempDirectory("cache").toFile()
        var asked = 0
        site({ _, response ->
            asked++
            response.writer.print("$asked")
        }).use { site ->
            okhttp3.Cache(folder, 1 shl 20).use { cache ->
                val caching = http.newBuilder().cache(cache).build()
                repeat(2) { turn -> caching.newCall(request(site).build()).execute().use { assertEquals("${turn + 1}", it.body.string()) } }
                assertEquals(0, cache.requestCount())
            }
        }
        folder.deleteRecursively()
    }

    @Test
    fun `a stream is taken when it was asked for`() = site({ _, response ->
        response.contentType = "text/event-stream"
        response.writer.print("data: 1\n\n")
        response.flushBuffer()
        response.writer.print("data: 2\n\n")
    }).use { site ->
        assertThrows(OscarError.Policy::class.java) { http.newCall(request(site).build()).execute() }
        val streaming = OkHttpClient.Builder().addInterceptor(client.okHttpInterceptor(CallOptions.STREAM)).build()
        streaming.newCall(request(site).build()).execute().use {
            assertFalse(it.oscar!!.outcome.contentAuthentic)
            assertEquals("data: 1\n\ndata: 2\n\n", it.body.string())
        }
        assertEquals(2, site.filter.uncovered)
    }

    @Test
    fun `a network failure keeps OkHttp's error, and says whether it may have run`() {
        val gone = java.net.ServerSocket(0).use { it.localPort }
        val failure = assertThrows(IOException::class.java) { http.newCall(Request.Builder().url("http://127.0.0.1:$gone/").build()).execute() }
        assertFalse(failure is OscarError)
        assertEquals(true, (failure.suppressed.first { it is OscarError } as OscarError).mayHaveRun)
    }

    @Test
    fun `thirty-two threads`() = site().use { site ->
        val pool = Executors.newFixedThreadPool(32)
        val all = pool.invokeAll(List(320) { n ->
            Callable { http.newCall(request(site, "/$n").post("b$n".toRequestBody()).build()).execute().use { it.body.string() } }
        })
        assertEquals(List(320) { "POST /$it true b$it" }, all.map { it.get() })
        pool.shutdown()
    }

    @Test
    fun `coroutines`() = site().use { site ->
        runBlocking {
            val response = client.send(OkHttpClient(), request(site, "/suspended").build())
            assertEquals("GET /suspended false ", response.use { it.body.string() })
            assertNotNull(response.oscar)
            val refused = runCatching { World().client().send(OkHttpClient(), request(site).build()) }.exceptionOrNull()
            assertTrue(refused is OscarError.Missing)
        }
    }

    @Test
    fun `as a network interceptor it says where it belongs`() = site().use { site ->
        val wrong = OkHttpClient.Builder().addNetworkInterceptor(client.okHttpInterceptor()).build()
        assertThrows(IllegalStateException::class.java) { wrong.newCall(request(site).build()).execute() }
        Unit
    }
}
