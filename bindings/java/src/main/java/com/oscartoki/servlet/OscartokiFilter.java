package com.oscartoki.servlet;

import com.oscartoki.Handshake;
import com.oscartoki.Headers;
import com.oscartoki.OscarError;
import com.oscartoki.PendingBody;
import com.oscartoki.Refusal;
import com.oscartoki.Service;
import com.oscartoki.Verdict;
import com.oscartoki.VerifiedRequest;
import jakarta.servlet.DispatcherType;
import jakarta.servlet.Filter;
import jakarta.servlet.FilterChain;
import jakarta.servlet.FilterConfig;
import jakarta.servlet.FilterRegistration;
import jakarta.servlet.ServletContext;
import jakarta.servlet.ServletException;
import jakarta.servlet.ServletRequest;
import jakarta.servlet.ServletRequestWrapper;
import jakarta.servlet.ServletResponse;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.EnumSet;
import java.util.function.Predicate;

/**
 * Verifies before the servlet runs, and signs what it answers. What was verified is the request's attribute {@link #VERIFIED}.
 *
 * <p>It stands first, but for CORS and compression, which stand outside of it; decompression stands inside. It holds the start-up until the service is ready. A
 * body is read whole (at most {@link Service#maxBody}) before the servlet runs, unless {@link #stream} names the route; an answer is held back
 * until it is whole, up to {@link Service#maxAnswer}. Longer ones, event streams and encoded ones go out with status and grant covered, their content not.
 */
public final class OscartokiFilter implements Filter {
    /** The attribute of a request with its {@link VerifiedRequest}, or, on a streaming route, its {@link StreamedBody}. */
    public static final String VERIFIED = "oscartoki";

    private final Service service;
    private final Answers answers;
    private Predicate<HttpServletRequest> stream = _ -> false;
    private boolean corsInside;

    /** A filter for one service. */
    public OscartokiFilter(Service service) {
        this.service = service;
        answers = new Answers(service);
    }

    /** Routes that get their body as it comes: the attribute {@link #VERIFIED} is then a {@link StreamedBody}. */
    public OscartokiFilter stream(Predicate<HttpServletRequest> routes) {
        stream = routes;
        return this;
    }

    /** The CORS layer stands inside: a preflight, which carries no toki, goes through to it. */
    public OscartokiFilter corsInside(boolean inside) {
        corsInside = inside;
        return this;
    }

    /** Puts it before everything of a servlet context, as it should stand: for requests and for what goes on asynchronously. */
    public FilterRegistration.Dynamic register(ServletContext context) {
        FilterRegistration.Dynamic registered = context.addFilter("oscartoki", this);
        registered.setAsyncSupported(true);
        registered.addMappingForUrlPatterns(EnumSet.of(DispatcherType.REQUEST, DispatcherType.ASYNC), false, "/*");
        return registered;
    }

    /** How many answers went out with their content not covered. */
    public long uncovered() {
        return answers.uncovered();
    }

    @Override
    public void init(FilterConfig config) throws ServletException {
        try {
            Thread.sleep(Math.max(0, service.readyAtMs() - System.currentTimeMillis()));
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        } catch (OscarError error) {
            throw new ServletException(error);
        }
    }

    @Override
    public void doFilter(ServletRequest given, ServletResponse answer, FilterChain chain) throws IOException, ServletException {
        HttpServletRequest request = (HttpServletRequest) given;
        HttpServletResponse response = (HttpServletResponse) answer;
        if (request.getAttribute(Exchange.ATTRIBUTE) instanceof Exchange exchange && request.getDispatcherType() == DispatcherType.ASYNC) {
            exchange.run(chain, request, response);
            return;
        }
        String method = request.getMethod();
        if (corsInside && isPreflight(request)) {
            chain.doFilter(request, response);
            return;
        }
        String target;
        try {
            target = rawTarget(request);
        } catch (OscarError.RawTargetHidden error) {
            answers.hidden(error, response);
            return;
        }
        Headers headers = headersOf(request);
        String authority = request.getHeader("host") == null ? authorityOf(request) : null;
        byte[] body = service.wantsBody(method, authority, target, headers) ? read(request) : null;
        Verdict verdict = service.verifyHead(method, authority, target, headers, body);
        if (verdict instanceof PendingBody pending) {
            if (stream.test(request)) {
                run(new StreamedBody(pending, request), chain, request, response);
                return;
            }
            body = read(request);
            verdict = body.length > service.maxBody() ? pending.tooLarge() : pending.finish(body);
        }
        switch (verdict) {
            case VerifiedRequest verified -> new Exchange(answers, () -> verified, method, response).run(chain, new HeldRequest(request, body, VERIFIED, verified), response);
            case Refusal refusal -> answers.refuse(refusal, method, request, response);
            case Handshake handshake -> answers.handshake(handshake, method, response);
            case PendingBody _ -> throw new IllegalStateException("a finished body is not pending");
        }
    }

    private void run(StreamedBody body, FilterChain chain, HttpServletRequest request, HttpServletResponse response) throws IOException, ServletException {
        new Exchange(answers, body::settle, request.getMethod(), response).run(chain, new HeldRequest(request, body, VERIFIED), response);
    }

    private static boolean isPreflight(HttpServletRequest request) {
        return request.getMethod().equals("OPTIONS") && request.getHeader("origin") != null && request.getHeader("access-control-request-method") != null
                && request.getHeader("oscartoki") == null;
    }

    /** The request target as it was on the wire. */
    private static String rawTarget(HttpServletRequest request) throws OscarError.RawTargetHidden {
        String target = target(request);
        ServletRequest inner = request;
        while (inner instanceof ServletRequestWrapper wrapper) inner = wrapper.getRequest();
        if (target == null || inner instanceof HttpServletRequest http && !target.equals(target(http))) {
            throw new OscarError.RawTargetHidden("a filter before this one shows another URI than was sent: put OscartokiFilter first (in Spring, with the highest precedence)");
        }
        return target;
    }

    private static String target(HttpServletRequest request) {
        String path = request.getRequestURI(), query = request.getQueryString();
        return path == null || query == null ? path : path + "?" + query;
    }

    /** {@code :authority} of HTTP/2, where the server makes no Host of it. */
    private static String authorityOf(HttpServletRequest request) {
        if (!request.getProtocol().startsWith("HTTP/2")) return null;
        return request.getServerName() + ":" + request.getServerPort();
    }

    private static Headers headersOf(HttpServletRequest request) {
        Headers headers = new Headers();
        for (String name : Collections.list(request.getHeaderNames())) {
            for (String value : Collections.list(request.getHeaders(name))) headers.add(name, value);
        }
        return headers;
    }

    /** The body, at most {@code maxBody} bytes and one more. */
    private byte[] read(HttpServletRequest request) throws IOException {
        InputStream stream = request.getInputStream();
        return stream.readNBytes((int) Math.min(service.maxBody() + 1, Integer.MAX_VALUE - 8));
    }

    static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }
}
