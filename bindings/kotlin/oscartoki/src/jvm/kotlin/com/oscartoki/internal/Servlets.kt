package com.oscartoki.internal

import com.oscartoki.NOTHING
import com.oscartoki.OscarFilter
import jakarta.servlet.ServletRequestWrapper
import jakarta.servlet.http.HttpServletRequest
import java.io.ByteArrayOutputStream
import java.io.InputStream
import java.util.AbstractMap.SimpleImmutableEntry

/** The request target as it was on the wire, or the reason why it can't be had. */
internal fun rawTarget(request: HttpServletRequest): String {
    val path = request.requestURI ?: throw OscarFilter.hidden("this container gives no requestURI, the path as it was sent")
    var sent = request
    while (sent is ServletRequestWrapper) sent = sent.request as? HttpServletRequest ?: break
    if (sent.requestURI != path || sent.queryString != request.queryString) {
        throw OscarFilter.hidden("a filter before this one shows another target than what was sent: map this filter before it")
    }
    return request.queryString.let { if (it == null) path else "$path?$it" }
}

/** HTTP/2's `:authority`, where the container does not show it as Host; null: Host says it. A default port counts for nothing. */
internal fun authorityOf(request: HttpServletRequest): String? {
    if (request.getHeader("Host") != null || request.protocol.orEmpty() !in setOf("HTTP/2.0", "HTTP/2", "HTTP/3.0", "HTTP/3")) return null
    val host = request.serverName.let { if (':' in it && !it.startsWith("[")) "[$it]" else it }
    return "$host:${request.serverPort}"
}

/** The headers in order, as far as servlets know one. */
internal fun pairsOf(request: HttpServletRequest): List<Map.Entry<String, String>> {
    val pairs = ArrayList<Map.Entry<String, String>>()
    for (name in request.headerNames) {
        for (value in request.getHeaders(name)) pairs.add(SimpleImmutableEntry(name, value))
    }
    return pairs
}

/** At most [most] bytes and one more. */
internal fun readUpTo(source: InputStream, most: Long): ByteArray {
    val bytes = ByteArrayOutputStream()
    val chunk = ByteArray(16_384)
    while (bytes.size() <= most) {
        val got = source.read(chunk, 0, minOf(chunk.size.toLong(), most + 1 - bytes.size()).toInt())
        if (got < 0) break
        bytes.write(chunk, 0, got)
    }
    return if (bytes.size() == 0) NOTHING else bytes.toByteArray()
}
