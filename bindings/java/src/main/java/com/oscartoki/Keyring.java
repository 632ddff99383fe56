package com.oscartoki;

import java.util.HexFormat;
import java.util.List;
import java.util.Optional;

/** The keys of a service for one audience, who is revoked, and whose OscarToki v1 is still on. Thread-safe. */
public final class Keyring implements AutoCloseable {
    private static final int REVOCATION_MAX_LEN = 64;
    final Handle handle;
    private final String audience;

    /** An empty ring. Error: malformed (the audience). */
    public Keyring(String audience) throws OscarError {
        this.audience = audience;
        handle = Handle.made("keyring_free", "keyring_new", audience);
    }

    /** Whose keys these are. */
    public String audience() {
        return audience;
    }

    /** Adds a key. Error: kid_taken. */
    public void add(AudienceKey key) throws OscarError {
        Door.must("keyring_add", handle, key.text);
    }

    /** Adds what one line of a key file says: {@code oa2.…}, {@code oa2.… kid=HEX}, {@code v1 until=… dialect=any key=HEX kid=HEX}. */
    public void add(String line) throws OscarError {
        Door.must("keyring_add", handle, line.strip());
    }

    /** Switches OscarToki v1 on for a client until a time. */
    public void addV1(byte[] kid, byte[] key, long untilMs, Dialect dialect) throws OscarError {
        Door.must("keyring_add_v1", handle, Door.Fixed.id(kid), key, untilMs, dialect.number());
    }

    /** Replaces all keys by those of a key file's text, at once or not at all. */
    public void load(String text) throws OscarError {
        Door.must("keyring_load", handle, text);
    }

    /** Replaces the revocations by those of a file's text, at once or not at all; marks never fall. */
    public void loadRevocations(String text) throws OscarError {
        Door.must("keyring_load_revocations", handle, text);
    }

    /** What a key file's text would be refused for, with its line. */
    public Optional<String> faultInKeys(String text) {
        return Door.call("keyring_fault_in_keys", handle, text) == Door.OK ? Optional.empty() : Optional.of(Door.detail());
    }

    /** Revokes a kid at once; the line that a file of revocations gets. */
    public String revokeKey(byte[] kid) throws OscarError {
        Door.Room line = new Door.Room(REVOCATION_MAX_LEN);
        Door.must("keyring_revoke_key", handle, Door.Fixed.id(kid), line);
        return line.text();
    }

    /** Revokes one session at once; the line that a file of revocations gets. */
    public String revokeSession(byte[] kid, byte[] sid) throws OscarError {
        Door.Room line = new Door.Room(REVOCATION_MAX_LEN);
        Door.must("keyring_revoke_session", handle, Door.Fixed.id(kid), Door.Fixed.id(sid), line);
        return line.text();
    }

    /** Revokes the sessions of a kid that were issued before a second of the epoch; the line that a file of revocations gets. */
    public String revokeIssuedBefore(byte[] kid, long beforeS) throws OscarError {
        Door.Room line = new Door.Room(REVOCATION_MAX_LEN);
        Door.must("keyring_revoke_issued_before", handle, Door.Fixed.id(kid), beforeS, line);
        return line.text();
    }

    /** All revocations in force, as the text of a file. */
    public String revocationsText() throws OscarError {
        Door.Struct text = new Door.Struct(8);
        Door.must("keyring_revocations", handle, text);
        return Door.take(text.first());
    }

    /** The kids held, sorted. */
    public List<byte[]> kids() throws OscarError {
        Door.Struct text = new Door.Struct(8);
        Door.must("keyring_kids", handle, text);
        return Door.take(text.first()).lines().map(HexFormat.of()::parseHex).toList();
    }

    /** Whether a key stands under this kid. */
    public boolean holds(byte[] kid) {
        return Door.call("keyring_holds", handle, Door.Fixed.id(kid)) != 0;
    }

    /** Whether any key has OscarToki v1 on. */
    public boolean hasV1() {
        return Door.call("keyring_has_v1", handle) != 0;
    }

    /** Gives it back; a service that was made with it keeps its own hold. */
    @Override
    public void close() {
        handle.close();
    }

    @Override
    public String toString() {
        try {
            return "Keyring(" + audience + ", " + kids().size() + " keys)";
        } catch (OscarError _) {
            return "Keyring(closed)";
        }
    }
}
