@file:JvmName("OkHttp")

package com.oscartoki

import com.oscartoki.internal.OkHttpContent
import com.oscartoki.internal.coversContent
import kotlinx.coroutines.suspendCancellableCoroutine
import okhttp3.Authenticator
import okhttp3.Callback
import okhttp3.Cookie
import okhttp3.CookieJar
import okhttp3.Headers
import okhttp3.HttpUrl
import okhttp3.Interceptor
import okhttp3.OkHttpClient
import okhttp3.Request
import okhttp3.Response
import okhttp3.ResponseBody
import okhttp3.ResponseBody.Companion.asResponseBody
import okio.Buffer
import okio.GzipSource
import okio.buffer
import java.io.IOException
import kotlin.coroutines.resume
import kotlin.coroutines.resumeWithException

/**
 * `OkHttpClient.Builder().addInterceptor(client.okHttpInterceptor())`: every request is signed and every answer accepted; what is refused is
 * an [OscarError]. Add it last, so that it sees what is sent.
 *
 * OkHttp's cache, its retries and its `authenticator` are off for these requests, and a redirect is not followed. What is to be sent is read before
 * it is signed: bodies that can be written twice are digested in a first pass and streamed in the second, one-shot ones are kept. Answers are
 * read whole, up to [Client.maxAnswer]; with [CallOptions.STREAM], one whose content is not covered comes as it is sent.
 *
 * Needs OkHttp 5.4 or later.
 */
@JvmOverloads
public fun Client.okHttpInterceptor(options: CallOptions = CallOptions.NONE): Interceptor = OkHttpSigner(this, options)

/** The interceptor, in a client that follows no redirects and has no cache: a redirect is then an answer like any other. */
@JvmOverloads
public fun OkHttpClient.Builder.signedBy(client: Client, options: CallOptions = CallOptions.NONE): OkHttpClient.Builder =
    followRedirects(false).followSslRedirects(false).cache(null).addInterceptor(client.okHttpInterceptor(options))

/** How the call went that this is the answer of; null when it was not signed. */
public val Response.oscar: Step? get() = request.tag(Step::class.java)

/** Signs, sends and accepts one request with coroutines; cancelled with its caller. */
public suspend fun Client.send(http: OkHttpClient, request: Request, options: CallOptions = CallOptions.NONE): Response {
    val call = http.newBuilder().signedBy(this, options).build().newCall(request)
    return suspendCancellableCoroutine { waiting ->
        waiting.invokeOnCancellation { call.cancel() }
        call.enqueue(object : Callback {
            override fun onFailure(call: okhttp3.Call, e: IOException) = waiting.resumeWithException(e)

            override fun onResponse(call: okhttp3.Call, response: Response) = waiting.resume(response) { _, late, _ -> late.close() }
        })
    }
}

/** Does the two steps of OscarToki v1 with OkHttp. */
public fun com.oscartoki.v1.Client.send(http: OkHttpClient, request: Request): Response {
    val plain = http.newBuilder().followRedirects(false).followSslRedirects(false).cache(null).build()
    begin().use { exchange ->
        val first = request.newBuilder().get()
        for ((name, value) in exchange.headers) first.header(name, value)
        plain.newCall(first.build()).execute().use { exchange.acceptFirst(it.body.bytes(), it.header("oscartoki")) }
        val second = request.newBuilder()
        for ((name, value) in exchange.headers) second.header(name, value)
        val answer = plain.newCall(second.build()).execute()
        try {
            exchange.acceptSecond(answer.header("oscartoki"))
        } catch (refusal: OscarError) {
            answer.close()
            throw refusal
        }
        return answer
    }
}

private class OkHttpSigner(private val client: Client, private val options: CallOptions) : Interceptor {
    override fun intercept(chain: Interceptor.Chain): Response {
        check(chain.connection() == null) { "the interceptor is added with addInterceptor, not with addNetworkInterceptor" }
        val given = chain.request()
        OkHttpContent.of(given.body).use { content ->
            val request = prepared(given, content)
            val call = client.call(request.method, authority(request), target(request.url), content.bytes, pairs(request.headers), options, content.digest)
            call.use { return exchange(chain, it, given, request) }
        }
    }

    private fun exchange(chain: Interceptor.Chain, call: Call, given: Request, request: Request): Response {
        var response: Response? = null
        while (true) {
            val step = call.next()
            when (step.kind) {
                Step.Kind.SEND -> response = attempt(chain, call, outgoing(request, step))
                Step.Kind.FAILED -> {
                    response?.close()
                    throw step.outcome.error!!
                }
                Step.Kind.DONE -> return response!!.newBuilder().request(given.newBuilder().tag(Step::class.java, step).build()).build()
            }
        }
    }

    /** Sends once, and says to the call what came. */
    private fun attempt(chain: Interceptor.Chain, call: Call, request: Request): Response {
        val once = Once(chain.cookieJar)
        try {
            val response = chain.withCache(null).withRetryOnConnectionFailure(false).withAuthenticator(Authenticator.NONE).withCookieJar(once).proceed(request)
            val receivedMs = client.clock.nowMs()
            val monoMs = mono()
            return read(response, call, receivedMs, monoMs)
        } catch (failure: IOException) {
            call.failed()
            val unknown = call.next().outcome.error
            if (once.stopped) {
                val sentence = "OkHttp was about to send a request again with the toki of the one before (a redirect, or a 503 with Retry-After): " +
                    "build the client with signedBy(client), or with followRedirects(false), to get such an answer itself"
                throw OscarError.named("policy", OscarError.Said(sentence, unknown?.mayHaveRun)).apply { addSuppressed(failure) }
            }
            // OkHttp's own error, with what we know beside it.
            unknown?.let(failure::addSuppressed)
            throw failure
        } catch (old: LinkageError) {
            throw IllegalStateException("com.oscartoki needs OkHttp 5.4 or later: ${old.message}", old)
        }
    }

    private fun read(response: Response, call: Call, receivedMs: Long, monoMs: Long): Response {
        val headers = pairs(response.headers)
        if (CallOptions.STREAM in options && !coversContent(response.header("oscartoki"))) {
            call.received(response.code, headers, UNREAD, receivedMs, monoMs)
            return response
        }
        val source = response.body.source()
        if (source.request(client.maxAnswer + 1)) {
            response.close()
            call.tooLarge(response.code)
            return response
        }
        val sent = source.readByteString()
        response.close()
        call.received(response.code, headers, decoded(response, sent.toByteArray()), receivedMs, monoMs)
        val body: ResponseBody = Buffer().write(sent).asResponseBody(response.body.contentType(), response.body.contentLength())
        return response.newBuilder().body(body).build()
    }

    /** Content after removing content-coding; OkHttp itself does that unless the caller asked for a coding. */
    private fun decoded(response: Response, content: ByteArray): ByteArray {
        if (content.isEmpty() || !response.header("Content-Encoding").equals("gzip", ignoreCase = true)) return content
        val plain = GzipSource(Buffer().write(content)).buffer()
        return if (plain.request(client.maxAnswer + 1)) content else plain.readByteArray()
    }

    /** The request with what OkHttp would add only later, if it can be covered. */
    private fun prepared(given: Request, content: OkHttpContent): Request {
        val builder = given.newBuilder().method(given.method, content.body)
        content.body?.contentType()?.let { builder.header("Content-Type", it.toString()) }
        for (name in OURS) builder.removeHeader(name)
        return builder.build()
    }

    private fun outgoing(request: Request, step: Step): Request {
        val builder = request.newBuilder()
        if (step.isProbe) {
            builder.method(step.method, null)
            request.headers.names().filter(client::dropsFromProbe).forEach(builder::removeHeader)
        }
        for ((name, value) in step.headers) builder.header(name, value)
        return builder.build()
    }

    /** Lets one attempt pass: OkHttp asks for cookies before each. */
    private class Once(private val jar: CookieJar) : CookieJar {
        private var sent = false
        var stopped = false
            private set

        override fun loadForRequest(url: HttpUrl): List<Cookie> {
            stopped = stopped || sent
            if (stopped) throw IOException("a toki is sent once")
            sent = true
            return jar.loadForRequest(url)
        }

        override fun saveFromResponse(url: HttpUrl, cookies: List<Cookie>) = jar.saveFromResponse(url, cookies)
    }
}

private val OURS = listOf("oscartoki", "oscartokikey", "content-digest")

// Stands for content that is there, is not covered, and is not read yet.
private val UNREAD = ByteArray(1)

/** As OkHttp writes the header Host. */
private fun authority(request: Request): String {
    request.header("Host")?.let { return it }
    val url = request.url
    val host = if (':' in url.host) "[${url.host}]" else url.host
    return if (url.port == HttpUrl.defaultPort(url.scheme)) host else "$host:${url.port}"
}

private fun target(url: HttpUrl): String = url.encodedQuery.let { if (it == null) url.encodedPath else "${url.encodedPath}?$it" }

/** OkHttp sends and reads the values of headers as UTF-8. */
private fun pairs(headers: Headers): List<Map.Entry<String, String>> =
    headers.map { (name, value) -> java.util.AbstractMap.SimpleImmutableEntry(name, if (value.all { it.code < 0x80 }) value else String(value.toByteArray(), Charsets.ISO_8859_1)) }
