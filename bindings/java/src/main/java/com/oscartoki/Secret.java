package com.oscartoki;

import java.util.HexFormat;

/** What a client and the key registry hold: 32 random bytes, {@code os2.} as text. Kept outside of the heap, wiped when closed or unreachable. */
public final class Secret implements AutoCloseable {
    private static final int MAX_LEN = 48;
    final KeyText text;

    private Secret(KeyText text) {
        this.text = text;
    }

    /** Reads {@code os2.} text. Errors: malformed, wrong_kind, weak_secret. */
    public static Secret parse(String text) throws OscarError {
        return new Secret(KeyText.written(MAX_LEN, room -> Door.must("secret_parse", text, room)));
    }

    /** A new random secret. */
    public static Secret generate() throws OscarError {
        return new Secret(KeyText.written(MAX_LEN, room -> Door.must("secret_generate", room)));
    }

    /** A secret of exactly 32 random bytes, else weak_secret. */
    public static Secret fromBytes(byte[] bytes) throws OscarError {
        return new Secret(KeyText.written(MAX_LEN, room -> Door.must("secret_from_bytes", bytes, room)));
    }

    /** The secret itself, for a file of mode 0600. */
    public String toText() {
        return text.reveal();
    }

    /** The key id of generation 0: public, 8 bytes. */
    public byte[] kid() throws OscarError {
        return kid(0);
    }

    /** The key id of a generation. */
    public byte[] kid(long generation) throws OscarError {
        Door.Struct kid = new Door.Struct(8);
        Door.must("secret_kid", text, generation, kid);
        return Layouts.id(kid.words(), 0);
    }

    /** What one service gets, in generation 0. */
    public AudienceKey audienceKey(String audience) throws OscarError {
        return audienceKey(audience, 0);
    }

    /** What one service gets: for its audience, used byte for byte, and a generation. */
    public AudienceKey audienceKey(String audience, long generation) throws OscarError {
        return AudienceKey.written(room -> Door.must("secret_audience_key", text, audience, generation, room));
    }

    /** Wipes it. */
    @Override
    public void close() {
        text.close();
    }

    @Override
    public String toString() {
        try {
            return "Secret(kid " + HexFormat.of().formatHex(kid()) + ")";
        } catch (OscarError | IllegalStateException _) {
            return "Secret(closed)";
        }
    }
}
