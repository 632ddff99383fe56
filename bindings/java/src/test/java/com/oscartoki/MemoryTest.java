package com.oscartoki;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

/** What is given back, and 32 threads at once. */
class MemoryTest {
    @Test
    void whatIsDroppedIsGivenBack() throws Exception {
        World world = new World();
        long before = resident();
        // Each holds a context of the library: more than fit at once, and none is closed.
        for (int i = 0; i < 2_000_000; i++) {
            world.client.sign(World.get("/"));
            if (i % 100_000 == 0) System.gc();
        }
        long grown = resident() - before;
        assertTrue(grown < 300 << 10, grown + " KiB more than before");
    }

    private static long resident() throws IOException {
        return java.nio.file.Files.readAllLines(java.nio.file.Path.of("/proc/self/status")).stream().filter(line -> line.startsWith("VmRSS")).mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", ""))).sum();
    }

    @Test
    void whatIsClosedIsGone() throws IOException {
        World world = new World();
        SignedRequest signed = world.client.sign(World.get("/"));
        signed.close();
        signed.close();
        assertEquals("replayed", world.client.accept(signed, new Answer(200, null)).name().orElseThrow());
        world.client.close();
        assertEquals("bad_handle", assertThrows(OscarError.Misuse.class, () -> world.client.sign(World.get("/"))).name());
        world.service.close();
        assertEquals("bad_handle", ((Refusal) world.service.verify(World.get("/"), signed.toki(), null)).name());
        try (Verdict verdict = world.service.verify(World.get("/"), null, null)) {
            assertThrows(OscarError.Misuse.class, verdict::throwForRefusal);
        }
    }

    @Test
    void aServiceKeepsWhatItNeeds() throws IOException {
        World world = new World();
        Keyring ring = new Keyring(World.NAME);
        ring.add(world.key);
        MemoryReplayLog log = new MemoryReplayLog(1 << 10);
        Service service = Service.builder().keyring(ring).authorities(World.NAME).memory(log).firstStart(true).clock(world.clock).build();
        ring.close();
        log.close();
        assertTrue(service.verify(World.get("/"), world.client.sign(World.get("/")).toki(), null).accepted());
    }

    @Test
    void thirtyTwoThreadsOfOneClientAndService() throws Exception {
        World world = new World();
        Set<String> accepted = ConcurrentHashMap.newKeySet();
        for (boolean virtual : new boolean[] {false, true}) {
            try (ExecutorService threads = virtual ? Executors.newVirtualThreadPerTaskExecutor() : Executors.newFixedThreadPool(32)) {
                List<Callable<Integer>> tasks = new ArrayList<>();
                for (int n = 0; n < 32; n++) {
                    int thread = n;
                    tasks.add(() -> {
                        int done = 0;
                        for (int i = 0; i < 200; i++) {
                            Request request = World.post("/" + thread + "/" + i, "body");
                            SignedRequest signed = world.client.sign(request, CallOption.TRUST_CLOCK);
                            Answer answer = world.answer(request, signed);
                            assertTrue(accepted.add(signed.toki()), "two tokis are one");
                            world.client.accept(signed, answer).throwForRefusal();
                            assertEquals("replayed", ((Refusal) world.service.verify(request, signed.toki(), signed.grant().orElse(null))).name());
                            done++;
                        }
                        return done;
                    });
                }
                int done = 0;
                for (Future<Integer> future : threads.invokeAll(tasks)) done += future.get();
                assertEquals(6400, done);
            }
        }
    }

    @Test
    void oneTokiInThirtyTwoThreadsRunsOnce() throws Exception {
        World world = new World();
        String toki = world.client.sign(World.get("/")).toki();
        try (ExecutorService threads = Executors.newFixedThreadPool(32)) {
            List<Callable<Boolean>> tasks = new ArrayList<>();
            for (int n = 0; n < 32; n++) tasks.add(() -> world.service.verify(World.get("/"), toki, null).accepted());
            int ran = 0;
            for (Future<Boolean> future : threads.invokeAll(tasks)) ran += future.get() ? 1 : 0;
            assertEquals(1, ran);
        }
    }
}
