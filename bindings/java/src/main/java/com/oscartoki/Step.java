package com.oscartoki;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/** What the owner of a {@link Call} does next: send, or see its outcome. */
public final class Step {
    /** The three kinds. */
    public enum Kind {
        /** Send a request with these headers, then say what came. */
        SEND,
        /** The answer is authentic and accepted. */
        DONE,
        /** Refused, or not authentic; nothing more is to be sent. */
        FAILED
    }

    private final long[] struct;

    Step(long[] struct) {
        this.struct = struct;
    }

    /** Which it is. */
    public Kind kind() {
        return Kind.values()[Layouts.int32(struct, Layouts.Step.KIND)];
    }

    /** To send: the method, HEAD for a probe. */
    public String method() {
        return Layouts.text(struct, Layouts.Step.METHOD);
    }

    /** To send: oscartoki, oscartokikey, content-digest, as far as they are sent. */
    public Map<String, String> headers() {
        if (kind() != Kind.SEND) return Map.of();
        Map<String, String> headers = new LinkedHashMap<>();
        headers.put("oscartoki", Layouts.text(struct, Layouts.Step.HEADERS + Layouts.Signed.TOKI));
        headers.put("oscartokikey", Layouts.text(struct, Layouts.Step.HEADERS + Layouts.Signed.GRANT));
        headers.put("content-digest", Layouts.text(struct, Layouts.Step.CONTENT_DIGEST));
        headers.values().removeIf(String::isEmpty);
        return Collections.unmodifiableMap(headers);
    }

    /** To send: no content, and none of the headers that {@link Client#dropsFromProbe} names. */
    public boolean isProbe() {
        return Layouts.flag(struct, Layouts.Step.HEADERS + Layouts.Signed.PROBE);
    }

    /** Done or failed: what became of it. */
    public Outcome outcome() {
        return new Outcome(struct, Layouts.Step.OUTCOME, null);
    }

    /** How many requests went out, the probe included. */
    public int requests() {
        return Layouts.int32(struct, Layouts.Step.REQUESTS);
    }

    /** Whether a probe went out. */
    public boolean probed() {
        return Layouts.flag(struct, Layouts.Step.PROBED);
    }

    /** Whether the request was resent. */
    public boolean resent() {
        return Layouts.flag(struct, Layouts.Step.RESENT);
    }

    /** Whether the last request that went out was signed in a session. */
    public boolean inSession() {
        return Layouts.flag(struct, Layouts.Step.IN_SESSION);
    }

    @Override
    public String toString() {
        return "Step(" + kind() + (kind() == Kind.SEND ? " " + method() : " " + outcome()) + ")";
    }
}
