package com.oscartoki;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/** One signed request, or the probe that must go before it. Its answer is accepted once; what is never sent is closed, or left to the collector. */
public final class SignedRequest implements AutoCloseable {
    private final byte[] struct;
    final Handle context;

    SignedRequest(byte[] struct, long context) {
        this.struct = struct;
        this.context = new Handle(context, "sign_context_free");
    }

    /** The header oscartoki. */
    public String toki() {
        return Layouts.text(struct, Layouts.Signed.TOKI);
    }

    /** The header oscartokikey, in a session. */
    public Optional<String> grant() {
        return Optional.ofNullable(Layouts.optional(struct, Layouts.Signed.GRANT));
    }

    /** What to send: oscartoki and, in a session, oscartokikey. */
    public Map<String, String> headers() {
        return headersOf(toki(), grant().orElse(null));
    }

    /** Send HEAD with the same target and covered headers, without content; accept its answer; sign again. */
    public boolean isProbe() {
        return struct[Layouts.Signed.PROBE] != 0;
    }

    /** Signed with a session's key. */
    public boolean inSession() {
        return struct[Layouts.Signed.GRANT] != 0;
    }

    /** Gives up on it before it was sent. */
    @Override
    public void close() {
        context.close();
    }

    static Map<String, String> headersOf(String toki, String grant) {
        Map<String, String> headers = new LinkedHashMap<>();
        headers.put("oscartoki", toki);
        if (grant != null) headers.put("oscartokikey", grant);
        return headers;
    }

    @Override
    public String toString() {
        return "SignedRequest(probe=" + isProbe() + ", inSession=" + inSession() + ")";
    }
}
