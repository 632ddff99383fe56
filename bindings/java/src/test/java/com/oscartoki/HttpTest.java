package com.oscartoki;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.oscartoki.http.SignedResponse;
import jakarta.servlet.Filter;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletRequestWrapper;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.security.MessageDigest;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** java.net.http against the filter on Jetty, over sockets. */
class HttpTest {
    private Live live;
    private HttpClient http;

    @BeforeEach
    void start() throws Exception {
        live = new Live();
        http = live.client.httpClient();
    }

    @AfterEach
    void stop() {
        live.close();
    }

    private HttpRequest.Builder to(String target) {
        return HttpRequest.newBuilder(live.uri(target));
    }

    private HttpResponse<String> send(HttpRequest.Builder request) throws Exception {
        return http.send(request.build(), BodyHandlers.ofString());
    }

    private static Step stepOf(HttpResponse<?> response) {
        return ((SignedResponse<?>) response).step();
    }

    @Test
    void aPostIsProbedThenRolled() throws Exception {
        HttpResponse<String> answer = send(to("/a%2Fb?x=1&x=2").POST(BodyPublishers.ofString("text")));
        String kid = HexFormat.of().formatHex(live.secret.kid());
        assertEquals("POST /a%2Fb?x=1&x=2 text " + kid, answer.body());
        assertTrue(stepOf(answer).probed() && stepOf(answer).inSession() && stepOf(answer).requests() == 2);
        assertEquals("no-store, no-transform", answer.headers().firstValue("cache-control").orElseThrow());
        assertEquals(List.of("POST /a%2Fb"), live.seen);
        answer = send(to("/").PUT(BodyPublishers.ofInputStream(() -> new ByteArrayInputStream("stream".getBytes()))));
        assertTrue(answer.body().startsWith("PUT / stream") && !stepOf(answer).probed(), answer.body());
        assertEquals("GET /  ", send(to("/?")).body().substring(0, 7));
        assertTrue(send(to("/").DELETE()).body().startsWith("DELETE / "));
        assertEquals(0, ((SignedResponse<?>) answer).outcome().code().getAsInt());
        HttpResponse<byte[]> head = http.send(to("/").method("HEAD", BodyPublishers.noBody()).build(), BodyHandlers.ofByteArray());
        assertEquals(0, head.body().length);
        assertEquals("x".repeat(300_000), send(to("/reader").POST(BodyPublishers.ofString("x".repeat(300_000)))).body());
    }

    @Test
    void asynchronousToo() throws Exception {
        List<CompletableFuture<HttpResponse<String>>> all = new ArrayList<>();
        for (int i = 0; i < 32; i++) all.add(http.sendAsync(to("/" + i).POST(BodyPublishers.ofString("n" + i)).build(), BodyHandlers.ofString()));
        for (int i = 0; i < 32; i++) assertTrue(all.get(i).get().body().startsWith("POST /" + i + " n" + i));
        assertEquals(32, live.seen.size());
        CompletionException refused = assertThrows(CompletionException.class, () -> {
            live.service.revokeKey(live.secret.kid());
            http.sendAsync(to("/").build(), BodyHandlers.ofString()).join();
        });
        OscarError error = assertInstanceOf(OscarError.Revoked.class, refused.getCause());
        assertTrue(error.signed() && error.status() == 403 && error.mayHaveRun());
    }

    @Test
    void theBodyInTheFormThatWasAskedFor() throws Exception {
        assertEquals(List.of("1"), http.send(to("/form?b=1").build(), BodyHandlers.ofLines()).body().map(line -> line.substring(5)).toList());
        try (var stream = http.send(to("/moved").build(), BodyHandlers.ofInputStream()).body()) {
            assertEquals(0, stream.readAllBytes().length);
        }
        assertEquals(302, http.send(to("/moved").build(), BodyHandlers.discarding()).statusCode());
        assertEquals(204, send(to("/empty")).statusCode());
    }

    @Test
    void aClockThatIsOff() throws Exception {
        for (long off : new long[] {-86_400_000, 86_400_000}) {
            Client wrong = live.client().clock(Clock.offset(Clock.systemUTC(), Duration.ofMillis(off))).build();
            HttpResponse<String> answer = wrong.httpClient().send(to("/").POST(BodyPublishers.ofString("x")).build(), BodyHandlers.ofString());
            assertTrue(stepOf(answer).probed());
            Client safe = live.client().clock(Clock.offset(Clock.systemUTC(), Duration.ofMillis(off))).build();
            assertTrue(stepOf(safe.httpClient().send(to("/").build(), BodyHandlers.ofString())).resent());
            Client trusting = live.client().trustClock(true).clock(Clock.offset(Clock.systemUTC(), Duration.ofMillis(off))).build();
            OscarError error = assertThrows(OscarError.Stale.class, () -> trusting.httpClient().send(to("/").POST(BodyPublishers.ofString("x")).build(), BodyHandlers.ofString()));
            assertTrue(error.signed() && error.status() == 401);
        }
        assertEquals(4, live.seen.size());
    }

    @Test
    void optionsOfACall() throws Exception {
        HttpClient repeatable = live.client.httpClient(CallOption.REPEATABLE);
        assertEquals(200, repeatable.send(to("/").header("Idempotency-Key", "k").POST(BodyPublishers.ofString("x")).build(), BodyHandlers.ofString()).statusCode());
        OscarError.Unsignable error = assertThrows(OscarError.Unsignable.class, () -> repeatable.send(to("/").POST(BodyPublishers.ofString("x")).build(), BodyHandlers.ofString()));
        assertFalse(error.mayHaveRun());
        assertTrue(stepOf(live.client.httpClient(CallOption.VERIFY_FIRST).send(to("/").build(), BodyHandlers.ofString())).probed());
        HttpClient following = HttpClient.newBuilder().followRedirects(HttpClient.Redirect.ALWAYS).build();
        assertThrows(IllegalArgumentException.class, () -> live.client.httpClient(following));
    }

    @Test
    void whatIsNotCoveredIsTakenByChoice() throws Exception {
        for (String target : List.of("/big", "/events", "/encoded")) {
            assertThrows(OscarError.Policy.class, () -> send(to(target)), target);
            if (target.equals("/big")) continue;
            HttpResponse<byte[]> taken = live.client.httpClient(CallOption.STREAM).send(to(target).build(), BodyHandlers.ofByteArray());
            assertEquals(10, taken.body().length);
            assertFalse(((SignedResponse<?>) taken).outcome().contentAuthentic());
        }
        assertEquals(5, live.filter.uncovered());
        HttpClient large = live.client().maxAnswer(1 << 22).build().httpClient(CallOption.STREAM);
        assertEquals(1_200_000, large.send(to("/big").build(), BodyHandlers.ofByteArray()).body().length);
        assertInstanceOf(IOException.class, assertThrows(OscarError.Missing.class, () -> large.send(to("/half").build(), BodyHandlers.ofByteArray())).getCause());
    }

    @Test
    void whatAServletDoes() throws Exception {
        assertEquals("xy3", send(to("/form?a=x&c=1").header("Content-Type", "application/x-www-form-urlencoded").POST(BodyPublishers.ofString("b=y&a=z"))).body());
        HttpResponse<String> teapot = send(to("/error"));
        assertTrue(teapot.statusCode() == 418 && teapot.body().equals("teapot"));
        assertEquals(500, send(to("/broken")).statusCode());
        assertEquals("/elsewhere", send(to("/moved")).headers().firstValue("location").orElseThrow());
        assertEquals("later", send(to("/later")).body());
        assertEquals("dispatched", send(to("/dispatch")).body());
    }

    @Test
    void aStreamingRoute() throws Exception {
        assertEquals("abcd", send(to("/stream").POST(BodyPublishers.ofString("abcd"))).body());
        assertEquals("lazy", send(to("/stream/lazy").POST(BodyPublishers.ofString("abcd"))).body());
        for (String path : List.of("/stream", "/stream/lazy")) {
            SignedRequest signed = live.sign("POST", path, "abcd".getBytes());
            String answer = live.raw(head("POST", path, signed) + "Content-Length: 4\nContent-Digest: " + digest("abcd") + "\n", "abcX");
            assertTrue(answer.startsWith("HTTP/1.1 400"), answer);
            assertTrue(answer.contains("\r\noscartoki: ot2."), answer);
        }
    }

    private String head(String method, String target, SignedRequest signed) {
        StringBuilder head = new StringBuilder(method + " " + target + " HTTP/1.1\nHost: " + live.authority + "\n");
        signed.headers().forEach((name, value) -> head.append(name).append(": ").append(value).append('\n'));
        return head.toString();
    }

    private static String digest(String body) throws Exception {
        return "sha-256=:" + Base64.getEncoder().encodeToString(MessageDigest.getInstance("SHA-256").digest(body.getBytes())) + ":";
    }

    @Test
    void refusalsSayWhatTheProtocolSays() throws Exception {
        String answer = live.raw("GET / HTTP/1.1\nHost: " + live.authority + "\n", "");
        assertTrue(answer.startsWith("HTTP/1.1 401") && answer.contains("oscartoki-error: missing") && answer.contains("WWW-Authenticate: oscartoki") && !answer.contains("oscartoki: "), answer);
        SignedRequest signed = live.sign("GET", "/", null);
        String good = head("GET", "/", signed);
        for (String more : List.of("oscartoki: " + signed.toki() + "\n", "Host: other\n", "X-HTTP-Method-Override: DELETE\n", "oscartokikey: \n")) {
            answer = live.raw(good + more, "");
            assertTrue(answer.startsWith("HTTP/1.1 400") && answer.contains("oscartoki-error: malformed") && !answer.contains("WWW-Authenticate"), more + answer);
        }
        assertTrue(live.raw(good.replace("GET / ", "GET /other "), "").contains("oscartoki-error: bad_mac"));
        assertTrue(live.raw(good.replace("GET / ", "get / "), "").contains("oscartoki-error: malformed"));
        assertTrue(live.seen.isEmpty());
        assertTrue(live.raw(good, "").startsWith("HTTP/1.1 200"));
        answer = live.raw(good, "");
        assertTrue(answer.startsWith("HTTP/1.1 409") && answer.contains("\r\noscartoki: ot2.") && answer.contains("Cache-Control: no-store, no-transform") && !answer.contains("oscartoki-error"), answer);
        assertEquals(1, live.seen.size());
        answer = live.raw("OPTIONS / HTTP/1.1\nHost: " + live.authority + "\nOrigin: https://a\nAccess-Control-Request-Method: POST\n", "");
        assertTrue(answer.startsWith("HTTP/1.1 401"), answer);
    }

    @Test
    void bodiesAreReadUpToTheLimit() throws Exception {
        String body = "x".repeat((1 << 20) + 1);
        SignedRequest signed = live.sign("PUT", "/", body.getBytes());
        String answer = live.raw(head("PUT", "/", signed) + "Content-Length: " + body.length() + "\n", body);
        assertTrue(answer.startsWith("HTTP/1.1 413") && answer.contains("oscartoki-error: policy"), answer);
        OscarError error = assertThrows(OscarError.Policy.class, () -> send(to("/").PUT(BodyPublishers.ofString(body))));
        assertTrue(error.signed() && error.status() == 413);
        assertTrue(live.raw("PUT / HTTP/1.1\nHost: " + live.authority + "\nContent-Length: 3\n", "abc").contains("oscartoki-error: missing"));
        assertTrue(live.seen.isEmpty());
    }

    @Test
    void aForgedOrMissingAnswerIsNotTaken() throws Exception {
        try (ServerSocket socket = new ServerSocket(0)) {
            HttpRequest request = HttpRequest.newBuilder(java.net.URI.create("http://127.0.0.1:" + socket.getLocalPort() + "/")).build();
            HttpClient plain = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
            HttpClient http = live.client.httpClient(plain);
            Live.once(socket, "HTTP/1.1 200 OK\nContent-Length: 2\n\nhi", "HTTP/1.1 200 OK\noscartoki: ot2.IgMAAaIAOALIXucNL02fnJRTEmwYnotsXg\nContent-Length: 2\n\nhi",
                    "HTTP/1.1 302 Found\nLocation: /x\nContent-Length: 0\n\n");
            OscarError missing = assertThrows(OscarError.Missing.class, () -> http.send(request, BodyHandlers.ofString()));
            assertTrue(missing.getCause() == null && missing.status() == 200 && missing.mayHaveRun() && !missing.signed());
            assertThrows(OscarError.class, () -> http.send(request, BodyHandlers.ofString()));
            assertThrows(OscarError.Missing.class, () -> http.send(request, BodyHandlers.ofString()));
            // A probe that fails has let nothing run.
            Live.once(socket, "HTTP/1.1 200 OK\nContent-Length: 0\n\n");
            assertFalse(assertThrows(OscarError.class, () -> http.send(HttpRequest.newBuilder(request.uri()).POST(BodyPublishers.ofString("x")).build(), BodyHandlers.ofString())).mayHaveRun());
        }
        HttpRequest nobody = HttpRequest.newBuilder(java.net.URI.create("http://127.0.0.1:9/")).build();
        OscarError error = assertThrows(OscarError.Missing.class, () -> http.send(nobody, BodyHandlers.ofString()));
        assertInstanceOf(IOException.class, error.getCause());
        assertInstanceOf(OscarError.Missing.class, assertThrows(CompletionException.class, () -> http.sendAsync(nobody, BodyHandlers.ofString()).join()).getCause());
    }

    @Test
    void anEncodedAnswerIsJudgedDecoded() throws Exception {
        // An edge that encodes: the toki is of what is inside.
        Request request = new Request("GET", live.authority, "/");
        byte[] plain = "plain".getBytes(), encoded = Live.gzip(plain);
        try (ServerSocket socket = new ServerSocket(0)) {
            String edge = "127.0.0.1:" + socket.getLocalPort();
            Service service = Service.builder().key(live.secret.audienceKey(Live.NAME)).audience(Live.NAME).authorities(edge).memory(new MemoryReplayLog(64)).firstStart(true).build();
            Client client = Client.builder().secret(live.secret).audience(Live.NAME).build();
            Thread peer = Thread.startVirtualThread(() -> {
                try (var one = socket.accept()) {
                    var head = new java.io.ByteArrayOutputStream();
                    while (!head.toString().contains("\r\n\r\n")) head.write(one.getInputStream().read());
                    Headers headers = new Headers();
                    head.toString().lines().skip(1).filter(line -> line.contains(": ")).forEach(line -> headers.add(line.split(": ", 2)[0], line.split(": ", 2)[1]));
                    SignedAnswer answered = service.answer(service.verifyHead("GET", "/", headers, null), new Answer(200, plain));
                    one.getOutputStream().write(("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\noscartoki: " + answered.toki() + "\r\noscartokikey: " + answered.grant().orElseThrow() + "\r\nContent-Length: "
                            + encoded.length + "\r\n\r\n").getBytes());
                    one.getOutputStream().write(encoded);
                } catch (IOException error) {
                    throw new IllegalStateException(error);
                }
            });
            HttpResponse<byte[]> answer = client.httpClient(HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build())
                    .send(HttpRequest.newBuilder(java.net.URI.create("http://" + edge + "/")).build(), BodyHandlers.ofByteArray());
            assertTrue(((SignedResponse<?>) answer).outcome().contentAuthentic());
            assertEquals(HexFormat.of().formatHex(encoded), HexFormat.of().formatHex(answer.body()));
            peer.join();
        }
        assertEquals("GET", request.method());
    }

    @Test
    void aHiddenTargetIsRefusedWithTheFix() throws Exception {
        Filter rewriting = (request, response, chain) -> chain.doFilter(new HttpServletRequestWrapper((HttpServletRequest) request) {
            @Override
            public String getRequestURI() {
                return "/rewritten";
            }
        }, response);
        try (Live hidden = new Live(filter -> filter, rewriting)) {
            SignedRequest signed = hidden.sign("GET", "/", null);
            String answer = hidden.raw("GET / HTTP/1.1\nHost: " + hidden.authority + "\noscartoki: " + signed.toki() + "\n", "");
            assertTrue(answer.startsWith("HTTP/1.1 500") && answer.contains("oscartoki-error: raw_target_hidden") && answer.contains("put OscartokiFilter first"), answer);
            assertTrue(hidden.seen.isEmpty());
        }
    }

    @Test
    void theOldProtocolOverTheWire() throws Exception {
        byte[] kid = {9, 9, 9, 9, 9, 9, 9, 9};
        Service service = live.service;
        service.keyring().addV1(kid, "old".getBytes(), System.currentTimeMillis() + 1_000_000, Dialect.ANY);
        // A v1 memory that began now refuses what is older than now and 5 s.
        V1.Client old = new V1.Client("old");
        OscarError error = null;
        for (int tries = 0; tries < 20; tries++) {
            try {
                HttpResponse<String> answer = old.request(HttpClient.newHttpClient(), to("/v1").POST(BodyPublishers.ofString("x")).build(), BodyHandlers.ofString());
                assertEquals("POST /v1 x 0909090909090909", answer.body());
                return;
            } catch (OscarError refused) {
                error = refused;
                Thread.sleep(500);
            }
        }
        throw error;
    }
}
