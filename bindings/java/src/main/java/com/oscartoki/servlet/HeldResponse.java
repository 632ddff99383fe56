package com.oscartoki.servlet;

import jakarta.servlet.ServletOutputStream;
import jakarta.servlet.WriteListener;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.servlet.http.HttpServletResponseWrapper;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/** An answer that is held back until it is whole, or longer than is held back. */
final class HeldResponse extends HttpServletResponseWrapper {
    private final Exchange exchange;
    private final long most;
    private final ByteArrayOutputStream held = new ByteArrayOutputStream();
    private final Stream stream = new Stream();
    private PrintWriter writer;
    private boolean through, refused, closed;

    HeldResponse(HttpServletResponse response, Exchange exchange, long most) {
        super(response);
        this.exchange = exchange;
        this.most = most;
    }

    /** What was written so far. */
    byte[] content() {
        if (writer != null) writer.flush();
        return held.toByteArray();
    }

    /** Whether content with this head is held back and covered. */
    boolean coverable() {
        String encoding = getHeader("Content-Encoding"), type = getContentType();
        boolean plain = encoding == null || encoding.isBlank() || encoding.strip().equalsIgnoreCase("identity");
        return plain && (type == null || !type.split(";")[0].strip().toLowerCase(Locale.ROOT).equals("text/event-stream"));
    }

    /** The application broke before anything went out. */
    void failed() {
        resetBuffer();
        setStatus(500);
        setHeader("Content-Type", null);
        closed = true;
    }

    void ended() throws IOException {
        if (writer != null) writer.flush();
        if (!refused) super.flushBuffer();
    }

    private void write(byte[] bytes, int from, int length) throws IOException {
        if (closed || refused) return;
        if (!through && (!coverable() || held.size() + (long) length > most)) {
            through = true;
            refused = !exchange.begin();
            if (refused) return;
            getResponse().getOutputStream().write(held.toByteArray());
            held.reset();
        }
        if (through) {
            getResponse().getOutputStream().write(bytes, from, length);
        } else {
            held.write(bytes, from, length);
        }
    }

    @Override
    public ServletOutputStream getOutputStream() {
        return stream;
    }

    @Override
    public PrintWriter getWriter() {
        if (writer == null) {
            String named = getCharacterEncoding();
            Charset charset = named == null ? StandardCharsets.ISO_8859_1 : Charset.forName(named);
            writer = new PrintWriter(new OutputStreamWriter(stream, charset));
        }
        return writer;
    }

    @Override
    public void flushBuffer() throws IOException {
        if (writer != null) writer.flush();
        if (through && !refused) super.flushBuffer();
    }

    @Override
    public boolean isCommitted() {
        return through || closed || super.isCommitted();
    }

    @Override
    public void resetBuffer() {
        if (through) throw new IllegalStateException("the answer is committed");
        if (writer != null) writer.flush();
        held.reset();
    }

    @Override
    public void reset() {
        resetBuffer();
        super.reset();
    }

    // A page of the container would come after the signature: the sentence itself is the content.

    @Override
    public void sendError(int status, String sentence) {
        resetBuffer();
        setStatus(status);
        if (sentence != null) {
            setContentType("text/plain;charset=utf-8");
            held.writeBytes(sentence.getBytes(StandardCharsets.UTF_8));
        }
        closed = true;
    }

    @Override
    public void sendError(int status) {
        sendError(status, null);
    }

    @Override
    public void sendRedirect(String location) {
        sendRedirect(location, 302, true);
    }

    @Override
    public void sendRedirect(String location, int status, boolean clear) {
        if (clear) resetBuffer();
        setStatus(status);
        setHeader("Location", location);
        closed = true;
    }

    private final class Stream extends ServletOutputStream {
        @Override
        public void write(int one) throws IOException {
            HeldResponse.this.write(new byte[] {(byte) one}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int from, int length) throws IOException {
            HeldResponse.this.write(bytes, from, length);
        }

        @Override
        public void flush() throws IOException {
            if (through && !refused) getResponse().flushBuffer();
        }

        @Override
        public boolean isReady() {
            return true;
        }

        @Override
        public void setWriteListener(WriteListener listener) {
            try {
                listener.onWritePossible();
            } catch (IOException error) {
                listener.onError(error);
            }
        }
    }
}
