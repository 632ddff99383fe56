package bench;

import com.auth0.jwt.JWT;
import com.auth0.jwt.JWTVerifier;
import com.auth0.jwt.algorithms.Algorithm;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.crypto.MACSigner;
import com.nimbusds.jose.crypto.MACVerifier;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import com.oscartoki.Answer;
import com.oscartoki.Client;
import com.oscartoki.MemoryReplayLog;
import com.oscartoki.Request;
import com.oscartoki.Secret;
import com.oscartoki.Service;
import com.oscartoki.SignedRequest;
import com.oscartoki.Verdict;
import io.jsonwebtoken.JwtParser;
import io.jsonwebtoken.Jwts;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Date;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import javax.crypto.SecretKey;
import javax.crypto.spec.SecretKeySpec;

/**
 * {@code Bench [--json]}: signing and verifying beside the same by hand, and beside libraries for JWTs. All sides in turns in one process, by the thread's CPU time; the median of the
 * rounds after warming up. {@code Service.verify} is all of the service's rules with its replay memory, and giving the verdict back.
 */
public final class Bench {
    private static final String NAME = "api.example.com", METHOD = "GET", TARGET = "/v1/accounts?limit=10&after=2026-11-25&x";
    private static final int ROUNDS = Integer.getInteger("rounds", 25), WARM = 12, CALLS = 8_000;

    /** One side: {@code prepare} makes what {@code CALLS} calls take, outside of what is timed. */
    private record Side(int calls, Prepare prepare) {
        interface Prepare {
            Run ready() throws Exception;
        }

        interface Run {
            void all() throws Exception;
        }
    }

    private final Map<String, Side> sides = new LinkedHashMap<>();
    private final Map<String, Double> medians = new LinkedHashMap<>();
    private final Request request = new Request(METHOD, NAME, TARGET);
    private final Client client;
    private final Secret secret = Secret.generate();
    private static final ThreadMXBean CPU = ManagementFactory.getThreadMXBean();
    private static volatile Object sink;

    private Bench() throws Exception {
        client = Client.builder().secret(secret).audience(NAME).trustClock(true).build();
        Service service = service();
        // A session, as all requests but the first are.
        SignedRequest first = client.sign(request);
        var answered = service.answer(service.verify(request, first.toki(), null), new Answer(200, null));
        client.accept(first, new Answer(200, null, answered.toki(), answered.grant().orElse(null))).throwForRefusal();
        ours();
        byHand("reused Mac", new ByHand(true));
        byHand("Mac.getInstance", new ByHand(false));
        jwts();
    }

    private Service service() throws Exception {
        return Service.builder().key(secret.audienceKey(NAME)).authorities(NAME).memory(new MemoryReplayLog(1 << 18)).firstStart(true).build();
    }

    private void ours() {
        sides.put("sign", new Side(CALLS, () -> () -> {
            for (int i = 0; i < CALLS; i++) {
                try (SignedRequest signed = client.sign(request)) {
                    sink = signed.toki();
                }
            }
        }));
        verify("verify", Client.builder().secret(secret).audience(NAME).trustClock(true));
        verify("verify in a session", null);
    }

    /** With a client that has no session yet, or with the one that has. */
    private void verify(String name, Client.Builder rooted) {
        sides.put(name, new Side(CALLS, () -> {
            // A service of its own: a session's quota is meant for one client's requests.
            Service service = service();
            Client signer = rooted == null ? client : rooted.build();
            String[] tokis = new String[CALLS], grants = new String[CALLS];
            for (int i = 0; i < CALLS; i++) {
                try (SignedRequest signed = signer.sign(request)) {
                    tokis[i] = signed.toki();
                    grants[i] = signed.grant().orElse(null);
                }
            }
            return () -> {
                for (int i = 0; i < CALLS; i++) {
                    try (Verdict verdict = service.verify(request, tokis[i], grants[i])) {
                        if (!verdict.accepted()) throw new IllegalStateException("an honest request was refused: " + verdict);
                    }
                }
            };
        }));
    }

    private void byHand(String name, ByHand hand) {
        sides.put("sign " + name, new Side(CALLS, () -> () -> {
            for (int i = 0; i < CALLS; i++) sink = hand.sign(METHOD, NAME, TARGET);
        }));
        sides.put("verify " + name, new Side(CALLS, () -> {
            String[] tokis = new String[CALLS];
            for (int i = 0; i < CALLS; i++) tokis[i] = hand.sign(METHOD, NAME, TARGET);
            return () -> {
                for (String toki : tokis) if (!hand.verify(METHOD, NAME, TARGET, toki)) throw new IllegalStateException("by hand");
            };
        }));
        sides.put("serve " + name, new Side(CALLS, () -> {
            hand.forget();
            String[] tokis = new String[CALLS];
            for (int i = 0; i < CALLS; i++) tokis[i] = hand.sign(METHOD, NAME, TARGET);
            return () -> {
                for (String toki : tokis) if (!hand.serve(METHOD, NAME, TARGET, toki)) throw new IllegalStateException("by hand");
            };
        }));
    }

    private void jwts() throws Exception {
        SecretKey key = new SecretKeySpec(new byte[32], "HmacSHA256");
        int calls = CALLS / 10;
        Side.Run jjwt = () -> {
            for (int i = 0; i < calls; i++) sink = jjwt(key);
        };
        sides.put("sign jjwt", new Side(calls, () -> jjwt));
        JwtParser parser = Jwts.parser().verifyWith(key).requireAudience(NAME).build();
        sides.put("verify jjwt", new Side(calls, () -> {
            String text = jjwt(key);
            return () -> {
                for (int i = 0; i < calls; i++) sink = parser.parseSignedClaims(text);
            };
        }));
        MACSigner signer = new MACSigner(key);
        MACVerifier verifier = new MACVerifier(key);
        sides.put("sign nimbus-jose-jwt", new Side(calls, () -> () -> {
            for (int i = 0; i < calls; i++) sink = nimbus(signer);
        }));
        sides.put("verify nimbus-jose-jwt", new Side(calls, () -> {
            String text = nimbus(signer);
            return () -> {
                for (int i = 0; i < calls; i++) {
                    SignedJWT parsed = SignedJWT.parse(text);
                    if (!parsed.verify(verifier) || parsed.getJWTClaimsSet().getExpirationTime().before(new Date())) throw new IllegalStateException("nimbus");
                }
            };
        }));
        Algorithm algorithm = Algorithm.HMAC256(new byte[32]);
        JWTVerifier auth0 = JWT.require(algorithm).withAudience(NAME).build();
        sides.put("sign java-jwt", new Side(calls, () -> () -> {
            for (int i = 0; i < calls; i++) sink = auth0(algorithm);
        }));
        sides.put("verify java-jwt", new Side(calls, () -> {
            String text = auth0(algorithm);
            return () -> {
                for (int i = 0; i < calls; i++) sink = auth0.verify(text);
            };
        }));
    }

    private static Date soon() {
        return new Date(System.currentTimeMillis() + 60_000);
    }

    private static String jjwt(SecretKey key) {
        return Jwts.builder().subject("kidkidki").audience().add(NAME).and().id("0123456789abcdef").expiration(soon()).signWith(key, Jwts.SIG.HS256).compact();
    }

    private static String nimbus(MACSigner signer) throws Exception {
        SignedJWT jwt = new SignedJWT(new JWSHeader(JWSAlgorithm.HS256), new JWTClaimsSet.Builder().subject("kidkidki").audience(NAME).jwtID("0123456789abcdef").expirationTime(soon()).build());
        jwt.sign(signer);
        return jwt.serialize();
    }

    private static String auth0(Algorithm algorithm) {
        return JWT.create().withSubject("kidkidki").withAudience(NAME).withJWTId("0123456789abcdef").withExpiresAt(soon()).sign(algorithm);
    }

    private void measure() throws Exception {
        Map<String, List<Double>> taken = new LinkedHashMap<>();
        for (int round = 0; round < WARM + ROUNDS; round++) {
            for (Map.Entry<String, Side> side : sides.entrySet()) {
                Side.Run run = side.getValue().prepare.ready();
                long began = CPU.getCurrentThreadCpuTime();
                run.all();
                double ns = (CPU.getCurrentThreadCpuTime() - began) / (double) side.getValue().calls;
                if (round >= WARM) taken.computeIfAbsent(side.getKey(), _ -> new ArrayList<>()).add(ns);
            }
        }
        taken.forEach((name, all) -> {
            double[] sorted = all.stream().mapToDouble(Double::doubleValue).sorted().toArray();
            medians.put(name, sorted[sorted.length / 2]);
        });
    }

    private void row(boolean json, String what, String ours, String peer, String theirs, Double bar) {
        double mine = medians.get(ours), its = medians.get(theirs), ratio = mine / its;
        Boolean met = bar == null ? null : ratio <= bar;
        System.out.println(json
                ? String.format(Locale.ROOT, "{\"what\":\"%s\",\"ours_ns\":%.1f,\"peer\":\"%s\",\"peer_ns\":%.1f,\"ratio\":%.3f,\"bar\":%s,\"met\":%s}", what, mine, peer, its, ratio, bar, met)
                : String.format(Locale.ROOT, "%-34s %8.0f ns   %-48s %8.0f ns   ratio %.2f   bar %-4s %s", what, mine, peer, its, ratio, bar == null ? "-" : bar,
                        met == null ? "" : met ? "met" : "MISSED"));
    }

    public static void main(String[] given) throws Exception {
        boolean json = Arrays.asList(given).contains("--json");
        Bench bench = new Bench();
        bench.measure();
        bench.row(json, "Java: Client.sign", "sign", "by hand, reused Mac", "sign reused Mac", 0.8);
        bench.row(json, "Java: Service.verify", "verify", "by hand with a set, reused Mac", "serve reused Mac", 0.8);
        bench.row(json, "Java: Service.verify in a session", "verify in a session", "by hand with a set, reused Mac", "serve reused Mac", null);
        bench.row(json, "Java: Service.verify", "verify", "by hand, nothing remembered, reused Mac", "verify reused Mac", null);
        bench.row(json, "Java: Client.sign", "sign", "by hand, Mac.getInstance per call", "sign Mac.getInstance", null);
        bench.row(json, "Java: Service.verify", "verify", "by hand with a set, Mac.getInstance per call", "serve Mac.getInstance", null);
        for (String peer : List.of("jjwt", "nimbus-jose-jwt", "java-jwt")) {
            bench.row(json, "Java: Client.sign", "sign", peer + " HS256", "sign " + peer, null);
            bench.row(json, "Java: Service.verify", "verify", peer + " HS256", "verify " + peer, null);
        }
    }
}
