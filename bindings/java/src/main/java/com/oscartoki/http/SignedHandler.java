package com.oscartoki.http;

import com.oscartoki.Handshake;
import com.oscartoki.Headers;
import com.oscartoki.PendingBody;
import com.oscartoki.Refusal;
import com.oscartoki.Service;
import com.oscartoki.Verdict;
import com.oscartoki.VerifiedRequest;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpHandler;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;

/**
 * Verifies before a handler of the JDK's own HttpServer runs, and signs what it answers: {@code server.createContext("/", new SignedHandler(service, handler))}. What was
 * verified is the exchange's attribute {@link #VERIFIED}. A body is read whole (at most {@link Service#maxBody}) first; an answer is held back until it is whole, up
 * to {@link Service#maxAnswer}, and longer ones go out with status and grant covered, their content not.
 */
public final class SignedHandler implements HttpHandler {
    /** The attribute of an exchange with its {@link VerifiedRequest}. */
    public static final String VERIFIED = "oscartoki";

    private static final System.Logger LOG = System.getLogger("oscartoki");
    private static final long DRAIN = 16 << 20;

    private final Service service;
    private final HttpHandler handler;

    /** In front of one handler. */
    public SignedHandler(Service service, HttpHandler handler) {
        this.service = service;
        this.handler = handler;
    }

    @Override
    public void handle(HttpExchange exchange) throws IOException {
        String method = exchange.getRequestMethod(), target = exchange.getRequestURI().toString();
        Headers headers = Headers.of(exchange.getRequestHeaders());
        byte[] body = service.wantsBody(method, target, headers) ? read(exchange) : null;
        Verdict verdict = service.verifyHead(method, target, headers, body);
        if (verdict instanceof PendingBody pending) {
            body = read(exchange);
            verdict = body.length > service.maxBody() ? pending.tooLarge() : pending.finish(body);
        }
        switch (verdict) {
            case VerifiedRequest verified -> run(verified, body, exchange);
            case Refusal refusal -> refuse(refusal, exchange);
            case Handshake handshake -> {
                Handshake.Reply reply = handshake.reply();
                exchange.getResponseHeaders().set("oscartoki", reply.toki());
                json(exchange, 200, reply.body());
            }
            case PendingBody _ -> throw new IllegalStateException("a finished body is not pending");
        }
    }

    private byte[] read(HttpExchange exchange) throws IOException {
        return exchange.getRequestBody().readNBytes((int) Math.min(service.maxBody() + 1, Integer.MAX_VALUE - 8));
    }

    private void run(VerifiedRequest verified, byte[] body, HttpExchange exchange) throws IOException {
        HeldExchange held = new HeldExchange(exchange, service, verified, body);
        try {
            handler.handle(held);
        } catch (IOException | RuntimeException error) {
            // Half an answer must not look like a whole one: the server cuts it off.
            if (held.begun()) throw error;
            LOG.log(System.Logger.Level.ERROR, "the handler failed; it is answered with a signed 500", error);
            held.failed();
        }
        held.close();
    }

    private void refuse(Refusal refusal, HttpExchange exchange) throws IOException {
        // Taken off the wire, so that the answer is not lost in a reset.
        try {
            byte[] part = new byte[1 << 14];
            InputStream rest = exchange.getRequestBody();
            for (long left = DRAIN, count = 0; left > 0 && count >= 0; left -= count) count = rest.read(part);
        } catch (IOException _) {
            // Who does not send it all gets its answer all the same.
        }
        if (refusal.wwwAuthenticate()) exchange.getResponseHeaders().set("WWW-Authenticate", "oscartoki");
        if (refusal.signed()) {
            HeldExchange.sign(exchange, service, refusal, refusal.status(), new byte[0]);
        } else {
            exchange.getResponseHeaders().set("oscartoki-error", refusal.name());
            // The clients of OscarToki v1 read their refusals in the body.
            if (refusal.version() == 1) {
                json(exchange, refusal.status(), "{\"status\":\"error\",\"message\":\"" + refusal.name() + "\"}");
                return;
            }
        }
        exchange.sendResponseHeaders(refusal.status(), -1);
        exchange.close();
    }

    private static void json(HttpExchange exchange, int status, String text) throws IOException {
        exchange.getResponseHeaders().set("Content-Type", "application/json");
        boolean head = exchange.getRequestMethod().equals("HEAD");
        byte[] body = text.getBytes(StandardCharsets.UTF_8);
        exchange.sendResponseHeaders(status, head ? -1 : body.length);
        if (!head) exchange.getResponseBody().write(body);
        exchange.close();
    }
}
