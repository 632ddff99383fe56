package bench;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.Base64;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * The same acts by javax.crypto: base64url, the message that is MACed, a random nonce, a tag in constant time, a look at the clock, and a set for what was seen,
 * which forgets nothing.
 */
final class ByHand {
    private static final SecretKeySpec KEY = new SecretKeySpec(new byte[32], "HmacSHA256");
    private static final byte[] KID = "kidkidki".getBytes(StandardCharsets.US_ASCII);

    private final Mac reused;
    private final SecureRandom random = new SecureRandom();
    private final Set<ByteBuffer> seen = ConcurrentHashMap.newKeySet();
    private final byte[] nonce = new byte[8];
    private final Base64.Encoder encoder = Base64.getUrlEncoder().withoutPadding();
    private final Base64.Decoder decoder = Base64.getUrlDecoder();

    ByHand(boolean reuse) throws GeneralSecurityException {
        reused = reuse ? mac() : null;
    }

    private static Mac mac() throws GeneralSecurityException {
        Mac mac = Mac.getInstance("HmacSHA256");
        mac.init(KEY);
        return mac;
    }

    String sign(String method, String authority, String target) throws GeneralSecurityException {
        byte[] toki = new byte[40];
        toki[0] = 0x21;
        System.arraycopy(KID, 0, toki, 2, 8);
        number(toki, 10, 6, System.currentTimeMillis());
        random.nextBytes(nonce);
        System.arraycopy(nonce, 0, toki, 16, 8);
        System.arraycopy(tag(toki, method, authority, target), 0, toki, 24, 16);
        return "ot2." + encoder.encodeToString(toki);
    }

    boolean verify(String method, String authority, String target, String text) throws GeneralSecurityException {
        if (text.length() != 58 || !text.startsWith("ot2.")) return false;
        byte[] toki = decoder.decode(text.substring(4));
        if (toki[0] != 0x21 || (toki[1] & ~0x0F) != 0 || !Arrays.equals(toki, 2, 10, KID, 0, 8)) return false;
        byte[] tag = tag(toki, method, authority, target);
        if (!MessageDigest.isEqual(Arrays.copyOf(tag, 16), Arrays.copyOfRange(toki, 24, 40))) return false;
        long age = System.currentTimeMillis() - read(toki, 10, 6);
        return age < 30_000 && age >= -2_000;
    }

    boolean serve(String method, String authority, String target, String text) throws GeneralSecurityException {
        return verify(method, authority, target, text) && seen.add(ByteBuffer.wrap(decoder.decode(text.substring(4)), 24, 16));
    }

    void forget() {
        seen.clear();
    }

    private byte[] tag(byte[] toki, String method, String authority, String target) throws GeneralSecurityException {
        byte[] message = new byte[24 + 8 + method.length() + authority.length() + target.length()];
        System.arraycopy(toki, 0, message, 0, 24);
        int at = field(message, field(message, field(message, 24, method), authority), target);
        number(message, at, 2, 0);
        return (reused == null ? mac() : reused).doFinal(message);
    }

    private static int field(byte[] into, int at, String field) {
        byte[] bytes = field.getBytes(StandardCharsets.UTF_8);
        number(into, at, 2, bytes.length);
        System.arraycopy(bytes, 0, into, at + 2, bytes.length);
        return at + 2 + bytes.length;
    }

    private static void number(byte[] into, int at, int length, long number) {
        for (int i = length - 1; i >= 0; i--, number >>= 8) into[at + i] = (byte) number;
    }

    private static long read(byte[] from, int at, int length) {
        long number = 0;
        for (int i = 0; i < length; i++) number = number << 8 | from[at + i] & 0xFF;
        return number;
    }
}
