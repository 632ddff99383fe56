package example

import com.oscartoki.Service
import com.oscartoki.oscar
import com.oscartoki.servletFilter
import jakarta.servlet.DispatcherType
import jakarta.servlet.http.HttpServlet
import jakarta.servlet.http.HttpServletRequest
import jakarta.servlet.http.HttpServletResponse
import org.eclipse.jetty.ee10.servlet.FilterHolder
import org.eclipse.jetty.ee10.servlet.ServletContextHandler
import org.eclipse.jetty.http.UriCompliance
import org.eclipse.jetty.server.HttpConfiguration
import org.eclipse.jetty.server.HttpConnectionFactory
import org.eclipse.jetty.server.Server
import org.eclipse.jetty.server.ServerConnector
import java.io.File
import java.io.IOException
import java.security.MessageDigest
import java.util.EnumSet
import kotlin.system.exitProcess

private const val USAGE = """A service in Kotlin: a servlet on Jetty behind the filter, answering as `oscar serve` does.

    service --listen 127.0.0.1:0 --audience NAME [--authority NAME]... --key FILE... [--revocations FILE] [--memory FILE] [--ext LIST]
            [--answer-ext LIST] [--first-start]

`/echo` and everything under it take any method and need a toki. `--memory` is shared by all processes on this machine that accept the same keys;
without it, a file of this user is. Prints `listening on http://HOST:PORT` once it is ready. SIGTERM ends it with 0."""

private class Listening(arguments: Array<String>) {
    var listen = "127.0.0.1:8080"
    var audience = ""
    val authorities = ArrayList<String>()
    val keys = ArrayList<File>()
    val builder: Service.Builder = Service.builder()

    init {
        val left = arguments.iterator()
        for (flag in left) {
            when (flag) {
                "--listen" -> listen = left.next()
                "--audience" -> audience = left.next()
                "--authority" -> authorities += left.next()
                "--key" -> keys.add(File(left.next()))
                "--revocations" -> builder.revocationsFile(File(left.next()))
                "--memory" -> builder.memory(File(left.next()))
                "--ext" -> builder.ext(list(left.next()))
                "--answer-ext" -> builder.answerExt(list(left.next()))
                "--first-start" -> builder.firstStart()
                else -> throw IllegalArgumentException("what is $flag?")
            }
        }
        require(audience.isNotEmpty() && keys.isNotEmpty()) { "an audience and a key file are needed" }
    }

    private fun list(text: String) = text.split(",").map(String::trim).filter(String::isNotEmpty)
}

fun main(arguments: Array<String>) {
    val given = try {
        Listening(arguments)
    } catch (fault: IOException) {
        System.err.println("error: ${fault.message}")
        exitProcess(3)
    } catch (misused: RuntimeException) {
        System.err.println("${misused.message ?: "an argument is missing"}\n\n$USAGE")
        exitProcess(2)
    }
    val server = Server()
    // The target as it was sent, whatever is encoded in it: what it means is the application's to say.
    val connector = ServerConnector(server, HttpConnectionFactory(HttpConfiguration().apply { uriCompliance = UriCompliance.UNSAFE }))
    connector.host = given.listen.substringBeforeLast(':').trim('[', ']')
    connector.port = given.listen.substringAfterLast(':').toInt()
    connector.open()
    server.addConnector(connector)
    val listens = "${given.listen.substringBeforeLast(':')}:${connector.localPort}"
    val service = try {
        given.builder.authorities(listOf(given.audience, listens) + given.authorities).audience(given.audience).keysFile(*given.keys.toTypedArray()).build()
    } catch (fault: IOException) {
        System.err.println("error: ${fault.message}")
        exitProcess(3)
    }
    val context = ServletContextHandler("/")
    context.addFilter(FilterHolder(service.servletFilter()).apply { isAsyncSupported = true }, "/*", EnumSet.of(DispatcherType.REQUEST, DispatcherType.ASYNC))
    context.addServlet(Echo(), "/*")
    context.servletHandler.isDecodeAmbiguousURIs = true
    server.handler = context
    while (System.currentTimeMillis() < service.readyAtMs) Thread.sleep(50)
    server.start()
    Runtime.getRuntime().addShutdownHook(
        Thread {
            server.stop()
            Runtime.getRuntime().halt(0)
        },
    )
    println("listening on http://$listens")
}

/** The application, which knows nothing of tokis but who asks. */
private class Echo : HttpServlet() {
    override fun service(request: HttpServletRequest, response: HttpServletResponse) {
        val path = request.requestURI
        if (path != "/echo" && !path.startsWith("/echo/")) return reply(response, 404, """{"error":"not found"}""")
        val verified = request.oscar!!
        val body = request.inputStream.readAllBytes()
        val target = request.queryString.let { if (it == null) path else "$path?$it" }
        val session = verified.sid?.let { "\"${hex(it)}\"" }
        val digest = if (body.isEmpty()) null else "\"${hex(MessageDigest.getInstance("SHA-256").digest(body))}\""
        reply(
            response, 200,
            """{"client":"${hex(verified.kid)}","session":$session,"method":"${request.method}","target":"${quoted(target)}","body_sha256":$digest}""",
        )
    }

    private fun reply(response: HttpServletResponse, status: Int, json: String) {
        response.status = status
        response.contentType = "application/json"
        response.outputStream.write(json.toByteArray())
    }

    private fun quoted(text: String) = text.replace("\\", "\\\\").replace("\"", "\\\"")

    private fun hex(bytes: ByteArray) = bytes.joinToString("") { "%02x".format(it) }
}
