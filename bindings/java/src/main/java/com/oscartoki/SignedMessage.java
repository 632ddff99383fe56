package com.oscartoki;

/** A message that was signed: {@link #toki} is its header oscartoki, {@link #acceptReply} judges its one RPC reply. */
public final class SignedMessage implements AutoCloseable {
    private final String toki;
    private final Handle context;

    SignedMessage(String toki, Handle context) {
        this.toki = toki;
        this.context = context;
    }

    /** The header oscartoki. */
    public String toki() {
        return toki;
    }

    /** Accepts the reply, once; the consumer's time in milliseconds. {@code toki} is null when it has none. */
    public long acceptReply(String toki, byte[] body) throws OscarError {
        return acceptReply(toki, body, new byte[0]);
    }

    /** {@link #acceptReply(String, byte[])} with what else is covered. */
    public long acceptReply(String toki, byte[] body, byte[] ext) throws OscarError {
        Packed reply = new Packed(128).field(ext);
        if (toki != null) reply.field(toki);
        if (reply.failed()) throw OscarError.of(Door.MALFORMED, null);
        Door.Struct tsMs = new Door.Struct(8);
        Door.must("message_accept_reply", context, reply.bytes(), body == null ? new byte[0] : body, tsMs);
        return tsMs.first();
    }

    /** Waits for no reply any more. */
    @Override
    public void close() {
        context.close();
    }
}
