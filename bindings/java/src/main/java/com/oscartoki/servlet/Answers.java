package com.oscartoki.servlet;

import com.oscartoki.Handshake;
import com.oscartoki.Headers;
import com.oscartoki.OscarError;
import com.oscartoki.Refusal;
import com.oscartoki.Service;
import com.oscartoki.SignedAnswer;
import com.oscartoki.Verdict;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicLong;

/** Which headers answers get. Counts those whose content is not covered, and says so once. */
final class Answers {
    static final System.Logger LOG = System.getLogger("oscartoki");
    private static final long DRAIN = 16 << 20;

    final Service service;
    private final AtomicLong uncovered = new AtomicLong();

    Answers(Service service) {
        this.service = service;
    }

    long uncovered() {
        return uncovered.get();
    }

    /** Signs an answer's head, which is not committed. {@code body} null: content that is not covered. */
    void sign(Verdict verdict, String method, HttpServletResponse response, byte[] body) throws OscarError {
        int status = response.getStatus();
        response.setHeader("Cache-Control", "no-store, no-transform");
        byte[] covered = method.equals("HEAD") || status == 204 || status == 304 ? null : body;
        if (covered == null && body == null && !method.equals("HEAD")) count(status);
        SignedAnswer signed = service.answerHead(verdict, status, headersOf(response), covered);
        signed.headers().forEach(response::setHeader);
    }

    void refuse(Refusal refusal, String method, HttpServletRequest request, HttpServletResponse response) throws IOException {
        // Taken off the wire, so that the answer is not lost in a reset.
        try (InputStream rest = request.getInputStream()) {
            byte[] part = new byte[1 << 14];
            for (long left = DRAIN, read = 0; left > 0 && read >= 0; left -= read) read = rest.read(part);
        } catch (IOException | IllegalStateException _) {
            // Who does not send it all gets its answer all the same.
        }
        response.setStatus(refusal.status());
        if (refusal.wwwAuthenticate()) response.setHeader("WWW-Authenticate", "oscartoki");
        byte[] body = {};
        if (refusal.signed()) {
            sign(refusal, method, response, body);
        } else {
            response.setHeader("oscartoki-error", refusal.name());
            // The clients of OscarToki v1 read their refusals in the body.
            if (refusal.version() == 1) body = json(response, "{\"status\":\"error\",\"message\":\"" + refusal.name() + "\"}");
        }
        if (refusal.status() != 204) write(response, method, body);
    }

    void handshake(Handshake handshake, String method, HttpServletResponse response) throws IOException {
        Handshake.Reply reply = handshake.reply();
        response.setHeader("oscartoki", reply.toki());
        write(response, method, json(response, reply.body()));
    }

    /** Where the framework hides the raw target: a mistake of the set-up, said in log and answer. */
    void hidden(OscarError.RawTargetHidden error, HttpServletResponse response) throws IOException {
        LOG.log(System.Logger.Level.ERROR, error.getMessage());
        response.setStatus(500);
        response.setHeader("oscartoki-error", error.name());
        response.setContentType("text/plain");
        write(response, "", error.getMessage().getBytes(StandardCharsets.UTF_8));
    }

    private static byte[] json(HttpServletResponse response, String text) {
        response.setContentType("application/json");
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static void write(HttpServletResponse response, String method, byte[] body) throws IOException {
        response.setContentLength(body.length);
        if (!method.equals("HEAD")) response.getOutputStream().write(body);
    }

    private void count(int status) {
        if (uncovered.incrementAndGet() == 1) {
            LOG.log(System.Logger.Level.WARNING, "an answer (status {0}) goes out with its content not covered: it is a stream, longer than maxAnswer, or has a Content-Encoding; "
                    + "clients take it only when they ask for streams. Further ones are counted in silence (OscartokiFilter.uncovered)", status);
        }
    }

    private static Headers headersOf(HttpServletResponse response) {
        Headers headers = new Headers();
        Set<String> seen = new TreeSet<>(String.CASE_INSENSITIVE_ORDER);
        for (String name : response.getHeaderNames()) {
            if (seen.add(name)) response.getHeaders(name).forEach(value -> headers.add(name, value));
        }
        // Some containers keep it apart.
        if (!seen.contains("content-type") && response.getContentType() != null) headers.add("content-type", response.getContentType());
        return headers;
    }
}
