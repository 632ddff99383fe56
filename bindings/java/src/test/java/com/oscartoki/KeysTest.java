package com.oscartoki;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HexFormat;
import org.junit.jupiter.api.Test;

class KeysTest {
    private static final byte[] BYTES = HexFormat.of().parseHex("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f");

    @Test
    void theKeysOfSectionNine() throws OscarError {
        Secret secret = Secret.fromBytes(BYTES);
        assertEquals("1f0e6552cdeefa20", HexFormat.of().formatHex(secret.kid()));
        AudienceKey key = secret.audienceKey("api.example.com");
        assertEquals("1e844ec9faad5b1898a4f77ff1204015d3329b63df4187b64f2b335f94d7c86e", HexFormat.of().formatHex(Hazmat.expose(key)));
        assertArrayEquals(secret.kid(), key.kid());
        assertEquals(key.toText(), AudienceKey.parse(key.toText()).toText());
        assertEquals(secret.toText(), Secret.parse(secret.toText()).toText());
    }

    @Test
    void anotherGenerationIsAnotherKey() throws OscarError {
        Secret secret = Secret.fromBytes(BYTES);
        assertFalse(java.util.Arrays.equals(secret.kid(0), secret.kid(1)));
        assertThrows(OscarError.Unsignable.class, () -> secret.kid(-1));
        assertThrows(OscarError.Unsignable.class, () -> secret.kid(1L << 32));
        assertThrows(OscarError.Unsignable.class, () -> secret.audienceKey("api.example.com", 1L << 32));
    }

    @Test
    void aRegisteredKid() throws OscarError {
        AudienceKey key = Secret.generate().audienceKey("a").withKid(new byte[] {1, 2, 3, 4, 5, 6, 7, 8});
        assertEquals("0102030405060708", HexFormat.of().formatHex(key.kid()));
        assertThrows(IllegalArgumentException.class, () -> key.withKid(new byte[7]));
    }

    @Test
    void textsThatAreNone() throws OscarError {
        Secret secret = Secret.generate();
        assertThrows(OscarError.Malformed.class, () -> Secret.parse("os2.short"));
        assertThrows(OscarError.Malformed.class, () -> Secret.parse(secret.toText() + " "));
        assertThrows(OscarError.Malformed.class, () -> Secret.parse(""));
        assertThrows(OscarError.WrongKind.class, () -> AudienceKey.parse(secret.toText()));
        assertThrows(OscarError.WrongKind.class, () -> Session.parse(secret.audienceKey("a").toText()));
        assertThrows(OscarError.WeakSecret.class, () -> Secret.fromBytes(new byte[31]));
        assertThrows(OscarError.WeakSecret.class, () -> Secret.fromBytes(new byte[32]));
        assertThrows(OscarError.Unsignable.class, () -> secret.audienceKey(""));
        assertThrows(OscarError.Unsignable.class, () -> secret.audienceKey("two words"));
    }

    @Test
    void nothingPrintsAKey() throws OscarError {
        Secret secret = Secret.generate();
        Client client = new Client(secret, "api.example.com");
        for (Object held : new Object[] {secret, secret.audienceKey("a"), client.handOut(60), client, new Keyring("a"), new V1.Key("key")}) {
            String printed = held.toString();
            assertFalse(printed.contains(secret.toText().substring(4, 20)) || printed.contains("oa2.") || printed.contains("oz2."), printed);
        }
        assertTrue(secret.toString().startsWith("Secret(kid "));
    }

    @Test
    void aClosedKeyIsGone() throws OscarError {
        Secret secret = Secret.generate();
        secret.close();
        secret.close();
        assertThrows(IllegalStateException.class, secret::toText);
        assertThrows(IllegalStateException.class, secret::kid);
        assertEquals("Secret(closed)", secret.toString());
    }

    @Test
    void aRing() throws OscarError {
        Keyring ring = new Keyring("api.example.com");
        AudienceKey key = Secret.generate().audienceKey("api.example.com");
        ring.add(key);
        ring.add(key.toText());
        assertEquals(1, ring.kids().size());
        assertTrue(ring.holds(key.kid()));
        assertFalse(ring.hasV1());
        assertThrows(OscarError.KidTaken.class, () -> ring.add(Secret.generate().audienceKey("api.example.com").withKid(key.kid())));
        assertThrows(OscarError.WrongKind.class, () -> ring.add(Secret.generate().toText()));
        assertThrows(OscarError.WeakSecret.class, () -> ring.addV1(new byte[8], new byte[0], 1, Dialect.ANY));
        ring.addV1(new byte[8], "old key".getBytes(), 1_900_000_000_000L, Dialect.JAVA);
        assertTrue(ring.hasV1());
        assertEquals("revoked " + HexFormat.of().formatHex(key.kid()), ring.revokeKey(key.kid()).strip());
        assertTrue(ring.revocationsText().contains("revoked"));
        assertThrows(OscarError.Malformed.class, () -> ring.loadRevocations("revoked nobody"));
        ring.load("# nobody\n");
        assertTrue(ring.kids().isEmpty());
        assertThrows(OscarError.Malformed.class, () -> ring.load("oa2.x"));
        assertTrue(ring.faultInKeys("\noa2.x").orElseThrow().contains("2"));
        assertTrue(ring.faultInKeys(key.toText()).isEmpty());
        assertThrows(OscarError.Malformed.class, () -> new Keyring(""));
        ring.close();
        OscarError.Misuse gone = assertThrows(OscarError.Misuse.class, () -> ring.add(key));
        assertEquals("bad_handle", gone.name());
    }
}
