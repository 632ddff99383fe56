package com.oscartoki.spring;

import com.oscartoki.Service;
import com.oscartoki.VerifiedRequest;
import com.oscartoki.servlet.OscartokiFilter;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.Optional;
import org.springframework.core.Ordered;
import org.springframework.web.filter.OncePerRequestFilter;

/**
 * {@link OscartokiFilter} as a bean of Spring: Spring Boot puts it before all other filters. In a controller
 * {@code @RequestAttribute("oscartoki") VerifiedRequest verified} says who asks.
 */
public final class OscartokiRequestFilter extends OncePerRequestFilter implements Ordered {
    private final OscartokiFilter filter;

    /** A filter for one service. */
    public OscartokiRequestFilter(Service service) {
        this(new OscartokiFilter(service));
    }

    /** A filter with options of its own. */
    public OscartokiRequestFilter(OscartokiFilter filter) {
        this.filter = filter;
    }

    /** What was verified, where a request has come through the filter. */
    public static Optional<VerifiedRequest> verified(HttpServletRequest request) {
        return request.getAttribute(OscartokiFilter.VERIFIED) instanceof VerifiedRequest verified ? Optional.of(verified) : Optional.empty();
    }

    @Override
    public int getOrder() {
        return HIGHEST_PRECEDENCE;
    }

    @Override
    protected void initFilterBean() throws ServletException {
        filter.init(getFilterConfig());
    }

    @Override
    protected boolean shouldNotFilterAsyncDispatch() {
        return false;
    }

    @Override
    protected void doFilterInternal(HttpServletRequest request, HttpServletResponse response, FilterChain chain) throws ServletException, IOException {
        filter.doFilter(request, response, chain);
    }
}
