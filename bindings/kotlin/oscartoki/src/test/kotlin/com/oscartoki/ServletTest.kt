package com.oscartoki

import jakarta.servlet.http.HttpServletRequest
import jakarta.servlet.http.HttpServletResponse
import okhttp3.FormBody
import okhttp3.OkHttpClient
import okhttp3.Request
import okhttp3.RequestBody.Companion.toRequestBody
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import java.net.Socket

/** The filter on Jetty. */
class ServletTest {
    private val world = World()
    private val client = world.client()
    private val http = OkHttpClient.Builder().signedBy(client).build()
    private val streaming = OkHttpClient.Builder().signedBy(client, CallOptions.STREAM).build()

    private fun site(stream: (HttpServletRequest) -> Boolean = { false }, more: Service.Builder.() -> Unit = {}, handle: (HttpServletRequest, HttpServletResponse) -> Unit) =
        Site(stream, handle) { world.service(NAME, it, more = more) }

    private fun request(site: Site, path: String = "/") = Request.Builder().url("${site.url}$path").header("Host", NAME)

    /** What is answered to bytes on the wire. */
    private fun raw(site: Site, text: String): String =
        Socket("127.0.0.1", site.port).use {
            it.soTimeout = 5000
            it.getOutputStream().write(text.toByteArray(Charsets.ISO_8859_1))
            it.getInputStream().readAllBytes().toString(Charsets.ISO_8859_1)
        }

    @Test
    fun `unsigned and malformed requests name themselves and run nothing`() {
        var ran = 0
        site { _, _ -> ran++ }.use { site ->
            val end = "Host: $NAME\r\nConnection: close\r\n\r\n"
            val missing = raw(site, "GET / HTTP/1.1\r\n$end")
            assertTrue(missing.startsWith("HTTP/1.1 401"), missing)
            assertTrue(missing.contains("oscartoki-error: missing", true) && missing.contains("WWW-Authenticate: oscartoki", true), missing)
            val signed = client.sign("GET", NAME, "/")
            assertTrue(raw(site, "GET / HTTP/1.1\r\noscartoki: ${signed.toki}\r\noscartoki: ${signed.toki}\r\n$end").contains("oscartoki-error: malformed"))
            assertTrue(raw(site, "GET / HTTP/1.1\r\nX-HTTP-Method-Override: DELETE\r\noscartoki: ${signed.toki}\r\n$end").contains("oscartoki-error: malformed"))
            assertTrue(raw(site, "GET /x HTTP/1.1\r\noscartoki: ${signed.toki}\r\n$end").contains("oscartoki-error: bad_mac"))
            assertTrue(raw(site, "POST / HTTP/1.1\r\nContent-Length: 5\r\n$end" + "hello").contains("oscartoki-error: missing"))
            val other = "GET / HTTP/1.1\r\noscartoki: ${signed.toki}\r\nHost: other.example.com\r\nConnection: close\r\n\r\n"
            assertTrue(raw(site, other).contains("oscartoki-error: unknown_authority"))
            assertEquals(0, ran)
            val fine = raw(site, "GET / HTTP/1.1\r\noscartoki: ${signed.toki}\r\n$end")
            assertTrue(fine.startsWith("HTTP/1.1 200") && fine.contains("Cache-Control: no-store, no-transform"), fine)
            val again = raw(site, "GET / HTTP/1.1\r\noscartoki: ${signed.toki}\r\n$end")
            assertTrue(again.startsWith("HTTP/1.1 409") && again.contains("\noscartoki: ot2."), again)
            assertEquals(1, ran)
        }
    }

    @Test
    fun `the body is there again, as stream, reader and form`() {
        site { request, response ->
            when (request.getHeader("as")) {
                "reader" -> response.writer.print(request.reader.readText())
                "form" -> response.writer.print("${request.getParameter("a")} ${request.getParameterValues("b").toList()} ${request.getParameter("q")}")
                else -> response.outputStream.write(request.inputStream.readAllBytes())
            }
        }.use { site ->
            for (way in listOf("stream", "reader")) {
                http.newCall(request(site).header("as", way).post("héllo".toRequestBody()).build()).execute().use { assertEquals("h", it.body.string().take(1)) }
            }
            val form = FormBody.Builder().add("a", "1 2").add("b", "x&").add("b", "y").build()
            http.newCall(request(site, "/?q=z").header("as", "form").post(form).build()).execute().use { assertEquals("1 2 [x&, y] z", it.body.string()) }
        }
    }

    @Test
    fun `every way to answer is signed`() {
        site { request, response ->
            when (request.requestURI) {
                "/empty" -> response.status = 204
                "/error" -> response.sendError(418, "teapot")
                "/redirect" -> response.sendRedirect("/x")
                "/throws" -> throw IllegalStateException("the application's own fault")
                "/length" -> response.apply { setContentLength(3); outputStream.write("abc".toByteArray()) }
                "/reset" -> response.apply { writer.print("never"); reset(); status = 201; outputStream.write("reset".toByteArray()) }
                "/flush" -> response.apply { writer.print("a"); flushBuffer(); writer.print("b") }
                "/twice" -> request.getRequestDispatcher("/forwarded").forward(request, response)
                else -> response.writer.print("at ${request.requestURI}")
            }
        }.use { site ->
            fun get(path: String) = http.newCall(request(site, path).build()).execute().use { "${it.code} ${it.body.string()}" }
            assertEquals("204 ", get("/empty"))
            assertEquals("418 teapot", get("/error"))
            assertEquals("302 ", get("/redirect"))
            assertEquals("500 ", get("/throws"))
            assertEquals("200 abc", get("/length"))
            assertEquals("201 reset", get("/reset"))
            assertEquals("200 ab", get("/flush"))
            assertEquals("200 at /forwarded", get("/twice"))
            http.newCall(request(site, "/head").head().build()).execute().use { assertEquals("8", it.header("Content-Length")) }
        }
    }

    @Test
    fun `asynchronous answers, completed and dispatched`() {
        site { request, response ->
            if (request.requestURI == "/complete") {
                val later = request.startAsync()
                later.start {
                    later.response.writer.print("later")
                    later.complete()
                }
            } else if (request.getAttribute("again") == null) {
                request.setAttribute("again", true)
                request.startAsync().let { later -> later.start { later.dispatch() } }
            } else {
                response.writer.print("dispatched")
            }
        }.use { site ->
            assertEquals("later", http.newCall(request(site, "/complete").build()).execute().use { it.body.string() })
            assertEquals("dispatched", http.newCall(request(site, "/dispatch").build()).execute().use { it.body.string() })
        }
    }

    @Test
    fun `a long answer and an encoded one go out uncovered`() {
        site(more = { maxAnswer(1000) }) { request, response ->
            if (request.requestURI == "/encoded") response.setHeader("Content-Encoding", "br")
            response.outputStream.write(ByteArray(if (request.requestURI == "/long") 5000 else 10))
        }.use { site ->
            for (path in listOf("/long", "/encoded")) {
                assertThrows(OscarError.Policy::class.java) { http.newCall(request(site, path).build()).execute() }
                streaming.newCall(request(site, path).build()).execute().use { assertFalse(it.oscar!!.outcome.contentAuthentic) }
            }
            http.newCall(request(site, "/short").build()).execute().use { assertTrue(it.oscar!!.outcome.contentAuthentic) }
            assertEquals(4, site.filter.uncovered)
        }
    }

    @Test
    fun `a streaming route finishes its body itself`() {
        site({ it.requestURI.startsWith("/stream") }, { maxBody(1000) }) { request, response ->
            if (!request.requestURI.startsWith("/stream")) return@site
            val body = request.getAttribute(OscarFilter.ATTRIBUTE) as StreamedBody
            assertEquals(null, request.oscar)
            val read = request.inputStream.readAllBytes().size
            if (request.requestURI != "/stream/never") assertTrue(body.finish().accepted)
            response.writer.print(read)
        }.use { site ->
            http.newCall(request(site, "/stream").post(ByteArray(100_000).toRequestBody()).build()).execute().use { assertEquals("100000", it.body.string()) }
            http.newCall(request(site, "/stream/never").post(ByteArray(10).toRequestBody()).build()).execute().use { assertEquals("10", it.body.string()) }
            // The digest of another body.
            val trusting = world.client { trustClock() }
            for (path in listOf("/stream", "/stream/never")) {
                val head = trusting.call("POST", NAME, path, "hello".toByteArray()).next().headers.map { "${it.key}: ${it.value}\r\n" }.joinToString("")
                val mismatch = raw(site, "POST $path HTTP/1.1\r\n${head}Host: $NAME\r\nConnection: close\r\nContent-Length: 5\r\n\r\nHELLO")
                assertTrue(mismatch.startsWith("HTTP/1.1 400") && mismatch.contains("\noscartoki: ot2."), mismatch)
            }
            val large = assertThrows(OscarError.Policy::class.java) { http.newCall(request(site).post(ByteArray(1001).toRequestBody()).build()).execute() }
            assertEquals(413, large.status)
            assertEquals(false, large.mayHaveRun)
        }
    }

    @Test
    fun `a target that something hides is an error that names the fix`() {
        val hiding = object : jakarta.servlet.http.HttpServletRequestWrapper(fake("/a")) {
            override fun getRequestURI() = "/b"
        }
        val error = assertThrows(OscarError.RawTargetHidden::class.java) { com.oscartoki.internal.rawTarget(hiding) }
        assertTrue(error.message!!.contains("map this filter before"))
        assertEquals("/a", com.oscartoki.internal.rawTarget(jakarta.servlet.http.HttpServletRequestWrapper(fake("/a"))))
    }

    @Test
    fun `HTTP 2 has its authority where HTTP 1 has Host`() {
        fun request(vararg told: Pair<String, Any?>): HttpServletRequest =
            java.lang.reflect.Proxy.newProxyInstance(javaClass.classLoader, arrayOf(HttpServletRequest::class.java)) { _, method, _ -> told.toMap()[method.name] } as HttpServletRequest
        fun authority(vararg told: Pair<String, Any?>) = com.oscartoki.internal.authorityOf(request(*told))
        assertEquals("api.example.com:443", authority("getProtocol" to "HTTP/2.0", "getServerName" to "api.example.com", "getServerPort" to 443))
        assertEquals("[::1]:8443", authority("getProtocol" to "HTTP/2.0", "getServerName" to "::1", "getServerPort" to 8443))
        assertEquals(null, authority("getProtocol" to "HTTP/2.0", "getHeader" to NAME, "getServerName" to NAME, "getServerPort" to 443))
        assertEquals(null, authority("getProtocol" to "HTTP/1.1", "getServerName" to NAME, "getServerPort" to 80))
    }

    private fun fake(uri: String): HttpServletRequest =
        java.lang.reflect.Proxy.newProxyInstance(javaClass.classLoader, arrayOf(HttpServletRequest::class.java)) { _, method, _ ->
            if (method.name == "getRequestURI") uri else null
        } as HttpServletRequest
}
