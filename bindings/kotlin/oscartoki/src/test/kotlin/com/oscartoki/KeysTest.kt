package com.oscartoki

import org.junit.jupiter.api.Assertions.assertArrayEquals
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertNotNull
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir
import java.io.IOException
import java.nio.file.Files
import java.nio.file.Path
import java.nio.file.attribute.PosixFilePermissions

/** Key material, rings, files, memories. */
class KeysTest {
    @TempDir
    lateinit var folder: Path

    private val section9 = Secret.fromBytes(ByteArray(32) { it.toByte() })

    @Test
    fun `texts are read back and printed nowhere else`() {
        val secret = Secret.generate()
        val text = secret.toText()
        assertEquals(text, Secret.parse(text).toText())
        val key = secret.audienceKey(NAME)
        assertEquals(key.toText(), AudienceKey.parse(key.toText()).toText())
        assertArrayEquals(secret.kid(), key.kid)
        for (printed in listOf(secret.toString(), key.toString(), World(secret).client().toString(), World(secret).service().toString())) {
            assertFalse(printed.contains(text.substring(4, 20)), printed)
            assertFalse(printed.contains(key.toText().substring(16, 40)), printed)
        }
        assertEquals("1f0e6552cdeefa20", section9.kid().joinToString("") { "%02x".format(it) })
        assertArrayEquals(byteArrayOf(1, 2, 3, 4, 5, 6, 7, 8), key.withKid(byteArrayOf(1, 2, 3, 4, 5, 6, 7, 8)).kid)
    }

    @Test
    fun `what is no key is refused by its name`() {
        val key = section9.audienceKey(NAME)
        assertThrows(OscarError.WrongKind::class.java) { Secret.parse(key.toText()) }
        assertThrows(OscarError.WrongKind::class.java) { AudienceKey.parse(section9.toText()) }
        assertThrows(OscarError.WrongKind::class.java) { Session.parse(key.toText()) }
        assertThrows(OscarError.Malformed::class.java) { Secret.parse("os2.short") }
        assertThrows(OscarError.WeakSecret::class.java) { Secret.fromBytes(ByteArray(32)) }
        assertThrows(OscarError.WeakSecret::class.java) { Secret.fromBytes(ByteArray(31) { it.toByte() }) }
        assertThrows(OscarError.Unsignable::class.java) { section9.audienceKey("a b") }
        assertThrows(OscarError.Unsignable::class.java) { section9.audienceKey(NAME, -1) }
        assertThrows(OscarError::class.java) { key.withKid(ByteArray(7)) }
        assertThrows(OscarError.WrongKind::class.java) { Client("oz2.x", NAME) }
        assertThrows(IllegalArgumentException::class.java) { Client.builder().build() }
        assertThrows(IllegalArgumentException::class.java) { Client.builder().secret(section9).audienceKey(key) }
    }

    @Test
    fun `a ring`() {
        val ring = Keyring(NAME)
        ring.add(section9.audienceKey(NAME))
        ring.add(section9.audienceKey(NAME).toText())
        assertEquals(1, ring.kids.size)
        assertTrue(ring.holds(section9.kid()))
        assertThrows(OscarError.KidTaken::class.java) { ring.add(Secret.generate().audienceKey(NAME).withKid(section9.kid())) }
        assertThrows(OscarError.WrongKind::class.java) { ring.add(section9.toText()) }
        assertThrows(OscarError.Malformed::class.java) { ring.load("rubbish") }
        assertTrue(ring.faultInKeys("rubbish")!!.contains("1"))
        assertNull(ring.faultInKeys(section9.audienceKey(NAME).toText()))
        assertTrue(ring.holds(section9.kid()))
        ring.load("# nobody\n")
        assertFalse(ring.holds(section9.kid()))
        assertThrows(OscarError.Malformed::class.java) { ring.loadRevocations("revoked nobody") }
        assertThrows(OscarError.Malformed::class.java) { ring.revokeIssuedBefore(section9.kid(), -1) }
    }

    @Test
    fun `key files and revocations are followed`() {
        val world = World()
        val keys = folder.resolve("keys")
        val revoked = folder.resolve("revoked")
        Files.writeString(keys, "# none yet\n")
        val service = Service.builder().authorities(NAME).keysFile(keys.toFile()).revocationsFile(revoked.toFile()).memory(MemoryReplayLog(1000)).firstStart().build()
        val client = world.client()
        fun name(): String? = client.sign("GET", NAME, "/").let { (service.verify("GET", NAME, "/", it.toki, it.grant) as? Refusal)?.name }
        fun until(wanted: String?) {
            val end = System.nanoTime() + 2_000_000_000
            while (name() != wanted) {
                assertTrue(System.nanoTime() < end, "not $wanted within two seconds")
                Thread.sleep(50)
            }
        }
        assertEquals("unknown_key", name())
        Files.writeString(keys, world.secret.audienceKey(NAME).toText() + "\n")
        until(null)
        Files.writeString(keys, "rubbish\n")
        Thread.sleep(1000)
        assertNull(name())
        service.revokeKey(world.secret.kid())
        assertEquals("revoked", name())
        assertTrue(Files.readString(revoked).startsWith("revoked "))
        val other = Service.builder().authorities(NAME).keys(world.secret.audienceKey(NAME).toText()).revocationsFile(revoked.toFile()).memory(MemoryReplayLog(1000)).firstStart().build()
        val signed = client.sign("GET", NAME, "/")
        assertEquals("revoked", (other.verify("GET", NAME, "/", signed.toki) as Refusal).name)
        assertThrows(IOException::class.java) { Service.builder().authorities(NAME).keysFile(folder.resolve("absent").toFile()).build() }
    }

    @Test
    fun `a mapped memory is shared and survives`() {
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwx------"))
        val world = World()
        val path = folder.resolve("memory")
        val signed = world.client().sign("GET", NAME, "/")
        fun judge() = world.service { memory(path.toFile()).firstStart() }.use { it.verify("GET", NAME, "/", signed.toki) }
        assertTrue(judge().accepted)
        assertEquals("replayed", (judge() as Refusal).name)
        assertThrows(IOException::class.java) { MappedReplayLog(folder.resolve("no/such/folder").toString()) }
        assertNotNull(MappedReplayLog.defaultPath(NAME, listOf(section9.kid())))
        assertEquals("busy", (world.service { memory(NoReplayLog()) }.verify("GET", NAME, "/", signed.toki) as? Refusal)?.name ?: "busy")
        val post = world.client { trustClock() }.sign("POST", NAME, "/")
        assertEquals("busy", (world.service { memory(NoReplayLog()) }.verify("POST", NAME, "/", post.toki) as Refusal).name)
    }

    @Test
    fun `a full memory refuses`() {
        val world = World()
        val service = world.service { memory(MemoryReplayLog.exact(1)) }
        fun judge() = world.client().sign("GET", NAME, "/").let { service.verify("GET", NAME, "/", it.toki) }
        assertTrue(judge().accepted)
        assertEquals("busy", (judge() as Refusal).name)
    }

    @Test
    fun `a service that is misconfigured is not made`() {
        assertThrows(OscarError.Malformed::class.java) { Service(listOf(section9.audienceKey(NAME).toText()), listOf("a/b")) }
        assertThrows(OscarError.WrongKind::class.java) { Service(listOf(section9.toText()), listOf(NAME)) }
        assertThrows(OscarError.Policy::class.java) { World().service { windowMs(10) } }
        assertThrows(OscarError::class.java) { normaliseAuthority("a b") }
        assertEquals("a.example.com", normaliseAuthority("A.example.com:443"))
    }

    @Test
    fun `a secret's file holds one key`() {
        val file = folder.resolve("secret")
        Files.writeString(file, "# mine\n\n${section9.toText()}\n")
        assertEquals(section9.toText(), secretFrom(file.toString()))
        Files.writeString(file, "# nothing\n")
        assertThrows(IllegalArgumentException::class.java) { secretFrom(file.toString()) }
    }
}
