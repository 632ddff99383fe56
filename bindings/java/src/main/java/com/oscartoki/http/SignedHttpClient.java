package com.oscartoki.http;

import com.oscartoki.CallOption;
import com.oscartoki.Client;
import com.oscartoki.OscarError;
import java.io.IOException;
import java.net.Authenticator;
import java.net.CookieHandler;
import java.net.ProxySelector;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;

/**
 * A {@link HttpClient} whose every request is probed, signed, accepted and, where the protocol says so, resent: give it to whatever takes a
 * HttpClient. What comes back is authentic; a {@link SignedResponse} also tells the verdict. Everything else is thrown as an {@link OscarError}, a
 * network failure as {@link OscarError.Missing} with the network's error as its cause.
 *
 * <p>Bodies are read whole before they are signed, answers up to {@link Client#maxAnswer}. Redirects are not followed: who follows one signs a
 * new request.
 */
public final class SignedHttpClient extends HttpClient {
    private final Client client;
    private final HttpClient inner;
    private final CallOption[] options;

    /** See {@link Client#httpClient(HttpClient, CallOption...)}. */
    public SignedHttpClient(Client client, HttpClient inner, CallOption... options) {
        if (inner.followRedirects() != Redirect.NEVER) {
            throw new IllegalArgumentException("a redirect would go out under the toki of another request: leave HttpClient.Builder.followRedirects at NEVER");
        }
        this.client = client;
        this.inner = inner;
        this.options = options.clone();
    }

    @Override
    public <T> HttpResponse<T> send(HttpRequest request, HttpResponse.BodyHandler<T> handler) throws IOException, InterruptedException {
        try (Exchange exchange = new Exchange(client, request, Exchange.contentOf(request), options)) {
            for (HttpRequest next = exchange.next(); next != null; next = exchange.next()) {
                try {
                    exchange.received(inner.send(next, exchange.reader()));
                } catch (IOException | InterruptedException error) {
                    exchange.failed(error);
                    if (error instanceof InterruptedException interrupted) throw interrupted;
                }
            }
            return exchange.response(handler);
        }
    }

    @Override
    public <T> CompletableFuture<HttpResponse<T>> sendAsync(HttpRequest request, HttpResponse.BodyHandler<T> handler) {
        return sendAsync(request, handler, null);
    }

    @Override
    public <T> CompletableFuture<HttpResponse<T>> sendAsync(HttpRequest request, HttpResponse.BodyHandler<T> handler, HttpResponse.PushPromiseHandler<T> ignored) {
        return Exchange.contentLater(request).thenCompose(content -> {
            try {
                Exchange exchange = new Exchange(client, request, content, options);
                return round(exchange).thenApply(_ -> {
                    try {
                        return exchange.response(handler);
                    } catch (IOException error) {
                        throw new CompletionException(error);
                    }
                }).whenComplete((_, _) -> exchange.close());
            } catch (OscarError error) {
                return CompletableFuture.failedFuture(error);
            }
        });
    }

    private CompletableFuture<Void> round(Exchange exchange) {
        try {
            HttpRequest next = exchange.next();
            if (next == null) return CompletableFuture.completedFuture(null);
            return inner.sendAsync(next, exchange.reader()).handle((response, error) -> {
                if (error != null) {
                    exchange.failed(error instanceof CompletionException && error.getCause() != null ? error.getCause() : error);
                } else {
                    exchange.received(response);
                }
                return round(exchange);
            }).thenCompose(later -> later);
        } catch (OscarError error) {
            return CompletableFuture.failedFuture(error);
        }
    }

    @Override
    public Optional<CookieHandler> cookieHandler() {
        return inner.cookieHandler();
    }

    @Override
    public Optional<Duration> connectTimeout() {
        return inner.connectTimeout();
    }

    @Override
    public Redirect followRedirects() {
        return inner.followRedirects();
    }

    @Override
    public Optional<ProxySelector> proxy() {
        return inner.proxy();
    }

    @Override
    public SSLContext sslContext() {
        return inner.sslContext();
    }

    @Override
    public SSLParameters sslParameters() {
        return inner.sslParameters();
    }

    @Override
    public Optional<Authenticator> authenticator() {
        return inner.authenticator();
    }

    @Override
    public Version version() {
        return inner.version();
    }

    @Override
    public Optional<Executor> executor() {
        return inner.executor();
    }

    @Override
    public void shutdown() {
        inner.shutdown();
    }

    @Override
    public boolean awaitTermination(Duration most) throws InterruptedException {
        return inner.awaitTermination(most);
    }

    @Override
    public boolean isTerminated() {
        return inner.isTerminated();
    }

    @Override
    public void shutdownNow() {
        inner.shutdownNow();
    }

    @Override
    public void close() {
        inner.close();
    }
}
