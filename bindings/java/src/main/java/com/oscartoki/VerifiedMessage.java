package com.oscartoki;

import java.util.HexFormat;

/** A message that was verified. */
public final class VerifiedMessage implements AutoCloseable {
    private static final int TOKI_MAX_LEN = 59;

    /** Whether it was seen before. */
    public enum Freshness {
        /** No consumer that shares the memory has seen it. */
        FRESH,
        /** One has: it was delivered again, or replayed. */
        DUPLICATE,
        /** Nobody remembers. */
        UNCHECKED
    }

    private final long[] struct;
    private final Handle context;

    VerifiedMessage(long[] struct) {
        this.struct = struct;
        context = new Handle(Layouts.int64(struct, Layouts.VerifiedMessage.CONTEXT), "message_free");
    }

    /** The key id of the sender. */
    public byte[] kid() {
        return Layouts.id(struct, Layouts.VerifiedMessage.KID);
    }

    /** When it was minted. */
    public long tsMs() {
        return Layouts.int64(struct, Layouts.VerifiedMessage.TS_MS);
    }

    /** Its life in seconds. */
    public long ttlS() {
        return Layouts.int64(struct, Layouts.VerifiedMessage.TTL_S);
    }

    /** Its nonce. */
    public byte[] nonce() {
        return Layouts.id(struct, Layouts.VerifiedMessage.NONCE);
    }

    /** Whether it was seen before. */
    public Freshness freshness() {
        return Freshness.values()[Layouts.int32(struct, Layouts.VerifiedMessage.FRESHNESS)];
    }

    /** The toki of the RPC reply. */
    public String reply(byte[] body) throws OscarError {
        return reply(body, new byte[0]);
    }

    /** {@link #reply(byte[])} with what else is covered. */
    public String reply(byte[] body, byte[] ext) throws OscarError {
        Door.Room toki = new Door.Room(TOKI_MAX_LEN);
        Door.must("message_reply", context, ext, body == null ? new byte[0] : body, System.currentTimeMillis(), toki);
        return toki.text();
    }

    /** Replies no more. */
    @Override
    public void close() {
        context.close();
    }

    @Override
    public String toString() {
        return "VerifiedMessage(kid " + HexFormat.of().formatHex(kid()) + ", " + freshness() + ")";
    }
}
