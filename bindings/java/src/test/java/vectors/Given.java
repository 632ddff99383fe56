package vectors;

import com.fasterxml.jackson.databind.JsonNode;
import com.oscartoki.Answer;
import com.oscartoki.AudienceKey;
import com.oscartoki.Message;
import com.oscartoki.Oscartoki;
import com.oscartoki.OscarError;
import com.oscartoki.Request;
import com.oscartoki.Secret;
import java.util.HexFormat;
import java.util.Set;

/** The {@code in} of a case or step; absent and null are both "not given". */
final class Given {
    private final JsonNode in;

    Given(JsonNode in, Set<String> members) {
        this.in = in;
        in.fieldNames().forEachRemaining(member -> {
            if (!members.contains(member)) throw new Vectors.Unknown("member " + member);
        });
    }

    boolean has(String name) {
        return in.hasNonNull(name);
    }

    JsonNode node(String name) {
        return in.path(name);
    }

    String opt(String name) {
        return has(name) ? in.get(name).asText() : null;
    }

    String text(String name) {
        return has(name) ? in.get(name).asText() : "";
    }

    byte[] hex(String name) {
        return HexFormat.of().parseHex(text(name));
    }

    boolean flag(String name) {
        return has(name) && in.get(name).asBoolean();
    }

    /** A number; what fits no long fits no field: {@code otherwise} is its error. */
    long number(String name, long absent) throws OscarError {
        if (!has(name)) return absent;
        JsonNode number = in.get(name);
        if (!number.isIntegralNumber()) throw new Vectors.Unknown("number " + number);
        return number.canConvertToLong() ? number.longValue() : number.bigIntegerValue().signum() < 0 ? Long.MIN_VALUE : Long.MAX_VALUE;
    }

    long number(String name) throws OscarError {
        return number(name, 0);
    }

    /** A number that is an int; -1, which is nothing, for what is none. */
    int small(String name) throws OscarError {
        long number = number(name);
        return number == (int) number ? (int) number : -1;
    }

    byte[] digest() {
        return has("body_sha256_hex") ? hex("body_sha256_hex") : null;
    }

    byte[] body() {
        return digest() == null ? hex("body_hex") : null;
    }

    Request request() {
        return new Request(text("method"), text("authority"), text("target"), body(), hex("ext_hex"), digest());
    }

    Answer answer() throws OscarError {
        return new Answer(small("status"), body(), opt("toki"), opt("grant"), hex("ext_hex"), digest());
    }

    Message message() {
        return new Message(text("destination"), text("type"), body(), hex("ext_hex"), digest());
    }

    String audience() throws OscarError {
        return has("audience") ? text("audience") : Oscartoki.normaliseAuthority(text("authority"));
    }

    /** KEY; what can't be one's audience or generation is {@code malformed} for who verifies, {@code unsignable} for who mints. */
    AudienceKey key() throws OscarError {
        if (has("audience_key")) return AudienceKey.parse(text("audience_key"));
        return Secret.fromBytes(hex("secret_hex")).audienceKey(audience(), number("generation"));
    }
}
