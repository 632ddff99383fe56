package com.oscartoki;

import java.util.HexFormat;

/** What a service holds for one client, audience and generation; {@code oa2.} as text. Kept outside of the heap, wiped when closed or unreachable. */
public final class AudienceKey implements AutoCloseable {
    private static final int MAX_LEN = 59;
    final KeyText text;

    private AudienceKey(KeyText text) {
        this.text = text;
    }

    static AudienceKey written(KeyText.Writing call) throws OscarError {
        return new AudienceKey(KeyText.written(MAX_LEN, call));
    }

    /** Reads {@code oa2.} text. Errors: malformed, wrong_kind, weak_secret. */
    public static AudienceKey parse(String text) throws OscarError {
        return written(room -> Door.must("audience_key_parse", text, new Door.Fixed(null), room));
    }

    /** The key itself, for the service's key file. */
    public String toText() {
        return text.reveal();
    }

    /** The same key under another, registered kid of 8 bytes. */
    public AudienceKey withKid(byte[] kid) throws OscarError {
        return written(room -> Door.must("audience_key_parse", text, Door.Fixed.id(kid), room));
    }

    /** The key id: public, 8 bytes. */
    public byte[] kid() throws OscarError {
        Door.Struct kid = new Door.Struct(8);
        Door.must("audience_key_read", text, kid, new Door.Fixed(null));
        return Layouts.id(kid.words(), 0);
    }

    /** Wipes it. */
    @Override
    public void close() {
        text.close();
    }

    @Override
    public String toString() {
        try {
            return "AudienceKey(kid " + HexFormat.of().formatHex(kid()) + ")";
        } catch (OscarError | IllegalStateException _) {
            return "AudienceKey(closed)";
        }
    }
}
