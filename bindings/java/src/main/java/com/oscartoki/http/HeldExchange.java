package com.oscartoki.http;

import com.oscartoki.OscarError;
import com.oscartoki.Service;
import com.oscartoki.SignedAnswer;
import com.oscartoki.Verdict;
import com.oscartoki.VerifiedRequest;
import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpContext;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpPrincipal;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.URI;

/** An exchange of the JDK's server whose body was read, and whose answer is held back until it can be signed. */
final class HeldExchange extends HttpExchange {
    private final HttpExchange inner;
    private final Service service;
    private final VerifiedRequest verified;
    private final ByteArrayOutputStream held = new ByteArrayOutputStream();
    private InputStream input;
    private OutputStream output = new Held();
    private int status = -1;
    private boolean begun, closed;

    HeldExchange(HttpExchange inner, Service service, VerifiedRequest verified, byte[] body) {
        this.inner = inner;
        this.service = service;
        this.verified = verified;
        input = new ByteArrayInputStream(body == null ? new byte[0] : body);
    }

    /** Puts our headers on an answer. {@code body} null: content that is not covered. */
    static void sign(HttpExchange exchange, Service service, Verdict verdict, int status, byte[] body) throws OscarError {
        exchange.getResponseHeaders().set("Cache-Control", "no-store, no-transform");
        exchange.getResponseHeaders().remove("oscartoki");
        exchange.getResponseHeaders().remove("oscartokikey");
        boolean none = exchange.getRequestMethod().equals("HEAD") || status == 204 || status == 304;
        SignedAnswer signed = service.answerHead(verdict, status, com.oscartoki.Headers.of(exchange.getResponseHeaders()), none ? null : body);
        signed.headers().forEach(exchange.getResponseHeaders()::set);
    }

    /** Whether a part of the answer is out. */
    boolean begun() {
        return begun;
    }

    void failed() {
        held.reset();
        status = 500;
    }

    /** More comes than is held back: the head goes out now, its content not covered. */
    private void begin() throws IOException {
        begun = true;
        sign(inner, service, verified, status, null);
        inner.sendResponseHeaders(status, 0);
        held.writeTo(inner.getResponseBody());
    }

    @Override
    public void close() {
        if (closed) return;
        closed = true;
        try {
            if (!begun) {
                byte[] content = held.toByteArray();
                int code = status < 0 ? 500 : status;
                sign(inner, service, verified, code, content);
                boolean none = content.length == 0 || inner.getRequestMethod().equals("HEAD") || code == 204 || code == 304;
                inner.sendResponseHeaders(code, none ? -1 : content.length);
                if (!none) inner.getResponseBody().write(content);
            }
        } catch (IOException _) {
            // Nobody is there any more.
        } finally {
            inner.close();
        }
    }

    private final class Held extends OutputStream {
        @Override
        public void write(int one) throws IOException {
            write(new byte[] {(byte) one}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int from, int length) throws IOException {
            if (status < 0) throw new IOException("sendResponseHeaders comes first");
            if (!begun && held.size() + (long) length > service.maxAnswer()) begin();
            if (begun) inner.getResponseBody().write(bytes, from, length);
            else held.write(bytes, from, length);
        }

        @Override
        public void close() {
            HeldExchange.this.close();
        }
    }

    @Override
    public void sendResponseHeaders(int code, long length) throws IOException {
        if (status >= 0) throw new IOException("headers already sent");
        status = code;
    }

    @Override
    public Object getAttribute(String name) {
        return name.equals(SignedHandler.VERIFIED) ? verified : inner.getAttribute(name);
    }

    @Override
    public void setAttribute(String name, Object value) {
        inner.setAttribute(name, value);
    }

    @Override
    public void setStreams(InputStream in, OutputStream out) {
        if (in != null) input = in;
        if (out != null) output = out;
    }

    @Override
    public InputStream getRequestBody() {
        return input;
    }

    @Override
    public OutputStream getResponseBody() {
        return output;
    }

    @Override
    public int getResponseCode() {
        return status;
    }

    @Override
    public Headers getRequestHeaders() {
        return inner.getRequestHeaders();
    }

    @Override
    public Headers getResponseHeaders() {
        return inner.getResponseHeaders();
    }

    @Override
    public URI getRequestURI() {
        return inner.getRequestURI();
    }

    @Override
    public String getRequestMethod() {
        return inner.getRequestMethod();
    }

    @Override
    public HttpContext getHttpContext() {
        return inner.getHttpContext();
    }

    @Override
    public InetSocketAddress getRemoteAddress() {
        return inner.getRemoteAddress();
    }

    @Override
    public InetSocketAddress getLocalAddress() {
        return inner.getLocalAddress();
    }

    @Override
    public String getProtocol() {
        return inner.getProtocol();
    }

    @Override
    public HttpPrincipal getPrincipal() {
        return inner.getPrincipal();
    }
}
