package com.oscartoki;

/** The first step of OscarToki v1: nothing runs, {@link #reply} is its answer. */
public final class Handshake implements Verdict {
    private static final int TOKI_MAX_LEN = 97, BODY_MAX_LEN = 192;
    final Judged judged;

    Handshake(Judged judged) {
        this.judged = judged;
    }

    /**
     * The answer, with status 200.
     *
     * @param toki the header oscartoki
     * @param body the JSON body
     */
    public record Reply(String toki, String body) {}

    /** Makes the answer, once. */
    public Reply reply() throws OscarError {
        Door.Room toki = new Door.Room(TOKI_MAX_LEN), body = new Door.Room(BODY_MAX_LEN);
        Door.must("service_handshake", judged.context, toki, body);
        judged.context.used();
        return new Reply(toki.text(), body.text());
    }

    @Override
    public void close() {
        judged.close();
    }

    @Override
    public String toString() {
        return "Handshake()";
    }
}
