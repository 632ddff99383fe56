package vectors;

import com.fasterxml.jackson.databind.JsonNode;
import com.oscartoki.AudienceKey;
import com.oscartoki.Dialect;
import com.oscartoki.Hazmat;
import com.oscartoki.Keyring;
import com.oscartoki.MemoryReplayLog;
import com.oscartoki.OscarError;
import com.oscartoki.Oscartoki;
import com.oscartoki.PendingBody;
import com.oscartoki.Secret;
import com.oscartoki.Service;
import com.oscartoki.Session;
import com.oscartoki.V1;
import com.oscartoki.Verdict;
import com.oscartoki.VerifiedMessage;
import com.oscartoki.VerifiedRequest;
import com.oscartoki.VerifiedTicket;
import com.oscartoki.VerifiedUrl;
import java.io.IOException;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** The operations that are one act. */
final class Operations {
    static final String KEY = "secret_hex audience_key audience generation ";
    static final String REQUEST = "method authority target ext_hex body_hex body_sha256_hex ";
    private static final String ANSWER = "status grant ext_hex body_hex body_sha256_hex ";
    static final String MESSAGE = "destination type ext_hex body_hex body_sha256_hex toki ", TICKET = "ticket origin ", URL = "method authority target ext_hex ";
    static final Set<String> SERVICE = set("keys authorities window_ms max_ttl_s start_ms first_start memory capacity steps"), CLIENT = set(KEY + "delegated steps");

    private interface Act {
        Map<String, Object> on(Given given) throws IOException;
    }

    private record Operation(Set<String> members, Act act) {}

    private static final Map<String, Operation> ALL = new HashMap<>();

    static {
        op("key.derive", "secret_hex secret audience generation", Operations::derive);
        op("key.parse", "text kind", Operations::parse);
        op("toki.mint", KEY + REQUEST + "ts_ms nonce_hex want grant", given -> Map.of("toki",
                Hazmat.mintRequest(minting(given), given.request(), given.number("ts_ms"), given.hex("nonce_hex"), given.flag("want"), given.opt("grant"))));
        op("toki.verify", KEY + REQUEST + "now_ms toki grant finish_body_hex", given -> verify(fresh(given), given));
        op("grant.mint", KEY + "request_toki sid_hex exp_s ttl_s", given -> Map.of("grant",
                Hazmat.mintGrant(minting(given), given.text("request_toki"), given.hex("sid_hex"), given.number("exp_s"), given.number("ttl_s"))));
        op("answer.mint", KEY + ANSWER + "session_grant request_toki code ts_ms", given -> Map.of("toki",
                Hazmat.mintAnswer(minting(given), given.text("request_toki"), given.opt("session_grant"), given.small("code"), given.number("ts_ms"), given.answer())));
        op("answer.verify", KEY + ANSWER + "session_grant request_toki toki", Operations::answer);
        op("message.mint", KEY + MESSAGE + "ts_ms nonce_hex ttl_s", given -> Map.of("toki",
                Hazmat.mintMessage(minting(given), given.message(), given.number("ts_ms"), given.hex("nonce_hex"), given.number("ttl_s"))));
        op("message.verify", KEY + MESSAGE + "now_ms", given -> message(fresh(given), given));
        op("url.mint", KEY + URL + "exp_ms", given -> Map.of("target", Hazmat.mintUrl(minting(given), given.request(), given.number("exp_ms"))));
        op("url.verify", KEY + URL + "now_ms", given -> url(fresh(given), given));
        op("ticket.mint", KEY + "connection_hex origin ts_ms nonce_hex", given -> Map.of("ticket",
                Hazmat.mintTicket(minting(given), given.hex("connection_hex"), given.number("ts_ms"), given.hex("nonce_hex"), given.opt("origin"))));
        op("ticket.verify", KEY + TICKET + "now_ms", given -> ticket(fresh(given), given));
        op("v1.mint", "key now_ms", given -> Map.of("toki", v1(given).mint(given.number("now_ms"))));
        op("v1.verify", "key toki now_ms dialect", given -> Map.of("ts_ms", v1(given).verify(given.text("toki"), dialect(given), given.number("now_ms"))));
        op("v1.tokikey.mint", "key toki now_ms", given -> Map.of("tokikey", v1(given).mintTokikey(given.text("toki"), given.number("now_ms"))));
        op("v1.tokikey.verify", "key toki tokikey now_ms dialect", given -> {
            v1(given).verifyTokikey(given.text("toki"), given.text("tokikey"), dialect(given), given.number("now_ms"));
            return Map.of();
        });
    }

    private Operations() {}

    static Map<String, Object> run(String name, JsonNode in) throws IOException {
        Operation operation = ALL.get(name);
        if (operation == null) throw new Vectors.Unknown("op " + name);
        return operation.act.on(new Given(in, operation.members));
    }

    private static void op(String name, String members, Act act) {
        ALL.put(name, new Operation(set(members), act));
    }

    static Set<String> set(String members) {
        return Set.of(members.strip().split(" +"));
    }

    static String hex(byte[] bytes) {
        return HexFormat.of().formatHex(bytes);
    }

    /** A map that takes null. */
    static Map<String, Object> told(Object... pairs) {
        Map<String, Object> told = new HashMap<>();
        for (int i = 0; i < pairs.length; i += 2) told.put((String) pairs[i], pairs[i + 1]);
        return told;
    }

    // ---- keys ----

    /** The key that verifies: what can't be one's audience or generation is malformed. */
    static AudienceKey verifying(Given given) throws OscarError {
        try {
            return given.key();
        } catch (OscarError.Unsignable _) {
            throw malformed();
        }
    }

    /** The key that mints: likewise unsignable. */
    static AudienceKey minting(Given given) throws OscarError {
        if (!given.has("audience_key") && !given.has("audience")) {
            try {
                given.audience();
            } catch (OscarError.Malformed _) {
                throw unsignable();
            }
        }
        return given.key();
    }

    /** An error of that name, as the library has it. */
    private static OscarError malformed() throws OscarError {
        Secret.parse("?");
        throw new IllegalStateException("not reached");
    }

    private static OscarError unsignable() throws OscarError {
        Secret.generate().audienceKey(" ");
        throw new IllegalStateException("not reached");
    }

    private static Map<String, Object> derive(Given given) throws OscarError {
        Secret secret = given.has("secret") ? Secret.parse(given.text("secret")) : Secret.fromBytes(given.hex("secret_hex"));
        AudienceKey key = secret.audienceKey(given.text("audience"), given.number("generation"));
        return Map.of("secret", secret.toText(), "kid_hex", hex(key.kid()), "audience_key", key.toText(), "audience_key_hex", hex(Hazmat.expose(key)));
    }

    private static Map<String, Object> parse(Given given) throws OscarError {
        String text = given.text("text");
        return Map.of("text", switch (given.text("kind")) {
            case "secret" -> Secret.parse(text).toText();
            case "audience_key" -> AudienceKey.parse(text).toText();
            case "session" -> Session.parse(text).toText();
            default -> throw new Vectors.Unknown("kind " + given.text("kind"));
        });
    }

    private static V1.Key v1(Given given) {
        return new V1.Key(given.text("key"));
    }

    private static Dialect dialect(Given given) {
        return given.has("dialect") ? Dialect.valueOf(given.text("dialect").toUpperCase(Locale.ROOT)) : Dialect.ANY;
    }

    // ---- services ----

    private static Service fresh(Given given) throws IOException {
        AudienceKey key = verifying(given);
        String audience = given.text("audience");
        String[] names = {audience};
        try {
            Oscartoki.normaliseAuthority(audience);
        } catch (OscarError _) {
            names = new String[0];
        }
        return service(List.of(key), given.number("now_ms"), audience.isEmpty() ? "audience" : audience, Service.builder().authorities(names).memory(new MemoryReplayLog(1 << 14)).firstStart(true));
    }

    static Service service(List<AudienceKey> keys, long startMs, String audience, Service.Builder builder) throws IOException {
        Keyring ring = new Keyring(audience);
        for (AudienceKey key : keys) ring.add(key);
        return builder.keyring(ring).emptyQueryHidden(false).clock(() -> java.time.Instant.ofEpochMilli(startMs)).build();
    }

    static Map<String, Object> verify(Service service, Given given) throws OscarError {
        Verdict verdict = service.verify(given.request(), given.opt("toki"), given.opt("grant"), given.number("now_ms"));
        if (verdict instanceof PendingBody pending) {
            verdict = given.has("finish_body_hex") ? pending.finish(given.hex("finish_body_hex")) : pending.finishDigest(given.digest());
        }
        verdict.throwForRefusal();
        VerifiedRequest verified = (VerifiedRequest) verdict;
        return told("kid_hex", hex(verified.kid()), "sid_hex", verified.sid().map(Operations::hex).orElse(null), "ts_ms", verified.tsMs(), "nonce_hex", hex(verified.nonce()),
                "want", verified.want());
    }

    static Map<String, Object> message(Service service, Given given) throws OscarError {
        VerifiedMessage made = service.verifyMessage(given.message(), given.opt("toki"), null, 86_400, given.number("now_ms"));
        return Map.of("kid_hex", hex(made.kid()), "ts_ms", made.tsMs(), "ttl_s", made.ttlS(), "verdict", made.freshness().name().toLowerCase(Locale.ROOT));
    }

    static Map<String, Object> url(Service service, Given given) throws OscarError {
        VerifiedUrl made = service.verifyUrl(given.request(), null, given.number("now_ms"));
        return Map.of("kid_hex", hex(made.kid()), "exp_ms", made.expMs());
    }

    static Map<String, Object> ticket(Service service, Given given) throws OscarError {
        VerifiedTicket made = service.verifyTicket(given.opt("ticket"), given.opt("origin"), false, given.number("now_ms"));
        return Map.of("kid_hex", hex(made.kid()), "connection_hex", hex(made.connection()), "ts_ms", made.tsMs());
    }

    private static Map<String, Object> answer(Given given) throws OscarError {
        Hazmat.Judged judged = Hazmat.accept(verifying(given), given.text("request_toki"), given.opt("session_grant"), given.answer());
        return told("code", judged.outcome().code().getAsInt(), "ts_ms", judged.tsMs(), "sid_hex", judged.outcome().adoptedSid().map(Operations::hex).orElse(null));
    }

    static Set<String> union(String... lists) {
        Set<String> all = new HashSet<>();
        for (String list : lists) all.addAll(set(list));
        return all;
    }
}
