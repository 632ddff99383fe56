package com.oscartoki;

/**
 * A message of a queue.
 *
 * @param destination the logical name, not exchange or routing key, which dead-lettering changes
 * @param type what it says
 * @param body its bytes; null and empty are none, which are digested too
 * @param ext what else is covered, or null
 * @param digest in place of the body its SHA-256, 32 bytes, or null
 */
public record Message(String destination, String type, byte[] body, byte[] ext, byte[] digest) {
    /** What is usual. */
    public Message(String destination, String type, byte[] body) {
        this(destination, type, body, null, null);
    }

    Packed packed(int otherwise) throws OscarError {
        Packed packed = new Packed(256).field(destination).field(type).field(ext).field(digest);
        if (packed.failed()) throw OscarError.of(otherwise, null);
        return packed;
    }

    byte[] content() {
        return body == null ? new byte[0] : body;
    }

    @Override
    public String toString() {
        return "Message(" + destination + ", " + type + ")";
    }
}
