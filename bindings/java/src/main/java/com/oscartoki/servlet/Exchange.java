package com.oscartoki.servlet;

import com.oscartoki.Refusal;
import com.oscartoki.Verdict;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;

/** One verified request on its way through the servlets, and its answer until that is signed. */
final class Exchange {
    static final String ATTRIBUTE = "oscartoki.exchange";

    /** The verdict, known now or once a streamed body was read. */
    interface Settling {
        Verdict settle() throws IOException;
    }

    private final Answers answers;
    private final Settling settling;
    private final String method;
    private final HttpServletResponse response;
    private final HeldResponse held;
    private HttpServletRequest request;
    private boolean signed;

    Exchange(Answers answers, Settling settling, String method, HttpServletResponse response) {
        this.answers = answers;
        this.settling = settling;
        this.method = method;
        this.response = response;
        held = new HeldResponse(response, this, answers.service.maxAnswer());
    }

    HeldResponse held() {
        return held;
    }

    /** Runs what comes behind the filter, and signs, unless that goes on asynchronously. */
    void run(FilterChain chain, HttpServletRequest request, HttpServletResponse ignored) throws IOException, ServletException {
        this.request = request;
        request.setAttribute(ATTRIBUTE, this);
        if (request instanceof HeldRequest first) first.in(this);
        try {
            chain.doFilter(request, held);
        } catch (ServletException | IOException | RuntimeException error) {
            // Half an answer must not look like a whole one: the container cuts it off.
            if (signed) throw error;
            Answers.LOG.log(System.Logger.Level.ERROR, "the application failed; it is answered with a signed 500", error);
            held.failed();
        }
        if (!request.isAsyncStarted()) finish();
    }

    /** The answer is whole. */
    synchronized void finish() throws IOException {
        byte[] content = held.content();
        if (signed) {
            held.ended();
            return;
        }
        if (!settled(held.coverable() ? content : null)) return;
        if (!method.equals("HEAD")) {
            if (response.getStatus() != 204 && response.getStatus() != 304) response.setContentLength(content.length);
            response.getOutputStream().write(content);
        } else if (content.length > 0) {
            response.setContentLength(content.length);
        }
        response.flushBuffer();
    }

    /** More comes than is held back: the head goes out now, its content not covered. False: the request is refused after all. */
    synchronized boolean begin() throws IOException {
        return signed || settled(null);
    }

    private boolean settled(byte[] content) throws IOException {
        signed = true;
        Verdict verdict = settling.settle();
        if (verdict instanceof Refusal refusal) {
            response.reset();
            answers.refuse(refusal, method, request, response);
            response.flushBuffer();
            return false;
        }
        answers.sign(verdict, method, response, content);
        return true;
    }
}
