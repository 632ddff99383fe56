package com.oscartoki

import com.oscartoki.internal.Held
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import java.util.concurrent.Callable
import java.util.concurrent.Executors
import java.util.concurrent.atomic.AtomicInteger

/** Threads, memory, closing. */
class LifeTest {
    private val world = World()

    @Test
    fun `thirty-two threads share a client and a service`() {
        val client = world.client()
        val service = world.service()
        val pool = Executors.newFixedThreadPool(32)
        val done = AtomicInteger()
        pool.invokeAll(List(32) { worker ->
            Callable {
                repeat(100) { turn ->
                    val body = if (turn % 3 == 0) "body $worker $turn".toByteArray() else null
                    val step = world.exchange(client, service, if (body == null) "GET" else "POST", "/$worker/$turn", body)
                    assertEquals(Step.Kind.DONE, step.kind, step.outcome.toString())
                    done.incrementAndGet()
                }
            }
        }).forEach { it.get() }
        pool.shutdown()
        assertEquals(3200, done.get())
        assertEquals(3200L, service.counters()["accepted"])
    }

    @Test
    fun `one toki in thirty-two threads is accepted once`() {
        val service = world.service()
        val signed = world.client().sign("GET", NAME, "/")
        val pool = Executors.newFixedThreadPool(32)
        val accepted = pool.invokeAll(List(32) { Callable { service.verify("GET", NAME, "/", signed.toki).accepted } }).count { it.get() }
        pool.shutdown()
        assertEquals(1, accepted)
    }

    @Test
    fun `what is closed refuses, and closing twice is nothing`() {
        val client = world.client()
        val service = world.service()
        val signed = client.sign("GET", NAME, "/")
        client.close()
        client.close()
        assertEquals("bad_handle", assertThrows(OscarError.Internal::class.java) { client.sign("GET", NAME, "/") }.name)
        assertEquals("bad_handle", client.accept(signed, 200, toki = null).name)
        service.close()
        service.close()
        val refusal = service.verify("GET", NAME, "/", signed.toki) as Refusal
        assertEquals("bad_handle", refusal.name)
        signed.close()
        signed.close()
    }

    @Test
    fun `what is forgotten is freed`() {
        val client = world.client()
        val service = world.service()
        val before = Held.alive()
        repeat(5_000) {
            val signed = client.sign("GET", NAME, "/")
            service.verify("GET", NAME, "/", signed.toki, signed.grant)
            client.call("GET", NAME, "/")
        }
        assertTrue(Held.alive() > before)
        val end = System.nanoTime() + 10_000_000_000
        while (Held.alive() > before + 100) {
            System.gc()
            Thread.sleep(20)
            assertTrue(System.nanoTime() < end, "${Held.alive() - before} of 15000 are still alive")
        }
        // The owners were alive all the time.
        assertTrue(client.sign("GET", NAME, "/").toki.startsWith("ot2."))
        assertTrue(service.readyAtMs > 0)
    }

    @Test
    fun `a hundred thousand answered exchanges leave nothing behind`() {
        val client = world.client()
        val service = world.service { memory(MemoryReplayLog(2_000_000)) }
        fun round() = repeat(25_000) {
            val signed = client.sign("GET", NAME, "/")
            val answer = service.answer(service.verify("GET", NAME, "/", signed.toki, signed.grant), 200)
            client.accept(signed, 200, toki = answer.toki, grant = answer.grant).throwForRefusal()
        }
        round()
        System.gc()
        val before = resident()
        repeat(3) { round() }
        System.gc()
        assertTrue(resident() - before < 80_000, "grew by ${resident() - before} kB")
    }

    private fun resident(): Long =
        java.io.File("/proc/self/status").takeIf { it.exists() }?.readLines()?.first { it.startsWith("VmRSS") }?.filter(Char::isDigit)?.toLong() ?: 0
}
