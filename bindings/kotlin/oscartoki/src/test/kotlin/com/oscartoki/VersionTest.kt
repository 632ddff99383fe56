package com.oscartoki

import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir
import java.io.File
import java.nio.file.Files
import java.nio.file.Path

/** A library that does not fit the wrapper, or is not there, is told in a sentence. */
class VersionTest {
    @TempDir
    lateinit var folder: Path

    private fun said(vararg flags: String): String {
        val java = File(System.getProperty("java.home"), "bin/java").path
        val started = ProcessBuilder(java, *flags, "-cp", System.getProperty("java.class.path"), "com.oscartoki.VersionTestKt").redirectErrorStream(true).start()
        return started.inputStream.readAllBytes().decodeToString()
    }

    private fun library(version: String, abi: Int): String {
        val source = folder.resolve("fake.c")
        Files.writeString(source, "const char *oscar_version(void) { return \"$version\"; } unsigned oscar_abi_version(void) { return $abi; }\n")
        val made = ProcessBuilder("cc", "-shared", "-fPIC", "-o", folder.resolve("liboscartoki.so").toString(), source.toString()).inheritIO().start().waitFor()
        assertEquals(0, made)
        return "-Djna.library.path=$folder"
    }

    @Test
    fun `another version`() {
        val told = said(library("9.9.9", 1))
        assertTrue(told.contains("oscartoki 0.1.0 needs its own library, but found liboscartoki 9.9.9"), told)
    }

    @Test
    fun `another ABI`() {
        val told = said(library("0.1.0", 99))
        assertTrue(told.contains("has ABI 99"), told)
    }

    @Test
    fun `no library for this machine`() {
        val told = said("-Duniffi.component.oscartoki.libraryOverride=oscartoki-that-is-not-there")
        assertTrue(told.contains("has no native library for this machine"), told)
    }

    @Test
    fun `this one fits`() {
        assertEquals("0.1.0", version())
        assertEquals("works 0.1.0", said().trim())
    }
}

fun main() {
    try {
        println("works " + version())
    } catch (fault: UnsatisfiedLinkError) {
        println(fault.message)
    }
}
