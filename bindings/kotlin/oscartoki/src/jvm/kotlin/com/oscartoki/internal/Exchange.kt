package com.oscartoki.internal

import com.oscartoki.OscarFilter
import com.oscartoki.Refusal
import com.oscartoki.Service
import com.oscartoki.StreamedBody
import com.oscartoki.VerifiedRequest
import com.oscartoki.Verdict
import jakarta.servlet.AsyncContext
import jakarta.servlet.FilterChain
import jakarta.servlet.ServletRequest
import jakarta.servlet.ServletResponse
import jakarta.servlet.http.HttpServletRequest
import jakarta.servlet.http.HttpServletResponse

/** One request that may run: its application sees the body again, and its answer is signed before it leaves. */
internal class Exchange private constructor(
    private val filter: OscarFilter,
    private val service: Service,
    private val request: HttpServletRequest,
    private val response: HttpServletResponse,
    private val settle: () -> Verdict,
    private val seen: HttpServletRequest,
) {
    private val answer = BufferedAnswer(response, service.maxAnswer, ::sign)
    private var closed = false

    constructor(filter: OscarFilter, service: Service, request: HttpServletRequest, response: HttpServletResponse, verified: VerifiedRequest, body: ByteArray) :
        this(filter, service, request, response, { verified }, ReadRequest(request, CachedInput(body), body.size.toLong())) {
        request.setAttribute(OscarFilter.ATTRIBUTE, verified)
    }

    constructor(filter: OscarFilter, service: Service, request: HttpServletRequest, response: HttpServletResponse, body: StreamedBody) :
        this(filter, service, request, response, body::settle, ReadRequest(request, body, request.contentLengthLong)) {
        request.setAttribute(OscarFilter.ATTRIBUTE, body)
    }

    init {
        request.setAttribute(OscarFilter.EXCHANGE, this)
        (seen as ReadRequest).asynchronous = { context -> Signing(context) }
    }

    fun run(chain: FilterChain) {
        try {
            chain.doFilter(seen, answer)
        } catch (failure: Exception) {
            return failed(failure)
        }
        if (!request.isAsyncStarted) finish()
    }

    /** An ASYNC dispatch of the same request, or an inner dispatch that comes through here. */
    fun again(request: HttpServletRequest, chain: FilterChain) {
        if (request.dispatcherType != jakarta.servlet.DispatcherType.ASYNC) return chain.doFilter(request, answer.takeIf { !closed } ?: response)
        run(chain)
    }

    /** The application's own fault: a signed 500, or, once the answer has begun, the container's business. */
    private fun failed(failure: Exception) {
        if (answer.begun) throw failure
        if (failure is com.oscartoki.OscarError && refused()) return
        OscarFilter.log.log(java.util.logging.Level.SEVERE, "the application failed", failure)
        answer.reset()
        answer.status = 500
        finish()
    }

    private fun refused(): Boolean {
        val verdict = settle()
        if (verdict !is Refusal) return false
        closed = true
        response.reset()
        filter.turnDown(verdict, request.method, response)
        return true
    }

    private fun finish() {
        if (closed) return
        if (!answer.begun && refused()) return
        closed = true
        answer.end()
    }

    /** The headers that go out; content null: not covered. Called once, when the answer begins. */
    private fun sign(status: Int, headers: List<Map.Entry<String, String>>, content: ByteArray?): Map<String, String> {
        val verdict = settle()
        verdict.throwForRefusal()
        return filter.sign(verdict, request.method, status, headers, content)
    }

    /** An asynchronous answer is signed when the application says that it is complete. */
    private inner class Signing(private val inner: AsyncContext) : AsyncContext by inner {
        override fun complete() {
            finish()
            inner.complete()
        }

        override fun getRequest(): ServletRequest = seen

        override fun getResponse(): ServletResponse = answer
    }
}
