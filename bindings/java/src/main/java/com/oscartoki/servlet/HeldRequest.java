package com.oscartoki.servlet;

import jakarta.servlet.AsyncContext;
import jakarta.servlet.ReadListener;
import jakarta.servlet.ServletException;
import jakarta.servlet.ServletInputStream;
import jakarta.servlet.ServletRequest;
import jakarta.servlet.ServletResponse;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletRequestWrapper;
import jakarta.servlet.http.Part;
import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.URLDecoder;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.Enumeration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** A request whose body this layer has read, or reads as the servlet does. */
final class HeldRequest extends HttpServletRequestWrapper {
    private final byte[] held;
    private final ServletInputStream input;
    private Exchange exchange;
    private BufferedReader reader;
    private Map<String, String[]> parameters;

    /** With its body; null: nobody has read one, because there is none. */
    HeldRequest(HttpServletRequest request, byte[] body, String attribute, Object verified) {
        this(request, body, body == null ? null : new Body(new ByteArrayInputStream(body)), attribute, verified);
    }

    /** With a body that comes. */
    HeldRequest(HttpServletRequest request, StreamedBody body, String attribute) {
        this(request, null, new Body(body), attribute, body);
    }

    private HeldRequest(HttpServletRequest request, byte[] held, ServletInputStream input, String attribute, Object verified) {
        super(request);
        this.held = held;
        this.input = input;
        request.setAttribute(attribute, verified);
    }

    void in(Exchange exchange) {
        this.exchange = exchange;
    }

    @Override
    public ServletInputStream getInputStream() throws IOException {
        return input == null ? super.getInputStream() : input;
    }

    @Override
    public BufferedReader getReader() throws IOException {
        if (input == null) return super.getReader();
        if (reader == null) reader = new BufferedReader(new InputStreamReader(input, charset(StandardCharsets.ISO_8859_1)));
        return reader;
    }

    private Charset charset(Charset otherwise) {
        String named = getCharacterEncoding();
        return named == null ? otherwise : Charset.forName(named);
    }

    // ---- a form's parameters, which the container can't read any more ----

    @Override
    public Map<String, String[]> getParameterMap() {
        if (parameters == null) parameters = Collections.unmodifiableMap(isForm() ? withForm() : super.getParameterMap());
        return parameters;
    }

    private boolean isForm() {
        String type = getContentType();
        return held != null && type != null && type.split(";")[0].strip().toLowerCase(Locale.ROOT).equals("application/x-www-form-urlencoded");
    }

    private Map<String, String[]> withForm() {
        Map<String, List<String>> all = new LinkedHashMap<>();
        super.getParameterMap().forEach((name, values) -> all.put(name, new ArrayList<>(Arrays.asList(values))));
        Charset charset = charset(StandardCharsets.UTF_8);
        for (String pair : new String(held, charset).split("&")) {
            if (pair.isEmpty()) continue;
            String[] parts = pair.split("=", 2);
            String name = URLDecoder.decode(parts[0], charset), value = parts.length == 1 ? "" : URLDecoder.decode(parts[1], charset);
            all.computeIfAbsent(name, _ -> new ArrayList<>()).add(value);
        }
        Map<String, String[]> merged = new LinkedHashMap<>();
        all.forEach((name, values) -> merged.put(name, values.toArray(String[]::new)));
        return merged;
    }

    @Override
    public String getParameter(String name) {
        String[] values = getParameterMap().get(name);
        return values == null ? null : values[0];
    }

    @Override
    public String[] getParameterValues(String name) {
        return getParameterMap().get(name);
    }

    @Override
    public Enumeration<String> getParameterNames() {
        return Collections.enumeration(getParameterMap().keySet());
    }

    @Override
    public Collection<Part> getParts() throws IOException, ServletException {
        if (input != null) throw multipart();
        return super.getParts();
    }

    @Override
    public Part getPart(String name) throws IOException, ServletException {
        if (input != null) throw multipart();
        return super.getPart(name);
    }

    private static IllegalStateException multipart() {
        return new IllegalStateException("the container can't take a body apart that was verified: parse the parts from getInputStream()");
    }

    // ---- what goes on asynchronously ends with a signature, too ----

    @Override
    public AsyncContext startAsync() {
        return startAsync(this, exchange.held());
    }

    @Override
    public AsyncContext startAsync(ServletRequest request, ServletResponse response) {
        return new Later(super.startAsync(request, response), exchange);
    }

    @Override
    public AsyncContext getAsyncContext() {
        return new Later(super.getAsyncContext(), exchange);
    }

    /** Bytes as a servlet reads them. */
    private static final class Body extends ServletInputStream {
        private final InputStream bytes;
        private boolean finished;

        Body(InputStream bytes) {
            this.bytes = bytes;
        }

        @Override
        public int read() throws IOException {
            int one = bytes.read();
            finished |= one < 0;
            return one;
        }

        @Override
        public int read(byte[] into, int from, int length) throws IOException {
            int count = bytes.read(into, from, length);
            finished |= count < 0;
            return count;
        }

        @Override
        public boolean isFinished() {
            try {
                return finished || bytes instanceof ByteArrayInputStream && bytes.available() == 0;
            } catch (IOException _) {
                return true;
            }
        }

        @Override
        public boolean isReady() {
            return true;
        }

        @Override
        public void setReadListener(ReadListener listener) {
            try {
                if (!isFinished()) listener.onDataAvailable();
                listener.onAllDataRead();
            } catch (IOException error) {
                listener.onError(error);
            }
        }
    }
}
