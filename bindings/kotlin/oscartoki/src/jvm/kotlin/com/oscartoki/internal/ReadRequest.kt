package com.oscartoki.internal

import jakarta.servlet.AsyncContext
import jakarta.servlet.ReadListener
import jakarta.servlet.ServletInputStream
import jakarta.servlet.ServletRequest
import jakarta.servlet.ServletResponse
import jakarta.servlet.http.HttpServletRequest
import jakarta.servlet.http.HttpServletRequestWrapper
import java.io.BufferedReader
import java.io.InputStreamReader
import java.net.URLDecoder
import java.util.Collections
import java.util.Enumeration

/** A request whose body was read, and is there again. */
internal class ReadRequest(request: HttpServletRequest, private val input: ServletInputStream, private val size: Long) : HttpServletRequestWrapper(request) {
    var asynchronous: (AsyncContext) -> AsyncContext = { it }
    private var reader: BufferedReader? = null
    private val form: Map<String, Array<String>>? by lazy(::parameters)

    override fun getInputStream(): ServletInputStream = input

    override fun getReader(): BufferedReader =
        reader ?: BufferedReader(InputStreamReader(input, characterEncoding ?: "ISO-8859-1")).also { reader = it }

    override fun getContentLength(): Int = if (size > Int.MAX_VALUE) -1 else size.toInt()

    override fun getContentLengthLong(): Long = size

    override fun startAsync(): AsyncContext = asynchronous(super.startAsync())

    override fun startAsync(request: ServletRequest, response: ServletResponse): AsyncContext = asynchronous(super.startAsync(request, response))

    override fun getAsyncContext(): AsyncContext = asynchronous(super.getAsyncContext())

    // The container reads a form from its own stream, which is at its end.

    override fun getParameter(name: String): String? = form?.let { it[name]?.firstOrNull() } ?: super.getParameter(name)

    override fun getParameterMap(): Map<String, Array<String>> = form ?: super.getParameterMap()

    override fun getParameterNames(): Enumeration<String> = form?.let { Collections.enumeration(it.keys) } ?: super.getParameterNames()

    override fun getParameterValues(name: String): Array<String>? = form?.let { it[name] } ?: super.getParameterValues(name)

    private fun parameters(): Map<String, Array<String>>? {
        val isForm = contentType?.substringBefore(';')?.trim().equals("application/x-www-form-urlencoded", ignoreCase = true)
        if (!isForm || method != "POST" || input !is CachedInput) return null
        val charset = characterEncoding ?: "UTF-8"
        val found = LinkedHashMap<String, MutableList<String>>()
        for (text in listOf(queryString ?: "", String(input.bytes, Charsets.ISO_8859_1))) {
            for (pair in text.split('&')) {
                if (pair.isEmpty()) continue
                val name = URLDecoder.decode(pair.substringBefore('='), charset)
                found.getOrPut(name) { ArrayList() }.add(URLDecoder.decode(pair.substringAfter('=', ""), charset))
            }
        }
        return found.mapValues { it.value.toTypedArray() }
    }
}

/** Bytes as a servlet reads them. */
internal class CachedInput(val bytes: ByteArray) : ServletInputStream() {
    private var at = 0

    override fun read(): Int = if (at == bytes.size) -1 else bytes[at++].toInt() and 0xFF

    override fun read(into: ByteArray, offset: Int, length: Int): Int {
        if (length == 0) return 0
        if (at == bytes.size) return -1
        val size = minOf(length, bytes.size - at)
        System.arraycopy(bytes, at, into, offset, size)
        at += size
        return size
    }

    override fun isFinished(): Boolean = at == bytes.size

    override fun isReady(): Boolean = true

    override fun setReadListener(listener: ReadListener) {
        try {
            if (!isFinished) listener.onDataAvailable()
            listener.onAllDataRead()
        } catch (failure: java.io.IOException) {
            listener.onError(failure)
        }
    }
}
