package com.oscartoki;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.security.MessageDigest;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ExchangeTest {
    private final World world = new World();

    ExchangeTest() throws IOException {}

    @Test
    void aRequestAndItsAnswer() throws IOException {
        Request request = World.get("/v1/accounts?limit=10");
        SignedRequest signed = world.client.sign(request);
        assertFalse(signed.isProbe() || signed.inSession());
        VerifiedRequest verified = assertInstanceOf(VerifiedRequest.class, world.service.verify(request, signed.toki(), null));
        assertArrayEquals(world.secret.kid(), verified.kid());
        assertEquals(World.NAME, verified.authority());
        assertTrue(verified.want() && verified.sid().isEmpty() && verified.version() == 2);
        SignedAnswer answered = world.service.answer(verified, new Answer(200, "yes".getBytes()));
        assertEquals("replayed", assertThrows(OscarError.class, () -> world.service.answer(verified, new Answer(200, null))).name());
        Answer answer = new Answer(200, "yes".getBytes(), answered.toki(), answered.grant().orElseThrow());
        Outcome outcome = world.client.accept(signed, answer).throwForRefusal();
        assertTrue(outcome.adoptedSid().isPresent() && outcome.contentAuthentic() && outcome.signed());
        assertEquals("replayed", world.client.accept(signed, answer).name().orElseThrow());
        SignedRequest next = world.client.sign(request);
        assertTrue(next.inSession());
        assertEquals(List.of("oscartoki", "oscartokikey"), List.copyOf(next.headers().keySet()));
    }

    @Test
    void anUnsafeRequestIsProbedAndRolled() throws IOException {
        Step first = world.run(World.post("/v1/transfer", "{\"amount\":10}"));
        assertEquals(Step.Kind.DONE, first.kind());
        assertTrue(first.probed() && first.inSession() && first.requests() == 2, first.toString());
        Step second = world.run(World.post("/v1/transfer", "{\"amount\":10}"));
        assertTrue(!second.probed() && second.inSession() && second.requests() == 1);
        assertTrue(world.run(World.get("/"), CallOption.VERIFY_FIRST).probed());
        world.clock.ms += 3_600_000;
        assertTrue(world.run(World.post("/", "x")).probed());
    }

    @Test
    void aReplayIsRefused() throws IOException {
        Request request = World.get("/");
        SignedRequest signed = world.client.sign(request);
        assertTrue(world.service.verify(request, signed.toki(), null).accepted());
        Refusal refusal = assertInstanceOf(Refusal.class, world.service.verify(request, signed.toki(), null));
        assertEquals("replayed", refusal.name());
        assertEquals(409, refusal.status());
        assertTrue(refusal.signed() && refusal.code().getAsInt() == 2 && !refusal.wwwAuthenticate());
        SignedAnswer answered = world.service.answer(refusal, new Answer(409, null));
        Outcome outcome = world.client.accept(signed, new Answer(409, null, answered.toki(), null));
        assertTrue(outcome.resend() && outcome.mayHaveRun() && outcome.signed());
        OscarError error = outcome.error().orElseThrow();
        assertInstanceOf(OscarError.Replayed.class, error);
        assertTrue(error.mayHaveRun() && error.signed() && error.status() == 409 && error.getMessage().startsWith("replayed: "));
    }

    @Test
    void whatIsAlteredIsNotAuthentic() throws IOException {
        Request request = World.post("/v1/transfer", "{\"amount\":10}");
        SignedRequest signed = world.client.sign(request, CallOption.TRUST_CLOCK);
        for (Request other : List.of(World.post("/v1/transfer", "{\"amount\":99}"), World.post("/v1/transfers", "{\"amount\":10}"), new Request("PUT", World.NAME, "/v1/transfer", request.body()))) {
            Refusal refusal = assertInstanceOf(Refusal.class, world.service.verify(other, signed.toki(), null));
            assertEquals("bad_mac", refusal.name());
            assertTrue(!refusal.signed() && refusal.code().isEmpty() && refusal.wwwAuthenticate() && refusal.status() == 401);
            assertThrows(OscarError.BadMac.class, refusal::throwForRefusal);
            assertThrows(IllegalStateException.class, () -> world.service.answer(refusal, new Answer(401, null)));
        }
        assertEquals("unknown_authority", refused(new Request("POST", "other.example.com", "/v1/transfer", request.body()), signed.toki()));
        assertEquals("missing", refused(request, null));
        assertEquals("malformed", refused(request, "ot2.x"));
        assertEquals("malformed", refused(new Request("post", World.NAME, "/"), signed.toki()));
        assertEquals("malformed", refused(new Request("POST", World.NAME, "/" + "x".repeat(70_000)), signed.toki()));
        assertEquals("malformed", refused(new Request("POST", World.NAME, "/\u0141"), signed.toki()));
        assertTrue(world.service.verify(request, signed.toki(), null).accepted());
    }

    private String refused(Request request, String toki) {
        return assertInstanceOf(Refusal.class, world.service.verify(request, toki, null)).name();
    }

    @Test
    void anAnswerIsJudgedOnce() throws IOException {
        record Forged(String name, Answer answer) {}
        for (int i = 0; i < 4; i++) {
            Request request = World.get("/" + i);
            SignedRequest signed = world.client.sign(request);
            Answer good = world.answer(request, signed);
            Forged forged = List.of(new Forged("bad_mac", new Answer(200, "else".getBytes(), good.toki(), good.grant())), new Forged("missing", new Answer(200, good.body(), null, null)),
                    new Forged("bad_mac", new Answer(201, good.body(), good.toki(), good.grant())), new Forged("malformed", new Answer(200, good.body(), "ot2.", null))).get(i);
            Outcome outcome = world.client.accept(signed, forged.answer);
            assertEquals(forged.name, outcome.name().orElseThrow());
            assertTrue(outcome.mayHaveRun() && !outcome.signed() && outcome.code().isEmpty() && outcome.offsetMs().isEmpty());
            assertThrows(OscarError.class, outcome::throwForRefusal);
        }
    }

    @Test
    void whatCannotBeSignedIsNotSent() {
        for (Request request : List.of(new Request("get", World.NAME, "/"), new Request("GET", "a b", "/"), World.get("no-slash"), World.get("/#x"), World.get("/" + "x".repeat(70_000)))) {
            OscarError error = assertThrows(OscarError.Unsignable.class, () -> world.client.sign(request));
            assertFalse(error.mayHaveRun());
            assertThrows(OscarError.Unsignable.class, () -> world.run(request).outcome().throwForRefusal());
        }
        assertThrows(OscarError.Unsignable.class, () -> world.client.sign(World.post("/", "x"), CallOption.REPEATABLE));
        assertThrows(OscarError.Unsignable.class, () -> Client.builder().secret(world.secret).audience("").build());
        assertThrows(IllegalStateException.class, () -> Client.builder().build());
    }

    @Test
    void aBodyThatIsComparedLater() throws Exception {
        byte[] body = "content".getBytes(), digest = MessageDigest.getInstance("SHA-256").digest(body);
        Request named = World.post("/", "").withDigest(digest);
        for (String arrives : List.of("content", "contenT")) {
            SignedRequest signed = world.client.sign(named, CallOption.TRUST_CLOCK);
            PendingBody pending = assertInstanceOf(PendingBody.class, world.service.verify(named, signed.toki(), signed.grant().orElse(null)));
            assertFalse(pending.accepted());
            assertThrows(IllegalStateException.class, () -> world.service.answer(pending, new Answer(200, null)));
            Verdict verdict = pending.finish(arrives.getBytes());
            if (arrives.equals("content")) {
                assertTrue(verdict.accepted());
                assertEquals("replayed", ((Refusal) pending.finish(body)).name());
            } else {
                Refusal refusal = assertInstanceOf(Refusal.class, verdict);
                assertTrue(refusal.name().equals("body_mismatch") && refusal.code().getAsInt() == 5 && refusal.status() == 400);
            }
        }
        SignedRequest signed = world.client.sign(named, CallOption.TRUST_CLOCK);
        Refusal tooLarge = ((PendingBody) world.service.verify(named, signed.toki(), signed.grant().orElse(null))).tooLarge();
        assertTrue(tooLarge.name().equals("policy") && tooLarge.status() == 413 && tooLarge.signed());
        signed = world.client.sign(named, CallOption.TRUST_CLOCK);
        assertTrue(((PendingBody) world.service.verify(named, signed.toki(), signed.grant().orElse(null))).finishDigest(digest).accepted());
    }

    @Test
    void aRawHead() throws IOException {
        SignedRequest signed = world.client.sign(World.get("/a%2Fb?x=1&x=2"));
        Headers good = Headers.of("Host", "API.example.com:443", "oscartoki", signed.toki());
        for (Headers bad : List.of(Headers.of("Host", World.NAME, "Host", World.NAME, "oscartoki", signed.toki()), Headers.of("Host", World.NAME, "oscartoki", signed.toki(), "oscartoki", signed.toki()),
                Headers.of("Host", World.NAME, "oscartoki", ""), Headers.of("Host", World.NAME, "oscartoki", signed.toki(), "X-HTTP-Method-Override", ""), Headers.of("oscartoki", signed.toki()),
                Headers.of("Host", World.NAME, "oscartoki", "x".repeat(70_000)))) {
            assertEquals("malformed", ((Refusal) world.service.verifyHead("GET", "/a%2Fb?x=1&x=2", bad, null)).name());
        }
        assertTrue(world.service.verifyHead("GET", "/a%2Fb?x=1&x=2", good, null).accepted());
        SignedRequest other = world.client.sign(World.get("/"));
        assertEquals("malformed", ((Refusal) world.service.verifyHead("GET", "other.example.com", "/", Headers.of("Host", World.NAME, "oscartoki", other.toki()), null)).name());
        assertTrue(world.service.verifyHead("GET", World.NAME, "/", Headers.of("oscartoki", other.toki()), null).accepted());
        assertTrue(world.service.wantsBody("POST", "/", Headers.of("Host", World.NAME, "oscartoki", other.toki(), "Content-Length", "3")));
        assertFalse(world.service.wantsBody("POST", "/", Headers.of("Host", World.NAME)));
    }

    @Test
    void coveredHeaders() throws IOException {
        World covering = new World("idempotency-key");
        Headers headers = Headers.of("Idempotency-Key", "k1");
        byte[] ext = covering.client.requestExt(headers);
        assertTrue(ext.length > 0);
        assertEquals(0, world.client.requestExt(headers).length);
        Request request = World.post("/", "x").withExt(ext);
        SignedRequest signed = covering.client.sign(request, CallOption.REPEATABLE, CallOption.TRUST_CLOCK);
        assertEquals("malformed", ((Refusal) covering.service.verify(World.post("/", "x"), signed.toki(), null)).name());
        Request other = World.post("/", "x").withExt(covering.client.requestExt(Headers.of("Idempotency-Key", "k2")));
        assertEquals("bad_mac", ((Refusal) covering.service.verify(other, signed.toki(), null)).name());
        assertTrue(covering.service.verify(request, signed.toki(), null).accepted());
        assertThrows(OscarError.Unsignable.class, () -> covering.client.requestExt(Headers.of("Idempotency-Key", "x".repeat(70_000))));
    }

    @Test
    void aSessionForABrowser() throws IOException {
        world.run(World.get("/"));
        Session session = world.client.handOut(60);
        assertEquals(world.clock.ms / 1000 + 60, session.expS(), 3);
        Client delegate = Client.builder().session(session.toText()).clock(world.clock).build();
        Request request = World.get("/mine");
        SignedRequest signed = delegate.sign(request, CallOption.TRUST_CLOCK);
        VerifiedRequest verified = (VerifiedRequest) world.service.verify(request, signed.toki(), signed.grant().orElseThrow());
        assertArrayEquals(session.sid(), verified.sid().orElseThrow());
        assertArrayEquals(session.kid(), verified.kid());
        assertFalse(verified.want());
        world.service.revokeSession(session.kid(), session.sid());
        signed = delegate.sign(request, CallOption.TRUST_CLOCK);
        assertEquals("revoked", ((Refusal) world.service.verify(request, signed.toki(), signed.grant().orElseThrow())).name());
        assertThrows(OscarError.Unsignable.class, () -> world.client.handOut(601));
        assertThrows(OscarError.Unsignable.class, () -> delegate.handOut(60));
        world.clock.ms += 61_000;
        assertThrows(OscarError.GrantExpired.class, () -> delegate.sign(request, CallOption.TRUST_CLOCK));
    }

    @Test
    void stateGoesOver() throws IOException {
        world.run(World.get("/"));
        Client other = Client.builder().secret(world.secret).audience(World.NAME).clock(world.clock).build();
        assertTrue(other.offsetMs().isEmpty());
        other.importState(world.client.exportState());
        assertTrue(other.offsetMs().isPresent());
        assertFalse(world.client.exportState().contains(world.secret.toText().substring(4)));
        assertThrows(OscarError.Malformed.class, () -> other.importState("nonsense"));
        Client byAuthority = Client.builder().secret(world.secret).clock(world.clock).build();
        Client bound = byAuthority.forAudience(World.NAME);
        assertTrue(byAuthority.sign(World.get("/")).toki().startsWith("ot2."));
        assertArrayEquals(world.secret.kid(), bound.kid());
        assertThrows(OscarError.Unsignable.class, () -> byAuthority.forAudience(""));
    }

    @Test
    void givingUp() throws IOException {
        assertEquals("missing", world.client.giveUp(world.client.sign(World.get("/"))).name().orElseThrow());
        Outcome large = world.client.giveUp(world.client.sign(World.get("/")), 200);
        assertTrue(large.name().orElseThrow().equals("policy") && large.status().getAsInt() == 200 && large.mayHaveRun());
        try (Call call = world.client.call(World.post("/", "x"))) {
            assertTrue(call.next().isProbe());
            call.failed();
            Outcome outcome = call.next().outcome();
            assertFalse(outcome.mayHaveRun());
            assertEquals("missing", outcome.name().orElseThrow());
        }
        try (Call call = world.client.call(World.post("/", "x"), CallOption.TRUST_CLOCK)) {
            assertEquals("POST", call.next().method());
            call.tooLarge(200);
            assertEquals("policy", call.next().outcome().name().orElseThrow());
        }
        assertTrue(world.client.dropsFromProbe("Content-Length") && world.client.dropsFromProbe("if-match") && !world.client.dropsFromProbe("authorization"));
    }

    @Test
    void aServiceThatCannotSign() throws IOException {
        Client client = Client.builder().secret(world.secret).audience(World.NAME).answers(Client.Answers.NONE).clock(world.clock).build();
        assertThrows(OscarError.Policy.class, () -> client.sign(World.post("/", "x")));
        SignedRequest signed = client.sign(World.get("/"));
        Outcome outcome = client.accept(signed, new Answer(200, "x".getBytes(), null, null));
        assertTrue(outcome.error().isEmpty() && !outcome.signed() && !outcome.contentAuthentic());
    }

    @Test
    void largeBodiesGoTheOtherWay() throws IOException {
        byte[] body = new byte[1 << 20], other = body.clone();
        other[body.length - 1] = 1;
        Request request = new Request("PUT", World.NAME, "/", body);
        for (boolean byHead : new boolean[] {false, true}) {
            SignedRequest signed = world.client.sign(request, CallOption.TRUST_CLOCK);
            Headers headers = new Headers().add("Host", World.NAME);
            signed.headers().forEach(headers::add);
            assertEquals("bad_mac", ((Refusal) world.service.verifyHead("PUT", "/", headers, other)).name());
            assertEquals("bad_mac", ((Refusal) world.service.verify(new Request("PUT", World.NAME, "/", other), signed.toki(), signed.grant().orElse(null))).name());
            Verdict verdict = byHead ? world.service.verifyHead("PUT", "/", headers, body) : world.service.verify(request, signed.toki(), signed.grant().orElse(null));
            SignedAnswer answered = byHead ? world.service.answerHead(verdict, 200, Headers.of("ETag", "1"), body) : world.service.answer(verdict, new Answer(200, body));
            Headers back = Headers.of("ETag", "1");
            answered.headers().forEach(back::add);
            Answer answer = new Answer(200, body, answered.toki(), answered.grant().orElse(null));
            Outcome outcome = byHead ? world.client.acceptHead(signed, 200, back, other) : world.client.accept(signed, answer);
            assertEquals(byHead ? "bad_mac" : "accepted", outcome.name().orElse("accepted"));
        }
        Headers tooLarge = Headers.of("Host", World.NAME);
        world.client.sign(request, CallOption.TRUST_CLOCK).headers().forEach(tooLarge::add);
        assertEquals("policy", ((Refusal) world.service.verifyHead("PUT", "/", tooLarge, new byte[(1 << 20) + 1])).name());
    }

    @Test
    void whatAlteredIt() throws IOException {
        Request signedAs = World.get("/a");
        String toki = world.client.sign(signedAs).toki();
        Map<String, AudienceKey> keys = Map.of("ours", world.key);
        assertTrue(Oscartoki.explain(keys, signedAs, toki, null).isEmpty());
        assertTrue(Oscartoki.explain(keys, World.get("/a?b=1"), toki, null).isPresent());
        assertThrows(OscarError.Missing.class, () -> Oscartoki.explain(keys, signedAs, null, null));
    }

    @Test
    void whatAServiceTellsOfItself() throws IOException {
        assertEquals(world.clock.ms, world.service.readyAtMs());
        SignedRequest signed = world.client.sign(World.get("/"));
        world.service.verify(World.get("/"), signed.toki(), null);
        world.service.verify(World.get("/"), signed.toki(), null);
        Map<String, Long> counters = world.service.counters();
        assertEquals(1, counters.get("accepted"));
        assertEquals(1, counters.get("refused_replayed"));
        assertTrue(world.service.floorMs() > world.clock.ms - 60_000);
        assertEquals(1 << 20, world.service.maxBody());
        assertThrows(OscarError.Policy.class, () -> Service.builder().authorities(World.NAME).memory(new NoReplayLog()).windowMs(1).build());
        assertThrows(OscarError.Malformed.class, () -> Service.builder().authorities("a b").memory(new NoReplayLog()).build());
        assertThrows(IllegalStateException.class, () -> Service.builder().build());
        Service out = Service.builder().key(world.key).authorities(World.NAME).memory(new NoReplayLog()).firstStart(true).clock(world.clock).build();
        SignedRequest unsafe = world.client.sign(World.post("/", "x"), CallOption.TRUST_CLOCK);
        Refusal busy = (Refusal) out.verify(World.post("/", "x"), unsafe.toki(), null);
        assertTrue(busy.name().equals("busy") && busy.status() == 503 && busy.signed());
    }

    @Test
    void namesAreNormalised() throws OscarError {
        assertEquals("api.example.com", Oscartoki.normaliseAuthority("API.example.com:443"));
        assertEquals("a:8080", Oscartoki.normaliseAuthority("A:8080"));
        assertThrows(OscarError.Malformed.class, () -> Oscartoki.normaliseAuthority("a/b"));
        assertThrows(OscarError.Malformed.class, () -> Oscartoki.normaliseAuthority("::1"));
        assertEquals("0.1.0", Oscartoki.version());
    }
}
