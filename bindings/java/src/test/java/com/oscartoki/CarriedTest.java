package com.oscartoki;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Messages, URLs and tickets. */
class CarriedTest {
    private final World world = new World();

    CarriedTest() throws IOException {}

    @Test
    void aMessageAndItsReply() throws IOException {
        Message message = new Message("billing", "invoice.created", "{}".getBytes());
        SignedMessage signed = world.client.mintMessage(message, 3600);
        MessageMemory memory = new MemoryReplayLog(1 << 10).forMessages(true, world.clock.ms);
        VerifiedMessage verified = world.service.verifyMessage(message, signed.toki(), memory, 86_400, world.clock.ms);
        assertEquals(VerifiedMessage.Freshness.FRESH, verified.freshness());
        assertEquals(VerifiedMessage.Freshness.DUPLICATE, world.service.verifyMessage(message, signed.toki(), memory, 86_400, world.clock.ms).freshness());
        assertEquals(VerifiedMessage.Freshness.UNCHECKED, world.service.verifyMessage(message, signed.toki()).freshness());
        assertArrayEquals(world.secret.kid(), verified.kid());
        assertTrue(verified.ttlS() == 3600 && verified.tsMs() <= world.clock.ms && verified.nonce().length == 8);
        String reply = verified.reply("done".getBytes());
        assertTrue(signed.acceptReply(reply, "done".getBytes()) > 0);
        assertThrows(OscarError.Replayed.class, () -> signed.acceptReply(reply, "done".getBytes()));
        for (Message other : List.of(new Message("billing", "invoice.created", "{ }".getBytes()), new Message("shipping", "invoice.created", "{}".getBytes()))) {
            assertThrows(OscarError.BadMac.class, () -> world.service.verifyMessage(other, signed.toki()));
        }
        assertThrows(OscarError.Missing.class, () -> world.service.verifyMessage(message, null));
        assertThrows(OscarError.Policy.class, () -> world.service.verifyMessage(message, signed.toki(), null, 60, world.clock.ms));
        assertThrows(OscarError.Expired.class, () -> world.service.verifyMessage(message, signed.toki(), null, 86_400, world.clock.ms + 3_600_001));
        assertThrows(OscarError.NotYet.class, () -> world.service.verifyMessage(message, signed.toki(), null, 86_400, world.clock.ms - 400_000));
        assertThrows(OscarError.Unsignable.class, () -> world.client.mintMessage(message, 0));
        SignedMessage another = world.client.mintMessage(message, 60);
        assertThrows(OscarError.Missing.class, () -> another.acceptReply(null, null));
        SignedMessage forged = world.client.mintMessage(message, 60);
        assertThrows(OscarError.BadMac.class, () -> forged.acceptReply(reply, "done".getBytes()));
    }

    @Test
    void aPresignedUrl() throws IOException {
        String url = world.client.signUrl(World.NAME, "/files/a.pdf?v=2", 300);
        assertTrue(url.startsWith("/files/a.pdf?v=2&oscartoki=ot2."));
        VerifiedUrl verified = world.service.verifyUrl(World.get(url));
        assertEquals("/files/a.pdf?v=2", verified.target());
        assertEquals(world.clock.ms + 300_000, verified.expMs());
        assertEquals("/files/a.pdf?v=2", world.service.verifyUrl(new Request("HEAD", World.NAME, url)).target());
        assertEquals("/files/a.pdf?v=2", world.service.verifyUrlHead("GET", url, Headers.of("Host", World.NAME)).target());
        assertThrows(OscarError.Malformed.class, () -> world.service.verifyUrl(World.get(url), "ot2.x", world.clock.ms));
        assertThrows(OscarError.Malformed.class, () -> world.service.verifyUrlHead("GET", url, Headers.of("Host", World.NAME, "oscartoki", "x")));
        assertThrows(OscarError.BadMac.class, () -> world.service.verifyUrl(World.get(url.replace("v=2", "v=3"))));
        assertThrows(OscarError.BadMac.class, () -> world.service.verifyUrl(World.post(url, "")));
        assertThrows(OscarError.Missing.class, () -> world.service.verifyUrl(World.get("/files/a.pdf?v=2")));
        assertThrows(OscarError.UnknownAuthority.class, () -> world.service.verifyUrl(new Request("GET", "other.example.com", url)));
        assertThrows(OscarError.Expired.class, () -> world.service.verifyUrl(World.get(url), null, world.clock.ms + 300_001));
        assertThrows(OscarError.Policy.class, () -> world.service.verifyUrl(World.get(world.client.signUrlUntil(World.get("/"), world.clock.ms + 8 * 86_400_000L))));
        assertThrows(OscarError.Unsignable.class, () -> world.client.signUrl(World.NAME, "/a#b", 60));
    }

    @Test
    void aTicket() throws IOException {
        byte[] connection = "user-42".getBytes();
        String ticket = world.client.mintTicket(connection, "https://app.example.com");
        assertThrows(OscarError.BadMac.class, () -> world.service.verifyTicket(ticket, null));
        assertThrows(OscarError.BadMac.class, () -> world.service.verifyTicket(ticket, "https://evil.example.com"));
        VerifiedTicket verified = world.service.verifyTicket(ticket, "https://app.example.com");
        assertArrayEquals(connection, verified.connection());
        assertTrue(verified.originBound());
        assertThrows(OscarError.Replayed.class, () -> world.service.verifyTicket(ticket, "https://app.example.com"));
        String unbound = world.client.mintTicket(new byte[255]);
        assertThrows(OscarError.Policy.class, () -> world.service.verifyTicket(unbound, "https://app.example.com", true, world.clock.ms));
        assertEquals(255, world.service.verifyTicket(world.client.mintTicket(new byte[255]), null).connection().length);
        assertThrows(OscarError.Missing.class, () -> world.service.verifyTicket(null, null));
        assertThrows(OscarError.Unsignable.class, () -> world.client.mintTicket(new byte[256]));
        assertThrows(OscarError.Unsignable.class, () -> world.client.mintTicket(connection, ""));
        String late = world.client.mintTicket(connection);
        assertThrows(OscarError.Stale.class, () -> world.service.verifyTicket(late, null, false, world.clock.ms + 60_000));
    }

    @Test
    void aMappedMemoryIsSharedAndSurvives(@TempDir Path folder) throws IOException {
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwx------"));
        Path file = folder.resolve("memory");
        Request request = World.get("/");
        String toki = world.client.sign(request).toki();
        for (boolean first : new boolean[] {true, false}) {
            try (MappedReplayLog log = new MappedReplayLog(file, 1 << 12)) {
                assertEquals(file, log.path());
                Service service = Service.builder().key(world.key).authorities(World.NAME).memory(log).firstStart(first).clock(world.clock).build();
                assertEquals(first, service.verify(request, toki, null).accepted());
            }
        }
        Service byPath = Service.builder().key(world.key).authorities(World.NAME).memory(file).clock(world.clock).build();
        assertEquals("replayed", ((Refusal) byPath.verify(request, toki, null)).name());
        IOException error = assertThrows(IOException.class, () -> new MappedReplayLog(folder.resolve("none/memory")));
        assertTrue(error.getMessage().contains("none"), error.getMessage());
        assertThrows(IllegalArgumentException.class, () -> new MappedReplayLog(file, 0));
        Files.write(folder.resolve("other"), new byte[5000]);
        assertThrows(IOException.class, () -> new MappedReplayLog(folder.resolve("other")));
        assertTrue(MappedReplayLog.defaultPath(world.service.keyring()).isAbsolute());
    }

    @Test
    void aFleetSharesARedis(@TempDir Path folder) throws Exception {
        Path socket = folder.resolve("redis.sock");
        Process server = new ProcessBuilder("redis-server", "--port", "0", "--unixsocket", socket.toString(), "--save", "", "--appendonly", "no").redirectErrorStream(true)
                .redirectOutput(folder.resolve("redis.log").toFile()).start();
        try {
            for (int tries = 0; !Files.exists(socket) && tries < 200; tries++) Thread.sleep(50);
            String url = "redis+unix://" + socket;
            Client client = Client.builder().secret(world.secret).audience(World.NAME).trustClock(true).build();
            Service one = Service.builder().key(world.key).authorities(World.NAME).memory(new RedisReplayLog(url, World.NAME)).firstStart(true).build();
            Service two = Service.builder().key(world.key).authorities(World.NAME).memory(new RedisReplayLog(url, World.NAME, 1000)).build();
            int ran = 0;
            for (int round = 0; round < 20; round++) {
                Request request = World.post("/" + round, "x");
                String toki = client.sign(request).toki();
                Verdict first = one.verify(request, toki, null), second = two.verifyHead("POST", request.target(), Headers.of("Host", World.NAME, "oscartoki", toki), request.body());
                assertTrue(!first.accepted() || !second.accepted(), "it ran twice");
                // A busy machine may miss the 50 ms, which refuses.
                assertTrue(first.accepted() || ((Refusal) first).name().equals("busy"), first.toString());
                ran += first.accepted() ? 1 : 0;
            }
            assertTrue(ran > 0);
            server.destroyForcibly().waitFor();
            assertEquals("busy", ((Refusal) one.verify(World.post("/", "x"), client.sign(World.post("/", "x")).toki(), null)).name());
        } finally {
            server.destroyForcibly();
        }
        assertThrows(IOException.class, () -> new RedisReplayLog("redis://127.0.0.1:1", World.NAME));
        assertThrows(IOException.class, () -> new RedisReplayLog("http://127.0.0.1:1", World.NAME));
    }

    @Test
    void filesAreFollowed(@TempDir Path folder) throws Exception {
        Path keys = folder.resolve("keys"), revocations = folder.resolve("revocations");
        Files.writeString(keys, "# nobody yet\n");
        Service service = Service.builder().authorities(World.NAME).keysFile(keys).revocationsFile(revocations).memory(new MemoryReplayLog(1 << 10)).firstStart(true).build();
        Client client = Client.builder().secret(world.secret).audience(World.NAME).build();
        assertEquals("unknown_key", verdict(service, client));
        Files.writeString(keys, world.key.toText() + "\n");
        until(service, client, "accepted");
        Files.writeString(keys, "rubbish\n");
        Thread.sleep(1500);
        assertEquals("accepted", verdict(service, client));
        service.revokeKey(world.secret.kid());
        assertEquals("revoked", verdict(service, client));
        assertTrue(Files.readString(revocations).startsWith("revoked "));
        Service other = Service.builder().key(world.key).authorities(World.NAME).revocationsFile(revocations).memory(new MemoryReplayLog(1 << 10)).firstStart(true).build();
        assertEquals("revoked", verdict(other, client));
        assertThrows(OscarError.class, () -> Service.builder().authorities(World.NAME).keysFile(keys).memory(new NoReplayLog()).build());
        assertThrows(IOException.class, () -> Service.builder().authorities(World.NAME).keysFile(folder.resolve("none")).memory(new NoReplayLog()).build());
    }

    private static String verdict(Service service, Client client) throws OscarError {
        try (Verdict verdict = service.verify(World.get("/"), client.sign(World.get("/")).toki(), null)) {
            return verdict instanceof Refusal refusal ? refusal.name() : "accepted";
        }
    }

    private static void until(Service service, Client client, String expected) throws Exception {
        long end = System.currentTimeMillis() + 2_500;
        while (!verdict(service, client).equals(expected)) {
            assertTrue(System.currentTimeMillis() < end, "two seconds are over");
            Thread.sleep(50);
        }
    }
}
