package com.oscartoki.http;

import com.oscartoki.Outcome;
import com.oscartoki.Step;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpHeaders;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.Optional;
import javax.net.ssl.SSLSession;

/**
 * An answer that was accepted, as a {@link SignedHttpClient} gives it.
 *
 * @param <T> of the body
 */
public final class SignedResponse<T> implements HttpResponse<T> {
    private final HttpResponse<?> last;
    private final HttpRequest request;
    private final T body;
    private final Step step;

    SignedResponse(HttpResponse<?> last, HttpRequest request, T body, Step step) {
        this.last = last;
        this.request = request;
        this.body = body;
        this.step = step;
    }

    /** The verdict, for who wants to look: code, offset, a dropped grant. */
    public Outcome outcome() {
        return step.outcome();
    }

    /** How it went: how many requests, whether a probe was among them, whether in a session. */
    public Step step() {
        return step;
    }

    @Override
    public int statusCode() {
        return last.statusCode();
    }

    @Override
    public HttpRequest request() {
        return request;
    }

    @Override
    public Optional<HttpResponse<T>> previousResponse() {
        return Optional.empty();
    }

    @Override
    public HttpHeaders headers() {
        return last.headers();
    }

    @Override
    public T body() {
        return body;
    }

    @Override
    public Optional<SSLSession> sslSession() {
        return last.sslSession();
    }

    @Override
    public URI uri() {
        return last.uri();
    }

    @Override
    public HttpClient.Version version() {
        return last.version();
    }
}
