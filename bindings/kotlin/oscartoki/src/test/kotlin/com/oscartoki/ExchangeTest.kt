package com.oscartoki

import org.junit.jupiter.api.Assertions.assertArrayEquals
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertInstanceOf
import org.junit.jupiter.api.Assertions.assertNotNull
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

/** The primitives, without a socket. */
class ExchangeTest {
    private val world = World()
    private val client = world.client()
    private val service = world.service()

    private fun accepted(signed: SignedRequest, method: String = "GET", target: String = "/a", body: ByteArray? = null) =
        service.verify(method, NAME, target, signed.toki, signed.grant, body)

    @Test
    fun `a request is verified, its answer accepted, and the next goes in a session`() {
        val signed = client.sign("GET", NAME, "/a")
        assertFalse(signed.isProbe)
        assertFalse(signed.inSession)
        assertEquals(setOf("oscartoki"), signed.headers.keys)
        val verified = accepted(signed) as VerifiedRequest
        assertTrue(verified.accepted)
        assertArrayEquals(world.secret.kid(), verified.kid)
        assertEquals(NAME, verified.authority)
        assertTrue(verified.want)
        assertEquals(2, verified.version)
        val answer = service.answer(verified, 200, "yes".toByteArray())
        assertNotNull(answer.grant)
        val outcome = client.accept(signed, 200, "yes".toByteArray(), answer.toki, answer.grant)
        assertNull(outcome.error)
        assertEquals(0, outcome.code)
        assertTrue(outcome.contentAuthentic)
        assertNotNull(outcome.adoptedSid)
        val next = client.sign("GET", NAME, "/a")
        assertTrue(next.inSession)
        assertArrayEquals(outcome.adoptedSid, (accepted(next) as VerifiedRequest).sid)
    }

    @Test
    fun `an unsafe request is probed first`() {
        val signed = client.sign("POST", NAME, "/a", "{}".toByteArray())
        assertTrue(signed.isProbe)
        val step = world.exchange(client, service, "POST", "/a", "{}".toByteArray())
        assertEquals(Step.Kind.DONE, step.kind)
        assertTrue(step.probed)
        assertEquals(2, step.requests)
    }

    @Test
    fun `a request counts once`() {
        val signed = client.sign("GET", NAME, "/a")
        assertTrue(accepted(signed).accepted)
        val refusal = accepted(signed) as Refusal
        assertEquals("replayed", refusal.name)
        assertEquals(409, refusal.status)
        assertEquals(2, refusal.code)
        assertThrows(OscarError.Replayed::class.java) { refusal.throwForRefusal() }
    }

    @Test
    fun `what was changed is refused`() {
        fun name(method: String = "GET", target: String = "/a", authority: String = NAME, body: ByteArray? = null): String {
            val signed = client.sign("GET", NAME, "/a")
            return (service.verify(method, authority, target, signed.toki, signed.grant, body) as Refusal).name
        }
        assertEquals("bad_mac", name(method = "HEAD"))
        assertEquals("bad_mac", name(target = "/b"))
        assertEquals("unknown_authority", name(authority = "other.example.com"))
        assertEquals("malformed", name(body = "x".toByteArray()))
        assertEquals("malformed", name(method = "get"))
        assertEquals("malformed", name(target = "/" + "x".repeat(70_000)))
        val missing = service.verify("GET", NAME, "/a", null) as Refusal
        assertEquals("missing", missing.name)
        assertEquals(401, missing.status)
        assertTrue(missing.wwwAuthenticate)
        assertNull(missing.code)
        assertInstanceOf(OscarError.Missing::class.java, missing.error)
    }

    @Test
    fun `an answer is accepted once, and only the right one`() {
        val signed = client.sign("GET", NAME, "/a")
        val answer = service.answer(accepted(signed), 200, "yes".toByteArray())
        assertNull(client.accept(signed, 200, "yes".toByteArray(), answer.toki, answer.grant).error)
        assertEquals("replayed", client.accept(signed, 200, "yes".toByteArray(), answer.toki, answer.grant).name)

        fun refused(status: Int = 200, body: String = "yes", toki: (String) -> String? = { it }): Outcome {
            val again = client.sign("GET", NAME, "/a")
            val made = service.answer(accepted(again), 200, "yes".toByteArray())
            return client.accept(again, status, body.toByteArray(), toki(made.toki), made.grant)
        }
        assertEquals("bad_mac", refused(status = 201).name)
        assertEquals("bad_mac", refused(body = "no").name)
        assertEquals("missing", refused { null }.name)
        assertEquals("malformed", refused { "ot2.x" }.name)
        val forged = refused(body = "no")
        assertTrue(forged.mayHaveRun)
        assertFalse(forged.signed)
        val error = assertThrows(OscarError.BadMac::class.java) { forged.throwForRefusal() }
        assertEquals(true, error.mayHaveRun)
        assertEquals(200, error.status)
        assertTrue(error is java.io.IOException)
        assertTrue(error.message!!.startsWith("bad_mac: "))
    }

    @Test
    fun `an answer is minted once`() {
        val verdict = accepted(client.sign("GET", NAME, "/a"))
        service.answer(verdict, 200)
        assertThrows(OscarError.Replayed::class.java) { service.answer(verdict, 200) }
        assertThrows(OscarError.Unsignable::class.java) { service.answer(accepted(client.sign("GET", NAME, "/a")), 70_000) }
        assertThrows(OscarError.Unsignable::class.java) { service.answer(accepted(client.sign("GET", NAME, "/a")), 100) }
    }

    @Test
    fun `what can't be signed is not sent`() {
        for (attempt in listOf<() -> Unit>(
            { client.sign("get", NAME, "/a") },
            { client.sign("GET", "a/b", "/a") },
            { client.sign("GET", NAME, "a") },
            { client.sign("GET", NAME, "/ü") },
            { client.sign("GET", NAME, "/" + "x".repeat(70_000)) },
            { client.sign("CONNECT", NAME, "/a") },
            { world.client { trustClock() }.sign("POST", NAME, "/a", options = CallOptions.REPEATABLE) },
        )) {
            val error = assertThrows(OscarError.Unsignable::class.java) { attempt() }
            assertEquals(false, error.mayHaveRun)
        }
    }

    @Test
    fun `Content-Digest makes a verdict pending`() {
        val body = "payload".toByteArray()
        fun pending(): PendingBody {
            val trusting = world.client { trustClock() }
            val call = trusting.call("POST", NAME, "/a", body)
            val head = call.next().headers.entries + java.util.AbstractMap.SimpleEntry("Host", NAME)
            assertFalse(service.wantsBody("POST", "/a", head))
            return service.verifyHead("POST", "/a", head) as PendingBody
        }
        assertTrue(pending().finish(body).accepted)
        assertTrue(pending().finishDigest(java.security.MessageDigest.getInstance("SHA-256").digest(body)).accepted)
        assertEquals("body_mismatch", (pending().finish("other".toByteArray()) as Refusal).name)
        assertEquals("body_mismatch", (pending().finish(null) as Refusal).name)
        assertThrows(OscarError.Malformed::class.java) { pending().finishDigest(ByteArray(31)) }
        val large = pending().tooLarge()
        assertEquals(413, large.status)
        assertEquals(6, large.code)
        val twice = pending()
        twice.finish(body)
        assertEquals("replayed", (twice.finish(body) as Refusal).name)
    }

    @Test
    fun `a body of a mebibyte crosses`() {
        val body = ByteArray(1 shl 20) { it.toByte() }
        assertEquals(Step.Kind.DONE, world.exchange(client, service, "PUT", "/a", body).kind)
    }

    @Test
    fun `a delegate is handed a session and nothing else`() {
        world.exchange(client, service)
        val handed = client.handOut(60)
        val delegate = Client.builder().session(handed.toText()).build()
        assertEquals(Step.Kind.DONE, world.exchange(delegate, service).kind)
        assertThrows(OscarError.Unsignable::class.java) { client.handOut(601) }
        assertThrows(OscarError::class.java) { delegate.handOut(60) }
        assertThrows(OscarError::class.java) { delegate.mintTicket("c".toByteArray()) }
        service.revokeSession(handed.kid, handed.sid)
        val refused = world.exchange(delegate, service)
        assertEquals(Step.Kind.FAILED, refused.kind)
        assertEquals("revoked", refused.outcome.name)
    }

    @Test
    fun `state moves to another process of the same client`() {
        world.exchange(client, service)
        val other = world.client()
        other.importState(client.exportState())
        assertTrue(other.sign("GET", NAME, "/a").inSession)
        assertEquals(client.offsetMs, other.offsetMs)
        assertThrows(OscarError.Malformed::class.java) { other.importState("nonsense") }
    }

    @Test
    fun `revoked is refused, and said in the counters`() {
        service.revokeKey(world.secret.kid())
        val refusal = accepted(client.sign("GET", NAME, "/a")) as Refusal
        assertEquals("revoked", refusal.name)
        assertEquals(4, refusal.code)
        assertEquals(1L, service.counters()["refused_revoked"])
        assertTrue(service.keyring.revocationsText.startsWith("revoked "))
    }

    @Test
    fun `covered headers`() {
        val covering = world.client { ext("idempotency-key").trustClock() }
        val judge = world.service { ext("idempotency-key") }
        val call = covering.call("POST", NAME, "/a", headers = mapOf("Idempotency-Key" to "1").entries, options = CallOptions.REPEATABLE)
        val signed = call.next().headers.entries
        fun sent(key: String) = signed + mapOf("Host" to NAME, "idempotency-key" to key).entries
        assertEquals("bad_mac", (judge.verifyHead("POST", "/a", sent("2")) as Refusal).name)
        assertTrue(judge.verifyHead("POST", "/a", sent("1")).accepted)
    }

    @Test
    fun `a clock that is off is corrected by the service's`() {
        val late = world.client { clock { System.currentTimeMillis() - 3_600_000 } }
        val step = world.exchange(late, service, "POST", "/a")
        assertEquals(Step.Kind.DONE, step.kind)
        assertTrue(step.outcome.offsetMs!! in 3_590_000..3_610_000)
    }

    @Test
    fun `explain says what was changed`() {
        val key = world.secret.audienceKey(NAME)
        val signed = client.sign("GET", NAME, "/a")
        assertNull(explain(mapOf("ours" to key), "GET", NAME, "/a", signed.toki))
        val told = explain(mapOf("ours" to key), "HEAD", NAME, "/a", signed.toki)
        assertTrue(told!!.contains("method", ignoreCase = true) || told.contains("HEAD"), told)
    }
}
