package com.oscartoki

import org.junit.jupiter.api.Assertions.assertArrayEquals
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

/** Messages, URLs, tickets, and OscarToki v1. */
class CarriedTest {
    private val world = World()
    private val client = world.client()
    private val service = world.service()
    private val body = "{}".toByteArray()

    @Test
    fun `a message, its duplicate and its reply`() {
        val memory = service.memory.forMessages(firstStart = true)
        val sent = client.mintMessage("billing", "invoice.created", body)
        val got = service.verifyMessage("billing", "invoice.created", body, sent.toki, memory = memory)
        assertArrayEquals(world.secret.kid(), got.kid)
        assertEquals(3600, got.ttlS)
        assertEquals(Freshness.FRESH, got.freshness)
        assertEquals(Freshness.DUPLICATE, service.verifyMessage("billing", "invoice.created", body, sent.toki, memory = memory).freshness)
        assertEquals(Freshness.UNCHECKED, service.verifyMessage("billing", "invoice.created", body, sent.toki).freshness)
        val reply = got.reply("done".toByteArray())
        assertTrue(sent.acceptReply(reply, "done".toByteArray()) > 0)
        assertThrows(OscarError.Replayed::class.java) { sent.acceptReply(reply, "done".toByteArray()) }
    }

    @Test
    fun `a message that was changed, is late or goes elsewhere`() {
        val toki = client.mintMessage("billing", "invoice.created", body, ttlS = 60).toki
        assertThrows(OscarError.BadMac::class.java) { service.verifyMessage("shipping", "invoice.created", body, toki) }
        assertThrows(OscarError.BadMac::class.java) { service.verifyMessage("billing", "invoice.deleted", body, toki) }
        assertThrows(OscarError.BadMac::class.java) { service.verifyMessage("billing", "invoice.created", "[]".toByteArray(), toki) }
        assertThrows(OscarError.Missing::class.java) { service.verifyMessage("billing", "invoice.created", body, null) }
        assertThrows(OscarError.Malformed::class.java) { service.verifyMessage("x".repeat(70_000), "invoice.created", body, toki) }
        val now = System.currentTimeMillis()
        assertThrows(OscarError.Expired::class.java) { service.verifyMessage("billing", "invoice.created", body, toki, nowMs = now + 61_000) }
        assertThrows(OscarError.NotYet::class.java) { service.verifyMessage("billing", "invoice.created", body, toki, nowMs = now - 400_000) }
        assertThrows(OscarError.Policy::class.java) { service.verifyMessage("billing", "invoice.created", body, toki, maxTtlS = 10) }
        assertThrows(OscarError.Unsignable::class.java) { client.mintMessage("billing", "invoice.created", body, ttlS = 0) }
    }

    @Test
    fun `a presigned URL`() {
        val target = client.signUrl(NAME, "/files/a.pdf?v=2")
        val verified = service.verifyUrl("GET", NAME, target)
        assertEquals("/files/a.pdf?v=2", verified.target)
        assertEquals(verified.expMs, service.verifyUrl("HEAD", NAME, target).expMs)
        assertThrows(OscarError.BadMac::class.java) { service.verifyUrl("GET", NAME, target.replace("v=2", "v=3")) }
        assertThrows(OscarError.BadMac::class.java) { service.verifyUrl("DELETE", NAME, target) }
        assertThrows(OscarError.Malformed::class.java) { service.verifyUrl("GET", NAME, target, hasToki = true) }
        assertThrows(OscarError.Missing::class.java) { service.verifyUrl("GET", NAME, "/files/a.pdf?v=2") }
        assertThrows(OscarError.Expired::class.java) { service.verifyUrl("GET", NAME, target, nowMs = verified.expMs + 1) }
        assertThrows(OscarError.Unsignable::class.java) { client.signUrl(NAME, target) }
    }

    @Test
    fun `a ticket opens one websocket`() {
        val ticket = client.mintTicket("user-42".toByteArray(), "https://app.example.com")
        assertThrows(OscarError.BadMac::class.java) { service.verifyTicket(ticket, "https://evil.example.com") }
        val verified = service.verifyTicket(ticket, "https://app.example.com", requireOrigin = true)
        assertEquals("user-42", String(verified.connection))
        assertTrue(verified.originBound)
        assertThrows(OscarError.Replayed::class.java) { service.verifyTicket(ticket, "https://app.example.com") }
        val open = client.mintTicket("c".toByteArray())
        assertThrows(OscarError.Policy::class.java) { service.verifyTicket(open, requireOrigin = true) }
        assertThrows(OscarError.Missing::class.java) { service.verifyTicket(null) }
        assertThrows(OscarError.Unsignable::class.java) { client.mintTicket(ByteArray(256)) }
    }

    @Test
    fun `v1 in the place of both originals`() {
        val kid = "00112233445566aa"
        val legacy = com.oscartoki.v1.service(mapOf(kid to "a shared key".toByteArray()), listOf(NAME), System.currentTimeMillis() + 60_000)
            .memory(MemoryReplayLog(1000)).firstStart().build()
        assertTrue(legacy.keyring.hasV1)
        assertFalse(service.keyring.hasV1)
        val old = com.oscartoki.v1.Client("a shared key")
        var ran = 0
        val answer = old.request("GET") { method, headers, _ ->
            val head = headers.entries + mapOf("Host" to NAME).entries
            when (val verdict = legacy.verifyHead(method, "/a", head)) {
                is Handshake -> verdict.reply().let { com.oscartoki.v1.Answer(200, it.toki, it.body.toByteArray()) }
                is VerifiedRequest -> {
                    ran++
                    assertEquals(1, verdict.version)
                    com.oscartoki.v1.Answer(200, legacy.answer(verdict, 200, "old".toByteArray()).toki, "old".toByteArray())
                }
                else -> com.oscartoki.v1.Answer((verdict as Refusal).status, null, NOTHING)
            }
        }
        assertEquals("old", String(answer.body))
        assertEquals(1, ran)
        assertThrows(OscarError::class.java) { com.oscartoki.v1.Client("another key").request("GET") { _, _, _ -> com.oscartoki.v1.Answer(401, null, NOTHING) } }
        assertThrows(OscarError.WeakSecret::class.java) { com.oscartoki.v1.Key("") }
        val key = com.oscartoki.v1.Key("a shared key")
        val toki = key.mint()
        key.verifyTokikey(toki, key.mintTokikey(toki))
        assertThrows(OscarError.BadMac::class.java) { com.oscartoki.v1.Key("another key").verify(toki) }
        assertThrows(OscarError.Stale::class.java) { key.verify(toki, nowMs = System.currentTimeMillis() + 600_000) }
    }
}
