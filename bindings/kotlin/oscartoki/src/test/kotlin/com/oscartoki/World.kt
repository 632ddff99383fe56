package com.oscartoki

import jakarta.servlet.DispatcherType
import jakarta.servlet.http.HttpServlet
import jakarta.servlet.http.HttpServletRequest
import jakarta.servlet.http.HttpServletResponse
import org.eclipse.jetty.ee10.servlet.FilterHolder
import org.eclipse.jetty.ee10.servlet.ServletContextHandler
import org.eclipse.jetty.ee10.servlet.ServletHolder
import org.eclipse.jetty.http.UriCompliance
import org.eclipse.jetty.server.HttpConfiguration
import org.eclipse.jetty.server.HttpConnectionFactory
import org.eclipse.jetty.server.Server
import org.eclipse.jetty.server.ServerConnector
import java.net.ServerSocket
import java.util.EnumSet
import java.util.concurrent.CopyOnWriteArrayList
import kotlin.concurrent.thread

const val NAME = "api.example.com"

/** A secret, and whatever is made of it. */
class World(val secret: Secret = Secret.generate()) {
    fun client(more: Client.Builder.() -> Unit = {}): Client = Client.builder().secret(secret).audience(NAME).apply(more).build()

    fun service(vararg names: String = arrayOf(NAME), more: Service.Builder.() -> Unit = {}): Service =
        Service.builder().key(secret.audienceKey(NAME)).audience(NAME).authorities(*names).memory(MemoryReplayLog(1 shl 18)).firstStart().apply(more).build()

    /** One exchange without a socket. */
    fun exchange(client: Client, service: Service, method: String = "GET", target: String = "/", body: ByteArray? = null, options: CallOptions = CallOptions.NONE): Step {
        val call = client.call(method, NAME, target, body, options = options)
        while (true) {
            val step = call.next()
            if (step.kind != Step.Kind.SEND) return step
            val headers = step.headers
            val pairs = headers.entries + java.util.AbstractMap.SimpleEntry("Host", NAME)
            val sent = if (step.isProbe) null else body
            val verdict = service.verifyHead(step.method, target, pairs, sent)
            val judged = if (verdict is PendingBody) verdict.finish(sent) else verdict
            val status = (judged as? Refusal)?.status ?: 200
            val made = service.answer(judged, status)
            call.received(status, listOfNotNull("oscartoki" to made.toki, made.grant?.let { "oscartokikey" to it }).toMap().entries)
        }
    }
}

/** A servlet behind the filter, on Jetty. */
class Site(
    stream: (HttpServletRequest) -> Boolean = { false },
    handle: (HttpServletRequest, HttpServletResponse) -> Unit = ::echo,
    make: (String) -> Service,
) : AutoCloseable {
    private val server = Server()
    private val connector = ServerConnector(server, HttpConnectionFactory(HttpConfiguration().apply { uriCompliance = UriCompliance.UNSAFE })).apply {
        host = "127.0.0.1"
        open()
    }
    val port: Int = connector.localPort
    val url: String get() = "http://127.0.0.1:$port"
    val service = make("127.0.0.1:$port")
    val filter = service.servletFilter(stream)

    init {
        server.addConnector(connector)
        val context = ServletContextHandler("/")
        context.addFilter(FilterHolder(filter).apply { isAsyncSupported = true }, "/*", EnumSet.of(DispatcherType.REQUEST, DispatcherType.ASYNC))
        val servlet = object : HttpServlet() {
            override fun service(request: HttpServletRequest, response: HttpServletResponse) = handle(request, response)
        }
        context.addServlet(ServletHolder(servlet).apply { isAsyncSupported = true }, "/*")
        context.servletHandler.isDecodeAmbiguousURIs = true
        server.handler = context
        server.start()
    }

    override fun close() = server.stop()
}

fun echo(request: HttpServletRequest, response: HttpServletResponse) {
    val verified = request.oscar!!
    val body = request.inputStream.readAllBytes()
    response.contentType = "text/plain"
    val query = request.queryString.let { if (it == null) "" else "?$it" }
    response.writer.print("${request.method} ${request.requestURI}$query ${verified.sid != null} ${String(body)}")
}

/** Answers each connection's request with fixed bytes, and keeps what was asked. */
class Canned(vararg answers: String) : AutoCloseable {
    private val socket = ServerSocket(0)
    val asked = CopyOnWriteArrayList<String>()
    val url: String get() = "http://127.0.0.1:${socket.localPort}"
    private val worker = thread(isDaemon = true) {
        var turn = 0
        while (!socket.isClosed) {
            val peer = try {
                socket.accept()
            } catch (closed: java.io.IOException) {
                return@thread
            }
            peer.use {
                val reader = it.getInputStream().bufferedReader(Charsets.ISO_8859_1)
                val head = generateSequence { reader.readLine()?.ifEmpty { null } }.joinToString("\n")
                asked += head
                val length = Regex("(?i)content-length: (\\d+)").find(head)?.groupValues?.get(1)?.toInt() ?: 0
                repeat(length) { reader.read() }
                val answer = answers[minOf(turn++, answers.size - 1)]
                it.getOutputStream().write(answer.toByteArray(Charsets.ISO_8859_1))
            }
        }
    }

    override fun close() {
        socket.close()
        worker.join()
    }
}
