package com.oscartoki;

import java.util.HexFormat;

/** A handed-out session: one audience, its own sid, ten minutes at most; {@code oz2.} as text. Kept outside of the heap, wiped when closed or unreachable. */
public final class Session implements AutoCloseable {
    private static final int MAX_LEN = 91;
    final KeyText text;
    private final long[] claims;

    private Session(KeyText text) throws OscarError {
        this.text = text;
        Door.Struct read = new Door.Struct(Layouts.GrantClaims.SIZE);
        KeyText.written(MAX_LEN, room -> Door.must("session_parse", text, room, read)).close();
        claims = read.words();
    }

    static Session written(KeyText.Writing call) throws OscarError {
        return new Session(KeyText.written(MAX_LEN, call));
    }

    /** Reads {@code oz2.} text. Errors: malformed, wrong_kind. */
    public static Session parse(String text) throws OscarError {
        return written(room -> Door.must("session_parse", text, room, new Door.Struct(Layouts.GrantClaims.SIZE)));
    }

    /** The session itself, for the browser or worker that it is handed to. */
    public String toText() {
        return text.reveal();
    }

    /** The key id of the client that handed it out. */
    public byte[] kid() {
        return Layouts.id(claims, Layouts.GrantClaims.KID);
    }

    /** Its own session id. */
    public byte[] sid() {
        return Layouts.id(claims, Layouts.GrantClaims.SID);
    }

    /** Its end, seconds since the epoch. */
    public long expS() {
        return Layouts.int64(claims, Layouts.GrantClaims.EXP_S);
    }

    /** Wipes it. */
    @Override
    public void close() {
        text.close();
    }

    @Override
    public String toString() {
        HexFormat hex = HexFormat.of();
        return "Session(kid " + hex.formatHex(kid()) + ", sid " + hex.formatHex(sid()) + ", until " + expS() + ")";
    }
}
