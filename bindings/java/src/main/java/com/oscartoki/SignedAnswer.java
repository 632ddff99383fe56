package com.oscartoki;

import java.util.Map;
import java.util.Optional;

/** The headers that go out with an answer. */
public final class SignedAnswer {
    private final byte[] struct;

    SignedAnswer(byte[] struct) {
        this.struct = struct;
    }

    /** The header oscartoki. */
    public String toki() {
        return Layouts.text(struct, Layouts.Answered.TOKI);
    }

    /** The header oscartokikey, when a grant is attached. */
    public Optional<String> grant() {
        return Optional.ofNullable(Layouts.optional(struct, Layouts.Answered.GRANT));
    }

    /** Both, as far as they are sent. */
    public Map<String, String> headers() {
        return SignedRequest.headersOf(toki(), grant().orElse(null));
    }

    @Override
    public String toString() {
        return "SignedAnswer(" + headers() + ")";
    }
}
