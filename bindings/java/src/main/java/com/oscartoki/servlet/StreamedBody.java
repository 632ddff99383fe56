package com.oscartoki.servlet;

import com.oscartoki.OscarError;
import com.oscartoki.PendingBody;
import com.oscartoki.Verdict;
import com.oscartoki.VerifiedRequest;
import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/** The body of a request on a streaming route, its input stream as well: read it whole, then {@link #finish}. */
public final class StreamedBody extends InputStream {
    private final PendingBody pending;
    private final HttpServletRequest request;
    private final MessageDigest digest;
    private Verdict verdict;
    private boolean empty = true;

    StreamedBody(PendingBody pending, HttpServletRequest request) {
        this.pending = pending;
        this.request = request;
        try {
            digest = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException error) {
            throw new IllegalStateException("every Java has SHA-256", error);
        }
    }

    /** The key id of the client, whose content is still to be compared. */
    public byte[] kid() {
        return pending.kid();
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : Byte.toUnsignedInt(one[0]);
    }

    @Override
    public int read(byte[] into, int from, int length) throws IOException {
        int count = request.getInputStream().read(into, from, length);
        if (count > 0) {
            digest.update(into, from, count);
            empty = false;
        }
        return count;
    }

    /** Reads what is left; what was verified. Throws {@link OscarError.BodyMismatch}; the filter then answers. */
    public VerifiedRequest finish() throws IOException {
        Verdict settled = settle();
        settled.throwForRefusal();
        return (VerifiedRequest) settled;
    }

    synchronized Verdict settle() throws IOException {
        if (verdict == null) {
            transferTo(OutputStream.nullOutputStream());
            verdict = empty ? pending.finish(new byte[0]) : pending.finishDigest(digest.digest());
        }
        return verdict;
    }
}
