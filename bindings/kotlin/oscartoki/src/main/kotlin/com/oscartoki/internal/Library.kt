package com.oscartoki.internal

import com.sun.jna.Native
import com.sun.jna.NativeLibrary
import com.sun.jna.Platform

/** The version of this wrapper, and of the library that it fits. */
internal const val VERSION: String = "0.1.0"
private const val ABI_VERSION = 1

/** Finds the native library, in the jar or where `jna.library.path` says, and sees to it that it fits before anything else is called. */
internal object Library {
    // UniFFI's generated code looks at the same property.
    private val name: String = System.getProperty("uniffi.component.oscartoki.libraryOverride") ?: "oscartoki"

    val native: NativeLibrary = found().also(::fits)

    fun register(calls: Class<*>) {
        Native.register(calls, native)
    }

    /** Errors of loading are told from the first use of anything. */
    fun ready() {
        native
    }

    private fun found(): NativeLibrary =
        try {
            // By class loader, as the generated code asks for it: otherwise JNA would unpack and load a second one.
            NativeLibrary.getInstance(name, Library::class.java.classLoader)
        } catch (absent: UnsatisfiedLinkError) {
            val sentence = "oscartoki has no native library for this machine (${Platform.RESOURCE_PREFIX}) or could not unpack it: the jar brings it in a folder of that name, " +
                "jna.library.path can name another place, and jna.tmpdir a folder that may hold code"
            throw UnsatisfiedLinkError("$sentence. ${absent.message}").apply { initCause(absent) }
        }

    private fun fits(library: NativeLibrary) {
        val version = text(library, "oscar_version")
        if (version != VERSION) {
            throw UnsatisfiedLinkError(
                "oscartoki $VERSION needs its own library, but found liboscartoki ${version ?: "of an unknown version"} (${library.file ?: name}): " +
                    "use the one in the jar; see jna.library.path",
            )
        }
        val abi = library.getFunction("oscar_abi_version").invokeInt(emptyArray())
        if (abi != ABI_VERSION) {
            throw UnsatisfiedLinkError("the C door of ${library.file ?: name} has ABI $abi, this oscartoki was built for ABI $ABI_VERSION: use the library in the jar")
        }
    }

    private fun text(library: NativeLibrary, function: String): String? =
        try {
            library.getFunction(function).invokeString(emptyArray(), false)
        } catch (absent: UnsatisfiedLinkError) {
            null
        }
}
