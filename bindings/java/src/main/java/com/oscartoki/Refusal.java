package com.oscartoki;

import java.util.Optional;
import java.util.OptionalInt;

/** It must not run. Signed where its MAC was good, else it names itself in the header oscartoki-error. */
public final class Refusal implements Verdict {
    final Judged judged;

    Refusal(Judged judged) {
        this.judged = judged;
    }

    /** The name of the error. */
    public String name() {
        return Door.errorName(judged.int32(Layouts.Verdict.STATUS));
    }

    @Override
    public Optional<OscarError> error() {
        return Optional.of(OscarError.of(judged.int32(Layouts.Verdict.STATUS), judged.detail, new OscarError.Known(false, signed(), status())));
    }

    /** The code of the answer's toki, where it gets one. */
    public OptionalInt code() {
        return signed() ? OptionalInt.of(judged.int32(Layouts.Verdict.CODE)) : OptionalInt.empty();
    }

    /** The HTTP status of the answer. */
    public int status() {
        return judged.int32(Layouts.Verdict.HTTP_STATUS);
    }

    /** Whether the answer gets a toki. */
    public boolean signed() {
        return judged.int32(Layouts.Verdict.CODE) >= 0;
    }

    /** Whether the answer carries {@code WWW-Authenticate: oscartoki}. */
    public boolean wwwAuthenticate() {
        return judged.flag(Layouts.Verdict.WWW_AUTHENTICATE);
    }

    /** 2, or 1 for OscarToki v1. */
    public int version() {
        return judged.version();
    }

    @Override
    public void close() {
        judged.close();
    }

    @Override
    public String toString() {
        return "Refusal(" + name() + ", status " + status() + ", " + (signed() ? "signed" : "unsigned") + ")";
    }
}
