@file:JvmName("Ktor")

package com.oscartoki

import com.oscartoki.internal.coversContent
import io.ktor.client.call.HttpClientCall
import io.ktor.client.plugins.api.ClientPlugin
import io.ktor.client.plugins.api.Send
import io.ktor.client.plugins.api.SendingRequest
import io.ktor.client.plugins.api.createClientPlugin
import io.ktor.client.plugins.cache.HttpCache
import io.ktor.client.plugins.observer.wrapWithContent
import io.ktor.client.plugins.pluginOrNull
import io.ktor.client.request.HttpRequestBuilder
import io.ktor.client.request.setBody
import io.ktor.client.request.takeFrom
import io.ktor.client.statement.HttpResponse
import io.ktor.client.statement.bodyAsChannel
import io.ktor.http.Headers
import io.ktor.http.HttpHeaders
import io.ktor.http.HttpMethod
import io.ktor.http.content.OutgoingContent
import io.ktor.http.fullPath
import io.ktor.http.hostWithPort
import io.ktor.util.AttributeKey
import io.ktor.utils.io.ByteReadChannel
import io.ktor.utils.io.readBuffer
import io.ktor.utils.io.toByteArray
import io.ktor.utils.io.writer
import kotlinx.coroutines.coroutineScope
import kotlinx.io.readByteArray
import java.io.IOException
import java.util.AbstractMap.SimpleImmutableEntry
import java.util.concurrent.atomic.AtomicBoolean

/** What the plugin [OscarToki] is told. */
public class OscarTokiConfig {
    /** Who signs. */
    public var client: Client? = null

    /** What is special about these requests. */
    public var options: CallOptions = CallOptions.NONE
}

/**
 * `HttpClient { install(OscarToki) { client = … } }`: every request is signed and every answer accepted; what is refused is an [OscarError].
 *
 * Each hop of a redirect that Ktor follows is signed anew, for the name that it goes to. A plugin that sends a request again under this one finds
 * its toki used up. Content is read whole before it is signed, and answers up to [Client.maxAnswer].
 */
public val OscarToki: ClientPlugin<OscarTokiConfig> = createClientPlugin("OscarToki", ::OscarTokiConfig) {
    val signer = KtorSigner(requireNotNull(pluginConfig.client) { "install(OscarToki) { client = … }" }, pluginConfig.options)
    val ktor = client
    on(Send) { request ->
        if (ktor.pluginOrNull(HttpCache) != null) {
            throw OscarError.named("policy", OscarError.Said("HttpCache could answer in place of the service: install OscarToki in a client without it", false))
        }
        signer.exchange(request) { proceed(it) }
    }
    on(SendingRequest) { request, _ ->
        val unsent = request.attributes.getOrNull(UNSENT)
        if (unsent != null && !unsent.compareAndSet(true, false)) {
            throw OscarError.named("policy", OscarError.Said("a request was about to be sent again with the toki of the one before: install what retries before OscarToki"))
        }
    }
}

/** How the call went that this is the answer of; null when it was not signed. */
public val HttpResponse.oscar: Step? get() = call.attributes.getOrNull(STEP)

private class KtorSigner(private val client: Client, private val options: CallOptions) {
    suspend fun exchange(request: HttpRequestBuilder, proceed: suspend (HttpRequestBuilder) -> HttpClientCall): HttpClientCall {
        OURS.forEach(request.headers::remove)
        val given = request.body as OutgoingContent
        val bytes = bytesOf(given)
        if (bytes != null) request.setBody(Whole(given, bytes))
        val url = request.url.build()
        val authority = request.headers[HttpHeaders.Host] ?: url.hostWithPort
        val headers = pairs(request.headers.build()) + pairs(given.headers) + listOfNotNull(given.contentType?.let { entry(HttpHeaders.ContentType, it.toString()) })
        val call = client.call(request.method.value, authority, url.fullPath.ifEmpty { "/" }, bytes, headers, options)
        return call.use { loop(it, request, proceed) }
    }

    private suspend fun loop(call: Call, request: HttpRequestBuilder, proceed: suspend (HttpRequestBuilder) -> HttpClientCall): HttpClientCall {
        var answered: HttpClientCall? = null
        while (true) {
            val step = call.next()
            when (step.kind) {
                Step.Kind.SEND -> answered = attempt(call, outgoing(request, step), proceed)
                Step.Kind.FAILED -> throw step.outcome.error!!
                Step.Kind.DONE -> return answered!!.also { it.attributes.put(STEP, step) }
            }
        }
    }

    private suspend fun attempt(call: Call, request: HttpRequestBuilder, proceed: suspend (HttpRequestBuilder) -> HttpClientCall): HttpClientCall {
        try {
            val answered = proceed(request)
            return read(call, answered, client.clock.nowMs(), mono())
        } catch (failure: IOException) {
            call.failed()
            // Ktor's own error, with what we know beside it.
            call.next().outcome.error?.let(failure::addSuppressed)
            throw failure
        }
    }

    private suspend fun read(call: Call, answered: HttpClientCall, receivedMs: Long, monoMs: Long): HttpClientCall {
        val response = answered.response
        val headers = pairs(response.headers)
        if (CallOptions.STREAM in options && !coversContent(response.headers["oscartoki"])) {
            call.received(response.status.value, headers, ByteArray(1), receivedMs, monoMs)
            return answered
        }
        val content = response.bodyAsChannel().readBuffer(client.maxAnswer + 1).readByteArray()
        if (content.size > client.maxAnswer) call.tooLarge(response.status.value) else call.received(response.status.value, headers, content, receivedMs, monoMs)
        return answered.wrapWithContent { ByteReadChannel(content) }
    }

    private fun outgoing(request: HttpRequestBuilder, step: Step): HttpRequestBuilder {
        val signed = if (step.isProbe) probe(request, step) else request
        for ((name, value) in step.headers) signed.headers[name] = value
        signed.attributes.put(UNSENT, AtomicBoolean(true))
        return signed
    }

    private fun probe(request: HttpRequestBuilder, step: Step): HttpRequestBuilder {
        val content = request.body as OutgoingContent
        val probe = HttpRequestBuilder().takeFrom(request)
        probe.method = HttpMethod.parse(step.method)
        probe.setBody(Nothing)
        // A covered header that comes with the content stays.
        content.contentType?.let { probe.headers[HttpHeaders.ContentType] = it.toString() }
        probe.headers.names().filter(client::dropsFromProbe).forEach(probe.headers::remove)
        return probe
    }

    private suspend fun bytesOf(content: OutgoingContent): ByteArray? =
        when (content) {
            is OutgoingContent.NoContent -> null
            is OutgoingContent.ByteArrayContent -> content.bytes()
            is OutgoingContent.ReadChannelContent -> content.readFrom().toByteArray()
            is OutgoingContent.WriteChannelContent -> written(content)
            is OutgoingContent.ContentWrapper -> bytesOf(content.delegate())
            is OutgoingContent.ProtocolUpgrade -> throw OscarError.named("unsignable", OscarError.Said("an upgrade is opened with a ticket: Client.mintTicket", false))
        }

    private suspend fun written(content: OutgoingContent.WriteChannelContent): ByteArray =
        coroutineScope { writer { content.writeTo(channel) }.channel.toByteArray() }

    /** Content that was read, as it was given. */
    private class Whole(private val given: OutgoingContent, private val bytes: ByteArray) : OutgoingContent.ByteArrayContent() {
        override val contentType get() = given.contentType
        override val contentLength get() = bytes.size.toLong()
        override val headers: Headers get() = given.headers

        override fun bytes() = bytes
    }

    private object Nothing : OutgoingContent.NoContent()
}

private val STEP = AttributeKey<Step>("com.oscartoki.step")
private val UNSENT = AttributeKey<AtomicBoolean>("com.oscartoki.unsent")
private val OURS = listOf("oscartoki", "oscartokikey", "content-digest")

private fun pairs(headers: Headers): List<Map.Entry<String, String>> = headers.entries().flatMap { (name, values) -> values.map { entry(name, it) } }

private fun entry(name: String, value: String): Map.Entry<String, String> = SimpleImmutableEntry(name, value)
