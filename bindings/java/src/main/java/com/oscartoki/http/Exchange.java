package com.oscartoki.http;

import com.oscartoki.Call;
import com.oscartoki.CallOption;
import com.oscartoki.Client;
import com.oscartoki.Headers;
import com.oscartoki.Moment;
import com.oscartoki.OscarError;
import com.oscartoki.Request;
import com.oscartoki.Step;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpHeaders;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Flow;

/** One call of a signed client: its requests, one after another, and what came. */
final class Exchange implements AutoCloseable {
    private static final Set<String> OURS = Set.of("oscartoki", "oscartokikey", "content-digest");

    private final Client client;
    private final HttpRequest request;
    private final byte[] content;
    private final Call call;
    private Step step;
    private HttpResponse<Content> last;
    private Throwable network;

    /** What was read of an answer: null beyond the client's limit. */
    record Content(byte[] bytes, Moment headAt) {}

    Exchange(Client client, HttpRequest request, byte[] content, CallOption... options) throws OscarError {
        this.client = client;
        this.request = request;
        this.content = content;
        Request signed = new Request(request.method(), authorityOf(request), targetOf(request.uri()), content);
        byte[] ext = client.requestExt(Headers.of(request.headers().map()));
        call = client.call(signed.withExt(ext), options);
    }

    /** The next request, or null when it is over. */
    HttpRequest next() throws OscarError {
        step = call.next();
        if (step.kind() != Step.Kind.SEND) return null;
        HttpRequest.Builder builder = HttpRequest.newBuilder(request, (name, _) -> goesOut(name.toLowerCase(Locale.ROOT))).uri(withoutEmptyQuery(request.uri()));
        step.headers().forEach(builder::setHeader);
        if (step.isProbe()) return builder.expectContinue(false).method(step.method(), BodyPublishers.noBody()).build();
        // A publisher of its own, because one of a stream gives its bytes once; without content the caller's, which says what its method needs.
        return content == null ? builder.build() : builder.method(request.method(), BodyPublishers.ofByteArray(content)).build();
    }

    private boolean goesOut(String name) {
        return !OURS.contains(name) && !(step.isProbe() && client.dropsFromProbe(name));
    }

    /** Reads an answer whole, up to the limit; the clock is read when its head is there. */
    HttpResponse.BodyHandler<Content> reader() {
        return _ -> {
            Moment headAt = client.now();
            return HttpResponse.BodySubscribers.mapping(new Limited(client.maxAnswer()), bytes -> new Content(bytes, headAt));
        };
    }

    void received(HttpResponse<Content> response) {
        last = response;
        byte[] plain = response.body().bytes == null ? null : Coding.remove(response.headers(), response.body().bytes, client.maxAnswer());
        if (plain == null) {
            call.tooLarge(response.statusCode());
        } else {
            call.received(response.statusCode(), headersOf(response), plain, response.body().headAt);
        }
    }

    void failed(Throwable error) {
        network = error;
        call.failed();
    }

    /** What the caller gets: the answer in the form that was asked for, or why there is none. */
    <T> HttpResponse<T> response(HttpResponse.BodyHandler<T> handler) throws IOException {
        var refused = step.outcome().error();
        if (refused.isPresent()) {
            OscarError error = refused.get();
            if (network != null) error.initCause(network);
            throw error;
        }
        HttpResponse.BodySubscriber<T> subscriber = handler.apply(new Head(last));
        subscriber.onSubscribe(new Flow.Subscription() {
            @Override
            public void request(long n) {}

            @Override
            public void cancel() {}
        });
        byte[] bytes = last.body().bytes;
        if (bytes.length > 0) subscriber.onNext(List.of(ByteBuffer.wrap(bytes).asReadOnlyBuffer()));
        subscriber.onComplete();
        try {
            return new SignedResponse<>(last, request, subscriber.getBody().toCompletableFuture().join(), step);
        } catch (CompletionException error) {
            throw error.getCause() instanceof IOException cause ? cause : new IOException(error.getCause());
        }
    }

    private record Head(HttpResponse<?> response) implements HttpResponse.ResponseInfo {
        @Override
        public int statusCode() {
            return response.statusCode();
        }

        @Override
        public HttpHeaders headers() {
            return response.headers();
        }

        @Override
        public HttpClient.Version version() {
            return response.version();
        }
    }

    @Override
    public void close() {
        call.close();
    }

    // ---- as it goes over the wire ----

    /** The Host value that java.net.http sends. */
    static String authorityOf(HttpRequest request) {
        return request.headers().firstValue("host").orElseGet(() -> {
            URI uri = request.uri();
            return uri.getPort() < 0 ? uri.getHost() : uri.getHost() + ":" + uri.getPort();
        });
    }

    /** The target that java.net.http sends: an empty query it leaves out. */
    static String targetOf(URI uri) {
        String path = uri.getRawPath() == null || uri.getRawPath().isEmpty() ? "/" : uri.getRawPath();
        return uri.getRawQuery() == null || uri.getRawQuery().isEmpty() ? path : path + "?" + uri.getRawQuery();
    }

    /** Over HTTP/2 it would not. */
    private static URI withoutEmptyQuery(URI uri) {
        return uri.getRawQuery() != null && uri.getRawQuery().isEmpty() ? URI.create(uri.toString().replaceFirst("\\?", "")) : uri;
    }

    private static Headers headersOf(HttpResponse<?> response) {
        Headers headers = new Headers();
        for (Map.Entry<String, List<String>> header : response.headers().map().entrySet()) {
            // The pseudo-header of HTTP/2 is no header.
            if (!header.getKey().startsWith(":")) header.getValue().forEach(value -> headers.add(header.getKey(), value));
        }
        return headers;
    }

    // ---- the content of the request ----

    /** All that its publisher gives; null for nothing. */
    static byte[] contentOf(HttpRequest request) throws IOException, InterruptedException {
        try {
            return contentLater(request).get();
        } catch (ExecutionException error) {
            throw error.getCause() instanceof IOException cause ? cause : new IOException(error.getCause());
        }
    }

    static CompletableFuture<byte[]> contentLater(HttpRequest request) {
        HttpRequest.BodyPublisher publisher = request.bodyPublisher().orElse(null);
        if (publisher == null || publisher.contentLength() == 0) return CompletableFuture.completedFuture(null);
        Limited all = new Limited(Integer.MAX_VALUE);
        publisher.subscribe(new Flow.Subscriber<>() {
            @Override
            public void onSubscribe(Flow.Subscription subscription) {
                all.onSubscribe(subscription);
            }

            @Override
            public void onNext(ByteBuffer part) {
                all.onNext(List.of(part));
            }

            @Override
            public void onError(Throwable error) {
                all.onError(error);
            }

            @Override
            public void onComplete() {
                all.onComplete();
            }
        });
        return all.getBody().toCompletableFuture().thenApply(bytes -> bytes.length == 0 ? null : bytes);
    }
}
