package com.oscartoki;

import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/** What became of a request, as far as the client can know. */
public final class Outcome {
    private final long[] struct;
    private final int base;
    private final String detail;

    Outcome(long[] struct, int base, String detail) {
        this.struct = struct;
        this.base = base;
        this.detail = detail;
    }

    /** Why the answer is refused; empty: it is accepted. */
    public Optional<OscarError> error() {
        int status = int32(Layouts.Outcome.STATUS);
        if (status == Door.OK) return Optional.empty();
        return Optional.of(OscarError.of(status, detail, new OscarError.Known(mayHaveRun(), signed(), status().orElse(0))));
    }

    /** The name of the error. */
    public Optional<String> name() {
        int status = int32(Layouts.Outcome.STATUS);
        return status == Door.OK ? Optional.empty() : Optional.of(Door.errorName(status));
    }

    /** The code of an authentic answer, 0 to 7. */
    public OptionalInt code() {
        return natural(int32(Layouts.Outcome.CODE));
    }

    /** The HTTP status; of an answer that is not authentic it is hearsay. */
    public OptionalInt status() {
        return natural(int32(Layouts.Outcome.HTTP_STATUS));
    }

    /** False only where it is certain that the request had no effect. */
    public boolean mayHaveRun() {
        return flag(Layouts.Outcome.MAY_HAVE_RUN);
    }

    /** Whether the answer is authentic. */
    public boolean signed() {
        return flag(Layouts.Outcome.AUTHENTIC);
    }

    /** Sign and send the request once more, with {@link CallOption#RESEND}. */
    public boolean resend() {
        return flag(Layouts.Outcome.RESEND);
    }

    /** How far the service's clock is ahead, as far as answers have told. */
    public OptionalLong offsetMs() {
        return flag(Layouts.Outcome.HAS_OFFSET) ? OptionalLong.of(Layouts.int64(struct, base + Layouts.Outcome.OFFSET_MS)) : OptionalLong.empty();
    }

    /** The session of a grant that was adopted. */
    public Optional<byte[]> adoptedSid() {
        return flag(Layouts.Outcome.ADOPTED) ? Optional.of(Layouts.id(struct, base + Layouts.Outcome.SID)) : Optional.empty();
    }

    /** {@code bad_grant} when the answer's grant was dropped. */
    public Optional<String> grantError() {
        int status = int32(Layouts.Outcome.GRANT_ERROR);
        return status == Door.OK ? Optional.empty() : Optional.of(Door.errorName(status));
    }

    /** Whether the content, or that there is none, is authentic. */
    public boolean contentAuthentic() {
        return flag(Layouts.Outcome.CONTENT_AUTHENTIC);
    }

    /** Whether it is the outcome of a probe. */
    public boolean isProbe() {
        return flag(Layouts.Outcome.PROBE);
    }

    /** Throws the error, when there is one. */
    public Outcome throwForRefusal() throws OscarError {
        Optional<OscarError> error = error();
        if (error.isPresent()) throw error.get();
        return this;
    }

    int errorStatus() {
        return int32(Layouts.Outcome.STATUS);
    }

    private int int32(int at) {
        return Layouts.int32(struct, base + at);
    }

    private boolean flag(int at) {
        return Layouts.flag(struct, base + at);
    }

    private static OptionalInt natural(int number) {
        return number < 0 ? OptionalInt.empty() : OptionalInt.of(number);
    }

    @Override
    public String toString() {
        return "Outcome(" + name().orElse("accepted") + ", code=" + code().stream().boxed().findAny().map(String::valueOf).orElse("none") + ", mayHaveRun=" + mayHaveRun() + ")";
    }
}
