package com.oscartoki;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;

class V1Test {
    private static final byte[] KID = {1, 2, 3, 4, 5, 6, 7, 8};
    private final long now = System.currentTimeMillis();

    private Service service() throws IOException {
        // A v1 memory that begins empty refuses what is older than its start.
        long start = now - 120_000;
        World.Clock clock = new World.Clock();
        clock.ms = start;
        Service service = V1.service(List.of(new V1.Known(KID, "a shared key")), List.of(World.NAME), now + 1_000_000, Dialect.ANY).memory(new MemoryReplayLog(1 << 10)).firstStart(true).clock(clock).build();
        clock.ms = now;
        return service;
    }

    @Test
    void bothSteps() throws IOException {
        Service service = service();
        try (V1.Client client = new V1.Client("a shared key"); V1.Exchange exchange = client.begin(now)) {
            Headers first = new Headers().add("Host", World.NAME);
            exchange.headers().forEach(first::add);
            Handshake handshake = assertInstanceOf(Handshake.class, service.verifyHead("GET", "/x", first, null));
            Handshake.Reply reply = handshake.reply();
            assertThrows(OscarError.Replayed.class, handshake::reply);
            assertTrue(reply.body().contains("tokikey"));
            assertThrows(OscarError.class, () -> client.begin(now).acceptFirst("{}".getBytes(), reply.toki(), now));
            exchange.acceptFirst(reply.body().getBytes(), reply.toki(), now);
            Headers second = new Headers().add("Host", World.NAME);
            exchange.headers().forEach(second::add);
            VerifiedRequest verified = assertInstanceOf(VerifiedRequest.class, service.verifyHead("POST", "/x", second, "body".getBytes()));
            assertEquals(1, verified.version());
            SignedAnswer answered = service.answerHead(verified, 200, new Headers(), "done".getBytes());
            assertThrows(OscarError.class, () -> exchange.acceptSecond("forged", now));
            Refusal again = (Refusal) service.verifyHead("POST", "/x", second, "body".getBytes());
            assertTrue(again.version() == 1 && again.name().equals("replayed"));
            assertTrue(answered.toki().contains("|"));
            assertEquals(1, service.counters().get("v1_accepted"));
        }
    }

    @Test
    void aKeyByItself() throws OscarError {
        V1.Key key = new V1.Key("a shared key");
        String toki = key.mint(now);
        assertTrue(key.verify(toki, Dialect.ANY, now) <= now);
        String tokikey = key.mintTokikey(toki, now);
        key.verifyTokikey(toki, tokikey, Dialect.STANDARD, now);
        assertThrows(OscarError.BadMac.class, () -> new V1.Key("another").verify(toki, Dialect.ANY, now));
        assertThrows(OscarError.Stale.class, () -> key.verify(toki, Dialect.ANY, now + 60_000));
        assertThrows(OscarError.Malformed.class, () -> key.verify("toki", Dialect.JAVA, now));
        assertThrows(OscarError.WeakSecret.class, () -> new V1.Key("").mint(now));
        assertThrows(OscarError.WeakSecret.class, () -> new V1.Client(""));
        assertThrows(OscarError.class, () -> key.verifyTokikey(toki, "o_o", Dialect.ANY, now));
    }

    @Test
    void aServiceWithoutItTakesNone() throws IOException {
        World world = new World();
        String toki = new V1.Key("a shared key").mint(now);
        assertEquals("malformed", ((Refusal) world.service.verifyHead("GET", "/", Headers.of("Host", World.NAME, "oscartoki", toki), null)).name());
        assertEquals("unknown_key", ((Refusal) service().verifyHead("GET", "/", Headers.of("Host", World.NAME, "oscartoki", new V1.Key("another").mint(now)), null)).name());
    }
}
