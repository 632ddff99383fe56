@file:JvmName("JavaHttp")

package com.oscartoki

import com.oscartoki.internal.coversContent
import kotlinx.coroutines.suspendCancellableCoroutine
import java.io.ByteArrayOutputStream
import java.io.IOException
import java.net.URI
import java.net.http.HttpClient
import java.net.http.HttpHeaders
import java.net.http.HttpRequest
import java.net.http.HttpRequest.BodyPublishers
import java.net.http.HttpResponse
import java.net.http.HttpResponse.BodyHandler
import java.net.http.HttpResponse.BodyHandlers
import java.net.http.HttpResponse.BodySubscribers
import java.nio.ByteBuffer
import java.util.AbstractMap.SimpleImmutableEntry
import java.util.Optional
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionException
import java.util.concurrent.CompletionStage
import java.util.concurrent.Flow
import javax.net.ssl.SSLSession
import kotlin.coroutines.resume
import kotlin.coroutines.resumeWithException

/**
 * Signs, sends and accepts one request with `java.net.http`; what is refused is an [OscarError]. The [http] client must not follow redirects, which is
 * its default. Content is read whole before it is signed, answers up to [Client.maxAnswer]; with [CallOptions.STREAM], one whose content is not
 * covered goes to the [handler] as it comes.
 */
@JvmOverloads
@Throws(IOException::class, InterruptedException::class)
public fun <T> Client.send(http: HttpClient, request: HttpRequest, handler: BodyHandler<T>, options: CallOptions = CallOptions.NONE): SignedResponse<T> {
    val answer = sendAsync(http, request, handler, options)
    try {
        return answer.get()
    } catch (failed: java.util.concurrent.ExecutionException) {
        throw failed.cause ?: failed
    } catch (interrupted: InterruptedException) {
        answer.cancel(true)
        throw interrupted
    }
}

/** [send] without waiting. */
@JvmOverloads
public fun <T> Client.sendAsync(
    http: HttpClient,
    request: HttpRequest,
    handler: BodyHandler<T>,
    options: CallOptions = CallOptions.NONE,
): CompletableFuture<SignedResponse<T>> {
    val whole = try {
        if (http.followRedirects() != HttpClient.Redirect.NEVER) {
            throw OscarError.named("policy", OscarError.Said("this HttpClient follows redirects, and their targets would get no toki of their own: use Redirect.NEVER", false))
        }
        Collected.of(request)
    } catch (refusal: IOException) {
        return failed(refusal)
    }
    return whole.thenCompose { body -> JavaExchange(this, http, request, handler, options, body).run() }
}

/** [send] with coroutines; cancelled with its caller. */
public suspend fun <T> Client.await(http: HttpClient, request: HttpRequest, handler: BodyHandler<T>, options: CallOptions = CallOptions.NONE): SignedResponse<T> =
    suspendCancellableCoroutine { waiting ->
        val answer = sendAsync(http, request, handler, options)
        waiting.invokeOnCancellation { answer.cancel(true) }
        answer.whenComplete { response, failure -> if (failure == null) waiting.resume(response) else waiting.resumeWithException(unwrapped(failure)) }
    }

/** Does the two steps of OscarToki v1 with `java.net.http`. */
public fun com.oscartoki.v1.Client.send(http: HttpClient, request: HttpRequest): HttpResponse<ByteArray> {
    begin().use { exchange ->
        val first = http.send(signed(request, "GET", BodyPublishers.noBody(), exchange.headers), BodyHandlers.ofByteArray())
        exchange.acceptFirst(first.body(), first.headers().firstValue("oscartoki").orElse(null))
        val content = request.bodyPublisher().orElse(BodyPublishers.noBody())
        val second = http.send(signed(request, request.method(), content, exchange.headers), BodyHandlers.ofByteArray())
        exchange.acceptSecond(second.headers().firstValue("oscartoki").orElse(null))
        return second
    }
}

/** An answer that was accepted. */
public class SignedResponse<T> internal constructor(
    private val head: HttpResponse<*>,
    private val request: HttpRequest,
    private val body: T,
    /** How the call went. */
    public val oscar: Step,
) : HttpResponse<T> {
    override fun statusCode(): Int = head.statusCode()

    override fun request(): HttpRequest = request

    override fun previousResponse(): Optional<HttpResponse<T>> = Optional.empty()

    override fun headers(): HttpHeaders = head.headers()

    override fun body(): T = body

    override fun sslSession(): Optional<SSLSession> = head.sslSession()

    override fun uri(): URI = head.uri()

    override fun version(): HttpClient.Version = head.version()

    override fun toString(): String = "SignedResponse(${statusCode()}, $oscar)"
}

/** One call on its way: the loop around [Call], a step at a time. */
private class JavaExchange<T>(
    private val client: Client,
    private val http: HttpClient,
    private val request: HttpRequest,
    private val handler: BodyHandler<T>,
    private val options: CallOptions,
    private val body: ByteArray?,
) {
    private lateinit var call: Call

    fun run(): CompletableFuture<SignedResponse<T>> {
        try {
            call = client.call(request.method(), authority(request.uri()), target(request.uri()), body, pairs(request.headers()), options)
        } catch (refusal: IOException) {
            return failed(refusal)
        }
        return step(null).whenComplete { _, _ -> call.close() }
    }

    private fun step(last: HttpResponse<Arrived<T>>?): CompletableFuture<SignedResponse<T>> {
        val step = call.next()
        return when (step.kind) {
            Step.Kind.SEND -> attempt(step)
            Step.Kind.FAILED -> {
                (last?.body()?.live as? AutoCloseable)?.close()
                failed(step.outcome.error!!)
            }
            Step.Kind.DONE -> handedOut(last!!).thenApply { SignedResponse(last, request, it, step) }
        }
    }

    private fun attempt(step: Step): CompletableFuture<SignedResponse<T>> =
        http.sendAsync(outgoing(step), ::arriving).handle { response, failure ->
            if (failure != null) return@handle networkFailure(failure)
            val arrived = response.body()
            val headers = pairs(response.headers())
            if (arrived.tooLarge) call.tooLarge(response.statusCode())
            else call.received(response.statusCode(), headers, arrived.content ?: UNREAD, arrived.receivedMs, arrived.monoMs)
            step(response)
        }.thenCompose { it }

    private fun networkFailure(failure: Throwable): CompletableFuture<SignedResponse<T>> {
        call.failed()
        // The platform's own error, with what we know beside it.
        val own = unwrapped(failure)
        call.next().outcome.error?.let(own::addSuppressed)
        return failed(own)
    }

    /** The head is there: whether the content is read whole, or goes to the caller as it comes. */
    private fun arriving(head: HttpResponse.ResponseInfo): HttpResponse.BodySubscriber<Arrived<T>> {
        val receivedMs = client.clock.nowMs()
        val monoMs = mono()
        if (CallOptions.STREAM in options && !coversContent(head.headers().firstValue("oscartoki").orElse(null))) {
            return BodySubscribers.mapping(handler.apply(head)) { Arrived(receivedMs, monoMs, live = it) }
        }
        return Reading(client.maxAnswer) { content, tooLarge -> Arrived(receivedMs, monoMs, content, tooLarge) }
    }

    /** The content as the caller wants it. */
    private fun handedOut(response: HttpResponse<Arrived<T>>): CompletableFuture<T> {
        val arrived = response.body()
        if (arrived.content == null) return CompletableFuture.completedFuture(arrived.live)
        val subscriber = handler.apply(Head(response))
        subscriber.onSubscribe(Whole(arrived.content, subscriber))
        return subscriber.body.toCompletableFuture()
    }

    private fun outgoing(step: Step): HttpRequest {
        val content = if (step.isProbe || body == null) BodyPublishers.noBody() else BodyPublishers.ofByteArray(body)
        val keeps = { name: String -> !step.isProbe || !client.dropsFromProbe(name) }
        return signed(request, step.method, content, step.headers, keeps)
    }

    private class Head(private val response: HttpResponse<*>) : HttpResponse.ResponseInfo {
        override fun statusCode() = response.statusCode()

        override fun headers(): HttpHeaders = response.headers()

        override fun version(): HttpClient.Version = response.version()
    }
}

/** What came: [content], or what the caller's own handler made of it, which is not covered. */
private class Arrived<T>(val receivedMs: Long, val monoMs: Long, val content: ByteArray? = null, val tooLarge: Boolean = false, val live: T? = null)

/** Reads content up to a limit. */
private class Reading<R>(private val limit: Long, private val made: (ByteArray, Boolean) -> R) : HttpResponse.BodySubscriber<R> {
    private val bytes = ByteArrayOutputStream()
    private val whole = CompletableFuture<R>()
    private lateinit var subscription: Flow.Subscription

    override fun getBody(): CompletionStage<R> = whole

    override fun onSubscribe(subscription: Flow.Subscription) {
        this.subscription = subscription
        subscription.request(Long.MAX_VALUE)
    }

    override fun onNext(item: List<ByteBuffer>) {
        for (buffer in item) {
            val chunk = ByteArray(buffer.remaining())
            buffer.get(chunk)
            bytes.write(chunk)
        }
        if (bytes.size() > limit) {
            subscription.cancel()
            whole.complete(made(NOTHING, true))
        }
    }

    override fun onError(throwable: Throwable) {
        whole.completeExceptionally(throwable)
    }

    override fun onComplete() {
        whole.complete(made(bytes.toByteArray(), false))
    }
}

/** Gives content that is at hand to a subscriber. */
private class Whole(private val content: ByteArray, private val to: Flow.Subscriber<List<ByteBuffer>>) : Flow.Subscription {
    private var given = false

    override fun request(n: Long) {
        if (given) return
        given = true
        if (content.isNotEmpty()) to.onNext(listOf(ByteBuffer.wrap(content).asReadOnlyBuffer()))
        to.onComplete()
    }

    override fun cancel() {
        given = true
    }
}

/** The bytes of a request's body; null for none. */
private class Collected : Flow.Subscriber<ByteBuffer> {
    private val bytes = ByteArrayOutputStream()
    private val whole = CompletableFuture<ByteArray?>()

    override fun onSubscribe(subscription: Flow.Subscription) = subscription.request(Long.MAX_VALUE)

    override fun onNext(item: ByteBuffer) {
        val chunk = ByteArray(item.remaining())
        item.get(chunk)
        bytes.write(chunk)
    }

    override fun onError(throwable: Throwable) {
        whole.completeExceptionally(throwable)
    }

    override fun onComplete() {
        whole.complete(bytes.toByteArray())
    }

    companion object {
        fun of(request: HttpRequest): CompletableFuture<ByteArray?> {
            val publisher = request.bodyPublisher().orElse(null) ?: return CompletableFuture.completedFuture(null)
            return Collected().also(publisher::subscribe).whole
        }
    }
}

// Stands for content that is there, is not covered, and is not read yet.
private val UNREAD = ByteArray(1)
private val OURS = setOf("oscartoki", "oscartokikey", "content-digest")

private fun signed(
    request: HttpRequest,
    method: String,
    content: HttpRequest.BodyPublisher,
    headers: Map<String, String>,
    keeps: (String) -> Boolean = { true },
): HttpRequest {
    val builder = HttpRequest.newBuilder(request.uri()).method(method, content).expectContinue(request.expectContinue())
    request.timeout().ifPresent(builder::timeout)
    request.version().ifPresent(builder::version)
    for ((name, values) in request.headers().map()) {
        if (name.lowercase() !in OURS && keeps(name)) values.forEach { builder.header(name, it) }
    }
    headers.forEach(builder::header)
    return builder.build()
}

/** As the client writes Host: it leaves a default port out, which counts for nothing here. */
private fun authority(uri: URI): String = uri.rawAuthority.substringAfterLast('@')

private fun target(uri: URI): String {
    val path = uri.rawPath.orEmpty().ifEmpty { "/" }
    return uri.rawQuery.let { if (it == null) path else "$path?$it" }
}

private fun pairs(headers: HttpHeaders): List<Map.Entry<String, String>> =
    headers.map().flatMap { (name, values) -> values.map { SimpleImmutableEntry(name, it) } }

private fun <T> failed(failure: Throwable): CompletableFuture<T> = CompletableFuture<T>().apply { completeExceptionally(failure) }

private fun unwrapped(failure: Throwable): Throwable = if (failure is CompletionException) failure.cause ?: failure else failure
