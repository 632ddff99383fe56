package com.oscartoki;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import org.junit.jupiter.api.Test;

/** The same names, as a Java program says them. */
class FromJavaTest {
    private static final String NAME = "api.example.com";

    private final Secret secret = Secret.generate();
    private final Client client = new Client(secret.toText(), NAME);
    private final Service service = Service.builder()
        .keys(secret.audienceKey(NAME).toText())
        .authorities(NAME)
        .memory(new MemoryReplayLog(1000))
        .firstStart()
        .build();

    @Test
    void anExchange() {
        SignedRequest signed = client.sign("GET", NAME, "/a");
        Verdict verdict = service.verify("GET", NAME, "/a", signed.getToki(), signed.getGrant());
        assertTrue(verdict.getAccepted());
        VerifiedRequest verified = (VerifiedRequest) verdict;
        assertEquals(HexFormat.of().formatHex(secret.kid()), HexFormat.of().formatHex(verified.getKid()));
        AnswerHeaders answer = service.answer(verified, 200, "yes".getBytes());
        Outcome outcome = client.accept(signed, 200, "yes".getBytes(), answer.getToki(), answer.getGrant());
        assertNull(outcome.getError());
        assertEquals(0, outcome.getCode());
        assertNotNull(outcome.getAdoptedSid());
    }

    @Test
    void errorsAreCheckedExceptions() {
        SignedRequest signed = client.sign("GET", NAME, "/a", null, CallOptions.STREAM.plus(CallOptions.TRUST_CLOCK));
        Verdict refused = service.verify("GET", NAME, "/b", signed.getToki());
        assertFalse(refused.getAccepted());
        assertEquals("bad_mac", ((Refusal) refused).getName());
        try {
            refused.throwForRefusal();
        } catch (Exception thrown) {
            assertTrue(thrown instanceof IOException);
            assertTrue(thrown instanceof OscarError.BadMac);
            assertNull(((OscarError) thrown).getMayHaveRun());
            assertEquals(401, ((OscarError) thrown).getStatus());
        }
        assertThrows(OscarError.WrongKind.class, () -> Secret.parse(secret.audienceKey(NAME).toText()));
        assertThrows(OscarError.Unsignable.class, () -> client.sign("get", NAME, "/a"));
        assertThrows(OscarError.BadMac.class, () -> service.verifyUrl("GET", NAME, client.signUrl(NAME, "/a").replace("/a", "/b")));
    }

    @Test
    void theLoopAndItsHead() {
        try (Call call = client.call("GET", NAME, "/a", null, Map.of("X-Mine", "1").entrySet())) {
            Step step = call.next();
            assertEquals(Step.Kind.SEND, step.getKind());
            call.failed();
            Step ended = call.next();
            assertEquals(Step.Kind.FAILED, ended.getKind());
            assertTrue(ended.getOutcome().getMayHaveRun());
            assertEquals("missing", ended.getOutcome().getName());
        }
    }

    @Test
    void okHttp() {
        OkHttpClient http = OkHttp.signedBy(new OkHttpClient.Builder(), client, CallOptions.VERIFY_FIRST).build();
        IOException failure = assertThrows(IOException.class, () -> http.newCall(new Request.Builder().url("http://127.0.0.1:1/").build()).execute());
        assertFalse(failure instanceof OscarError);
        assertNotNull(OkHttp.okHttpInterceptor(client));
    }

    @Test
    void everythingElse() throws Exception {
        assertEquals("0.1.0", Oscar.version());
        assertEquals("a.example.com", Oscar.normaliseAuthority("A.example.com:80"));
        assertNull(Oscar.explain(Map.of("ours", secret.audienceKey(NAME)), "GET", NAME, "/", client.sign("GET", NAME, "/").getToki()));
        assertEquals(8, Hazmat.mintRequest(secret.audienceKey(NAME), "GET", NAME, "/", null, 1, new byte[8]).length() - 50);
        Keyring ring = new Keyring(NAME);
        ring.addV1(new byte[8], "key".getBytes(), System.currentTimeMillis());
        assertTrue(ring.hasV1());
        assertEquals(List.of(), ring.getKids().stream().filter(kid -> kid.length != 8).toList());
        assertNotNull(Servlets.servletFilter(service));
        assertNotNull(new com.oscartoki.v1.Client("key").begin().getHeaders().get("oscartoki"));
        assertNotNull(com.oscartoki.v1.V1.service(Map.of("0000000000000001", "key".getBytes()), List.of(NAME), System.currentTimeMillis()));
        try (VerifiedMessage message = service.verifyMessage("queue", "type", "{}".getBytes(), client.mintMessage("queue", "type", "{}".getBytes()).getToki())) {
            assertEquals(Freshness.UNCHECKED, message.getFreshness());
        }
        client.close();
        assertThrows(OscarError.Internal.class, () -> client.sign("GET", NAME, "/"));
    }
}
