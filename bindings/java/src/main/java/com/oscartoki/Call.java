package com.oscartoki;

/**
 * One request on its way, without a socket: probe, request, resend. Send what {@link #next} says and tell what came, until it is done or failed:
 * {@snippet :
 * for (Step step = call.next(); step.kind() == Step.Kind.SEND; step = call.next()) {
 *     call.received(status, headers, body);
 * }
 * }
 */
public final class Call implements AutoCloseable {
    private final Handle handle;
    private final Client client;

    Call(Client client, Request request, int options) throws OscarError {
        Packed packed = Packed.of(request, 0);
        if (packed.failed()) throw OscarError.of(Door.UNSIGNABLE, null);
        this.client = client;
        handle = Handle.made("call_free", "call_new", client.handle, packed.bytes(), request.body() == null ? new byte[0] : request.body(), options);
    }

    /** The next step. Asked again before an answer was given, it is the same; after the end, the same end. */
    public Step next() throws OscarError {
        Door.Struct step = new Door.Struct(Layouts.Step.SIZE);
        Moment now = client.now();
        Door.must("call_next", handle, now.wallMs(), now.monoMs(), step);
        return new Step(step.words());
    }

    /** The answer came, now. */
    public void received(int status, Headers headers, byte[] body) {
        received(status, headers, body, client.now());
    }

    /** The answer came; {@code at} is when its head did. {@code body}: after removing content-coding. */
    public void received(int status, Headers headers, byte[] body, Moment at) {
        byte[] head = new Packed(512).be16(status).headers(headers).bytes();
        Door.call("call_received", handle, head, body == null ? new byte[0] : body, at.wallMs(), at.monoMs());
    }

    /** An answer came whose content is over the client's limit. */
    public void tooLarge(int status) {
        Door.call("call_too_large", handle, (short) status);
    }

    /** No answer came: a network failure. */
    public void failed() {
        Door.call("call_failed", handle);
    }

    /** Ends it. */
    @Override
    public void close() {
        handle.close();
    }
}
