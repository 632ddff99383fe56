package com.oscartoki

import com.oscartoki.internal.Held
import com.oscartoki.internal.Kind
import com.oscartoki.internal.Plain
import com.oscartoki.internal.bridge.RingFileException
import com.oscartoki.internal.bridge.cRefRingFiles
import com.oscartoki.internal.keep
import java.io.IOException
import java.util.logging.Level
import java.util.logging.Logger
import com.oscartoki.internal.bridge.RingFiles as NativeRingFiles

/** The files behind a ring, followed: looked at before each verification, without a thread of its own. */
internal class RingFiles private constructor(private val native: NativeRingFiles) : AutoCloseable {
    private val held = Held(this, Kind.RING_FILES, cRefRingFiles(native))

    /** Takes over what has changed. A fault is told once; what was good stays in force. */
    fun refresh() {
        val status = Plain.oscar_ring_files_refresh(held.now)
        keep(this)
        if (status != 0) log.log(Level.SEVERE, "keys or revocations are not taken over: {0}", Plain.oscar_last_detail())
    }

    fun append(line: String) {
        telling { native.append(line) }
    }

    override fun close() {
        held.close()
        native.close()
    }

    companion object {
        private val log = Logger.getLogger("com.oscartoki")

        fun open(ring: Keyring, keys: List<String>, fixed: String, revocations: String?): RingFiles =
            RingFiles(telling { NativeRingFiles.open(ring.native, keys, fixed, revocations) })

        private inline fun <T> telling(act: () -> T): T =
            try {
                speaking(act)
            } catch (fault: RingFileException.Fault) {
                val sentence = "${fault.path}: ${fault.sentence}"
                throw if (fault.name in OscarError.names) OscarError.named(fault.name, OscarError.Said(sentence)) else IOException(sentence)
            }
    }
}
