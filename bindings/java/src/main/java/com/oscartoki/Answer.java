package com.oscartoki;

/**
 * An answer by its fields. A service mints toki and grant for it; a client judges them.
 *
 * @param status the HTTP status
 * @param body the content, after removing content-coding; null and empty are none
 * @param toki to a client: the header oscartoki, null when it is absent
 * @param grant to a client: the header oscartokikey, null when it is absent
 * @param ext the covered headers; null without any
 * @param digest in place of the body its SHA-256, 32 bytes, or null
 */
public record Answer(int status, byte[] body, String toki, String grant, byte[] ext, byte[] digest) {
    /** What a service answers. */
    public Answer(int status, byte[] body) {
        this(status, body, null, null, null, null);
    }

    /** What a client got. */
    public Answer(int status, byte[] body, String toki, String grant) {
        this(status, body, toki, grant, null, null);
    }

    @Override
    public String toString() {
        return "Answer(" + status + ")";
    }
}
