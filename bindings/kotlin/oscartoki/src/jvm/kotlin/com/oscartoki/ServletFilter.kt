@file:JvmName("Servlets")

package com.oscartoki

import com.oscartoki.internal.Exchange
import com.oscartoki.internal.authorityOf
import com.oscartoki.internal.pairsOf
import com.oscartoki.internal.rawTarget
import com.oscartoki.internal.readUpTo
import jakarta.servlet.DispatcherType
import jakarta.servlet.Filter
import jakarta.servlet.FilterChain
import jakarta.servlet.ServletRequest
import jakarta.servlet.ServletResponse
import jakarta.servlet.http.HttpServletRequest
import jakarta.servlet.http.HttpServletResponse
import java.io.IOException
import java.util.concurrent.atomic.AtomicLong
import java.util.logging.Level
import java.util.logging.Logger

/**
 * A servlet filter: it verifies before the application runs, and signs what that answers. Map it first, to `/` and everything under it, for the
 * dispatcher types REQUEST and ASYNC, with async supported; a CORS filter stands before it. What was verified is [HttpServletRequest.oscar].
 *
 * A body is read whole, up to [Service.maxBody], before the application runs; [stream] names requests that get theirs as it comes: a
 * [StreamedBody], to be read and finished. Answers up to [Service.maxAnswer] are covered whole; longer ones, event streams and encoded ones go out with
 * their status and grant covered, their content not.
 */
@JvmOverloads
public fun Service.servletFilter(stream: (HttpServletRequest) -> Boolean = { false }): OscarFilter = OscarFilter(this, stream)

/** What was verified of this request; null where the filter did not run, or while a [StreamedBody] is not finished. */
public val HttpServletRequest.oscar: VerifiedRequest? get() = getAttribute(OscarFilter.ATTRIBUTE) as? VerifiedRequest

/** [servletFilter]. */
public class OscarFilter internal constructor(private val service: Service, private val stream: (HttpServletRequest) -> Boolean) : Filter {
    private val uncoveredCount = AtomicLong()

    /** How many answers went out with their content not covered. */
    public val uncovered: Long get() = uncoveredCount.get()

    override fun doFilter(request: ServletRequest, response: ServletResponse, chain: FilterChain) {
        request as HttpServletRequest
        response as HttpServletResponse
        val running = request.getAttribute(EXCHANGE) as Exchange?
        if (running != null) return running.again(request, chain)
        try {
            judge(request, response, chain)
        } catch (hidden: OscarError.RawTargetHidden) {
            log.log(Level.SEVERE, hidden.message)
            respond(response, 500, mapOf("Content-Type" to "text/plain", "oscartoki-error" to hidden.name), hidden.message!!.toByteArray())
        }
    }

    private fun judge(request: HttpServletRequest, response: HttpServletResponse, chain: FilterChain) {
        if (request.dispatcherType != DispatcherType.REQUEST) {
            throw hidden("a ${request.dispatcherType} dispatch does not show the request as it was sent: map the filter to REQUEST, before what dispatches")
        }
        val method = request.method
        val target = rawTarget(request)
        val headers = pairsOf(request)
        val authority = authorityOf(request)
        var body: ByteArray? = null
        if (service.wantsBody(method, target, headers, authority)) body = readUpTo(request.inputStream, service.maxBody)
        var verdict = service.verifyHead(method, target, headers, body, authority)
        if (verdict is PendingBody) {
            if (stream(request)) {
                return Exchange(this, service, request, response, StreamedBody(verdict, request.inputStream)).run(chain)
            }
            body = readUpTo(request.inputStream, service.maxBody)
            verdict = if (body.size > service.maxBody) verdict.tooLarge() else verdict.finish(body)
        }
        when (verdict) {
            is VerifiedRequest -> Exchange(this, service, request, response, verdict, body ?: NOTHING).run(chain)
            else -> {
                drain(request)
                turnDown(verdict, method, response)
            }
        }
    }

    /** A body that is not wanted is taken off the wire, so that the answer is not lost in a reset; who asks with Expect has not sent it. */
    private fun drain(request: HttpServletRequest) {
        if (request.getHeader("Expect") != null) return
        try {
            readUpTo(request.inputStream, service.maxBody)
        } catch (gone: IOException) {
            log.log(Level.FINE, "a refused body did not arrive", gone)
        }
    }

    internal fun turnDown(verdict: Verdict, method: String, response: HttpServletResponse) {
        if (verdict is Handshake) {
            val reply = verdict.reply()
            return respond(response, 200, mapOf("Content-Type" to "application/json", "oscartoki" to reply.toki), reply.body.toByteArray())
        }
        verdict as Refusal
        val headers = LinkedHashMap<String, String>()
        if (verdict.wwwAuthenticate) headers["WWW-Authenticate"] = "oscartoki"
        var body = NOTHING
        if (verdict.signed) {
            headers["Cache-Control"] = NO_STORE
            sign(verdict, method, verdict.status, headers.entries, NOTHING).forEach { (name, value) -> headers[name] = value }
        } else {
            headers["oscartoki-error"] = verdict.name
            if (verdict.version == 1 && method != "HEAD") {
                // The clients of OscarToki v1 read their refusals here.
                body = """{"status":"error","message":"${verdict.name}"}""".toByteArray()
                headers["Content-Type"] = "application/json"
            }
        }
        respond(response, verdict.status, headers, body)
    }

    /** The headers of an answer; [content] null: it is not covered. */
    internal fun sign(verdict: Verdict, method: String, status: Int, headers: Iterable<Map.Entry<String, String>>, content: ByteArray?): Map<String, String> {
        val empty = method == "HEAD" || status == 204 || status == 304
        if (!empty && content == null) count(status)
        val made = service.answerHead(verdict, status, headers, if (empty) null else content)
        return made.grant.let { if (it == null) mapOf("oscartoki" to made.toki) else mapOf("oscartoki" to made.toki, "oscartokikey" to it) }
    }

    private fun respond(response: HttpServletResponse, status: Int, headers: Map<String, String>, body: ByteArray) {
        response.status = status
        headers.forEach(response::setHeader)
        if (status != 204) response.setContentLength(body.size)
        if (body.isNotEmpty()) response.outputStream.write(body)
    }

    private fun count(status: Int) {
        if (uncoveredCount.incrementAndGet() == 1L) {
            log.warning(
                "an answer (status $status) goes out with its content not covered: it is a stream, longer than maxAnswer, or has a Content-Encoding; " +
                    "clients take it only when they ask for streams. Further ones are counted in silence (OscarFilter.uncovered)",
            )
        }
    }

    public companion object {
        /** The request attribute with the [VerifiedRequest], or the [StreamedBody]. */
        public const val ATTRIBUTE: String = "com.oscartoki"
        internal const val EXCHANGE = "com.oscartoki.exchange"
        internal const val NO_STORE = "no-store, no-transform"
        internal val log = Logger.getLogger("com.oscartoki")

        internal fun hidden(sentence: String): OscarError = OscarError.named("raw_target_hidden", OscarError.Said(sentence, status = 500))
    }
}
