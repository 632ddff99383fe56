package com.oscartoki.internal

import java.lang.ref.PhantomReference
import java.lang.ref.ReferenceQueue

/** What a handle of the C door stands for, and is given back to. */
internal enum class Kind(val free: (Long) -> Int) {
    CLIENT({ Plain.oscar_client_free(it) }),
    SIGN_CONTEXT({ Plain.oscar_sign_context_free(it) }),
    CALL({ Plain.oscar_call_free(it) }),
    SERVICE({ Plain.oscar_service_free(it) }),
    VERDICT({ Plain.oscar_verdict_free(it) }),
    MESSAGE({ Plain.oscar_message_free(it) }),
    RING_FILES({ Plain.oscar_ring_files_free(it) }),
    MESSAGE_MEMORY({ Plain.oscar_message_memory_free(it) }),
}

/**
 * A handle that its owner holds: freed when the owner closes it or is gone. `java.lang.ref.Cleaner` would do, but Android has it from 33 on only,
 * and one lock for all threads is too narrow for an object per request: here are sixteen.
 */
internal class Held(owner: Any, private val kind: Kind, /** The handle; the C door knows whether it is still alive. */ val now: Long) :
    PhantomReference<Any>(owner, queue) {
    private val ring = rings[(Thread.currentThread().id and 15).toInt()]
    private var before: Held? = null
    private var after: Held? = null
    private var mine = true

    init {
        synchronized(ring) {
            after = ring.first
            after?.before = this
            ring.first = this
        }
    }

    /** The handle, for a call that uses it up; a second time it is what the C door calls replayed. */
    fun take(): Long {
        release()
        return now
    }

    fun close() {
        clear()
        if (release() && now != 0L) kind.free(now)
    }

    /** Whether it was still to be freed. */
    private fun release(): Boolean =
        synchronized(ring) {
            if (!mine) return false
            mine = false
            if (ring.first === this) ring.first = after else before?.after = after
            after?.before = before
            before = null
            after = null
            true
        }

    private class Ring {
        var first: Held? = null
    }

    internal companion object {
        private val queue = ReferenceQueue<Any>()
        private val rings = Array(16) { Ring() }

        init {
            val reaper = Thread({ while (true) (queue.remove() as Held).close() }, "oscartoki-cleaner")
            reaper.isDaemon = true
            reaper.start()
        }

        /** How many are still to be freed; for tests. */
        fun alive(): Int = rings.sumOf { ring -> synchronized(ring) { generateSequence(ring.first) { it.after }.count() } }
    }
}

/** Keeps an owner reachable up to here, while a call uses its handle. `Reference.reachabilityFence` is Java 9 and Android 28. */
internal fun keep(owner: Any) {
    if (Kept.never === owner) throw AssertionError()
}

private object Kept {
    @Volatile @JvmField var never: Any? = null
}
