package com.oscartoki;

import java.nio.charset.StandardCharsets;

/**
 * Deterministic twins: the caller gives what must otherwise be random or the clock's. For vectors, tests and tools; a nonce that is used twice
 * breaks the protocol.
 */
public final class Hazmat {
    private static final int TEXT = 64, TICKET_MAX_LEN = 400;

    private Hazmat() {}

    /** The toki of a request, in the session of {@code grant} unless that is null. */
    public static String mintRequest(AudienceKey key, Request request, long tsMs, byte[] nonce, boolean want, String grant) throws OscarError {
        Door.Room toki = new Door.Room(TEXT);
        Door.must("hazmat_mint_request", key.text, Door.Slice.text(grant), packed(request), content(request.body()), tsMs, Door.Fixed.id(nonce), (byte) (want ? 1 : 0), toki);
        return toki.text();
    }

    /** The grant that answers a request's toki. */
    public static String mintGrant(AudienceKey key, String requestToki, byte[] sid, long expS, long ttlS) throws OscarError {
        Door.Room grant = new Door.Room(TEXT);
        Door.must("hazmat_mint_grant", key.text, requestToki, Door.Fixed.id(sid), expS, ttlS, grant);
        return grant.text();
    }

    /** The toki of an answer, whose grant is the attached one; {@code sessionGrant} is null unless the request was in a session. */
    public static String mintAnswer(AudienceKey key, String requestToki, String sessionGrant, int code, long tsMs, Answer answer) throws OscarError {
        if (code < 0 || code > 7) throw OscarError.of(Door.UNSIGNABLE, "a code is 0 to 7");
        Packed packed = Packed.of(answer);
        if (answer.grant() != null) packed.field(answer.grant());
        if (packed.failed()) throw OscarError.of(Door.UNSIGNABLE, null);
        Door.Room toki = new Door.Room(TEXT);
        Door.must("hazmat_mint_answer", key.text, Door.Slice.text(sessionGrant), requestToki, code, tsMs, packed.bytes(), content(answer.body()), toki);
        return toki.text();
    }

    /**
     * What an answer says to who holds the key.
     *
     * @param outcome what a client would make of it
     * @param tsMs the service's clock
     */
    public record Judged(Outcome outcome, long tsMs) {}

    /** Judges an answer to a request that some other client of the key signed; throws what makes it not authentic. */
    public static Judged accept(AudienceKey key, String requestToki, String sessionGrant, Answer answer) throws OscarError {
        Packed packed = Packed.of(answer).proofs(answer.toki(), answer.grant());
        if (packed.failed()) throw OscarError.of(Door.MALFORMED, null);
        Door.Struct judged = new Door.Struct(Layouts.Outcome.SIZE);
        int status = Door.call("hazmat_accept", key.text, Door.Slice.text(sessionGrant), requestToki, packed.bytes(), content(answer.body()), judged);
        Outcome outcome = new Outcome(judged.words(), 0, status == Door.OK ? null : Door.detail());
        if (!outcome.signed()) throw OscarError.of(status, Door.detail());
        Door.Struct claims = new Door.Struct(Layouts.AnswerClaims.SIZE);
        Door.must("answer_toki_parse", answer.toki(), claims);
        return new Judged(outcome, Layouts.int64(claims.words(), Layouts.AnswerClaims.TS_MS));
    }

    /** The toki of a message. */
    public static String mintMessage(AudienceKey key, Message message, long tsMs, byte[] nonce, long ttlS) throws OscarError {
        Door.Room toki = new Door.Room(TEXT);
        Door.must("hazmat_mint_message", key.text, message.packed(Door.UNSIGNABLE).bytes(), message.content(), tsMs, Door.Fixed.id(nonce), ttlS, toki);
        return toki.text();
    }

    /** A presigned target. */
    public static String mintUrl(AudienceKey key, Request request, long expMs) throws OscarError {
        Door.Room url = new Door.Room(request.target().getBytes(StandardCharsets.UTF_8).length + TEXT);
        Door.must("hazmat_mint_url", key.text, packed(request), expMs, url);
        return url.text();
    }

    /** A websocket ticket, bound to an Origin unless that is null. */
    public static String mintTicket(AudienceKey key, byte[] connection, long tsMs, byte[] nonce, String origin) throws OscarError {
        Door.Room ticket = new Door.Room(TICKET_MAX_LEN);
        Door.must("hazmat_mint_ticket", key.text, connection, Door.Slice.text(origin), tsMs, Door.Fixed.id(nonce), ticket);
        return ticket.text();
    }

    /** {@link Client#sign} with a nonce that the caller gives; {@link Client#accept} judges its answer. */
    public static SignedRequest sign(Client client, Request request, byte[] nonce, Moment now, CallOption... options) throws OscarError {
        byte[] packed = packed(request);
        Door.Struct signed = new Door.Struct(Layouts.Signed.SIZE), context = new Door.Struct(8);
        Door.must("hazmat_client_sign", client.handle, packed, content(request.body()), CallOption.bits(options), now.wallMs(), now.monoMs(), Door.Fixed.id(nonce), signed, context);
        return new SignedRequest(Layouts.bytes(signed.words(), 0, Layouts.Signed.SIZE), context.first());
    }

    /** Key material: the 32 bytes of an audience key. */
    public static byte[] expose(AudienceKey key) throws OscarError {
        Door.Struct kid = new Door.Struct(8), raw = new Door.Struct(32);
        Door.must("audience_key_read", key.text, kid, raw);
        return Layouts.bytes(raw.words(), 0, 32);
    }

    private static byte[] packed(Request request) throws OscarError {
        Packed packed = Packed.of(request, 0);
        if (packed.failed()) throw OscarError.of(Door.UNSIGNABLE, null);
        return packed.bytes();
    }

    private static byte[] content(byte[] body) {
        return body == null ? new byte[0] : body;
    }
}
