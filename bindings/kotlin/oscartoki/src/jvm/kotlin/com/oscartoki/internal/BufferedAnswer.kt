package com.oscartoki.internal

import com.oscartoki.OscarFilter
import jakarta.servlet.ServletOutputStream
import jakarta.servlet.WriteListener
import jakarta.servlet.http.HttpServletResponse
import jakarta.servlet.http.HttpServletResponseWrapper
import java.io.ByteArrayOutputStream
import java.io.OutputStreamWriter
import java.io.PrintWriter
import java.util.AbstractMap.SimpleImmutableEntry

/**
 * An answer that is held back until it is whole, and signed then. One that can't be covered (an event stream, encoded content, more than [most]
 * bytes) begins when that shows, with its content not covered.
 */
internal class BufferedAnswer(
    private val response: HttpServletResponse,
    private val most: Long,
    private val sign: (Int, List<Map.Entry<String, String>>, ByteArray?) -> Map<String, String>,
) : HttpServletResponseWrapper(response) {
    private val held = ByteArrayOutputStream()
    private val output = Output()
    private var writer: PrintWriter? = null
    private var size = -1L

    /** It has begun to leave. */
    var begun = false
        private set

    /** It is whole. */
    fun end() {
        writer?.flush()
        if (!begun) {
            val content = held.toByteArray()
            if (coverable()) begin(content) else begin(null)
            if (size < 0 && status != 204 && status != 304) response.setContentLength(content.size)
            response.outputStream.write(content)
        }
    }

    private fun begin(content: ByteArray?) {
        begun = true
        // What is signed is what is sent.
        setHeader("Cache-Control", OscarFilter.NO_STORE)
        val headers = response.headerNames.flatMapTo(ArrayList()) { name -> response.getHeaders(name).map { SimpleImmutableEntry(name, it) } }
        // Not every container counts it among the headers.
        if (contentType != null && headers.none { it.key.equals("Content-Type", ignoreCase = true) }) headers.add(SimpleImmutableEntry("Content-Type", contentType))
        sign(status, headers, content).forEach(response::setHeader)
        if (size >= 0) response.setContentLengthLong(size)
    }

    private fun stream() {
        begin(null)
        held.writeTo(response.outputStream)
        held.reset()
    }

    private fun coverable(): Boolean {
        val coding = response.getHeader("Content-Encoding")?.trim().orEmpty()
        val type = contentType.orEmpty().substringBefore(';').trim()
        return (coding.isEmpty() || coding.equals("identity", ignoreCase = true)) && !type.equals("text/event-stream", ignoreCase = true)
    }

    override fun getOutputStream(): ServletOutputStream = output

    override fun getWriter(): PrintWriter = writer ?: PrintWriter(OutputStreamWriter(output, charset())).also { writer = it }

    // As the container does: what was not said is said with the writer.
    private fun charset(): String {
        val charset = characterEncoding ?: "ISO-8859-1"
        if (contentType?.contains("charset", ignoreCase = true) != true) characterEncoding = charset
        return charset
    }

    override fun flushBuffer() {
        writer?.flush()
        if (begun) response.flushBuffer() else if (!coverable()) stream().also { response.flushBuffer() }
    }

    override fun isCommitted(): Boolean = begun && response.isCommitted

    override fun setContentLength(len: Int) = setContentLengthLong(len.toLong())

    override fun setContentLengthLong(len: Long) {
        size = len
    }

    override fun setHeader(name: String, value: String?) = if (name.equals("Content-Length", ignoreCase = true)) size = value?.toLong() ?: -1 else super.setHeader(name, value)

    override fun setIntHeader(name: String, value: Int) = setHeader(name, value.toString())

    override fun sendError(sc: Int) = sendError(sc, "")

    // The container's error page would go out unsigned.
    override fun sendError(sc: Int, msg: String?) {
        resetBuffer()
        status = sc
        contentType = "text/plain;charset=UTF-8"
        output.write(msg.orEmpty().toByteArray())
    }

    override fun sendRedirect(location: String) {
        resetBuffer()
        status = HttpServletResponse.SC_FOUND
        setHeader("Location", location)
    }

    override fun reset() {
        check(!begun) { "the answer has begun" }
        super.reset()
        resetBuffer()
    }

    override fun resetBuffer() {
        check(!begun) { "the answer has begun" }
        writer = null
        held.reset()
        size = -1
    }

    override fun setBufferSize(size: Int) = Unit

    private inner class Output : ServletOutputStream() {
        override fun write(b: Int) = write(byteArrayOf(b.toByte()), 0, 1)

        override fun write(b: ByteArray, off: Int, len: Int) {
            if (!begun && held.size().toLong() + len <= most) return held.write(b, off, len)
            if (!begun) stream()
            response.outputStream.write(b, off, len)
        }

        override fun flush() {
            if (begun) response.outputStream.flush() else if (!coverable()) stream()
        }

        override fun isReady(): Boolean = if (begun) response.outputStream.isReady else true

        override fun setWriteListener(listener: WriteListener) {
            try {
                listener.onWritePossible()
            } catch (failure: java.io.IOException) {
                listener.onError(failure)
            }
        }
    }
}
