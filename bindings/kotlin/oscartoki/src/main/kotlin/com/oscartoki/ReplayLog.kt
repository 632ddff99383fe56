package com.oscartoki

import com.oscartoki.internal.Held
import com.oscartoki.internal.Kind
import com.oscartoki.internal.bridge.MemoryException
import com.oscartoki.internal.bridge.cRefMessageMemory
import com.oscartoki.internal.bridge.defaultMemoryPath
import com.oscartoki.internal.bridge.mappedMemory
import java.io.IOException
import com.oscartoki.internal.core.MessageMemory as NativeMessageMemory
import com.oscartoki.internal.core.ReplayMemory

/** Some replay memory: what has been accepted is remembered until it can't be accepted again. Services that are given the same one remember together. */
public abstract class ReplayLog internal constructor(internal val native: ReplayMemory) : AutoCloseable {
    /** A memory for the consumers of one queue, on this log. [firstStart]: no earlier consumer could have seen a message. */
    @JvmOverloads
    public fun forMessages(firstStart: Boolean = false, nowMs: Long = wall()): MessageMemory =
        MessageMemory(speaking { NativeMessageMemory.on(native, firstStart, nowMs) })

    /** Frees it; a service that was made with it keeps it alive. */
    override fun close(): Unit = native.close()

    internal companion object {
        const val CAPACITY = 1_000_000L
    }
}

/** The memory of this one process. [exact]: exactly that capacity, without quotas, for tests. */
public class MemoryReplayLog @JvmOverloads constructor(capacity: Long = CAPACITY, exact: Boolean = false) :
    ReplayLog(speaking { if (exact) ReplayMemory.exact(capacity) else ReplayMemory.local(capacity) }) {

    public companion object {
        /** Exactly that capacity, without quotas; for tests. */
        @JvmStatic
        public fun exact(capacity: Long): MemoryReplayLog = MemoryReplayLog(capacity, exact = true)
    }
}

/** A file that the processes of one machine share; it also carries a single process over its restart. */
public class MappedReplayLog @JvmOverloads constructor(
    /** Where it lies. Its folder must exist and be private to this user. */
    public val path: String,
    capacity: Long = CAPACITY,
) : ReplayLog(telling { mappedMemory(path, capacity) }) {
    public companion object {
        /** A file of mode 0600 in this user's own folder, named after audience and kids. */
        @JvmStatic
        public fun defaultPath(audience: String, kids: List<ByteArray>): String = telling { defaultMemoryPath(audience, kids) }
    }
}

/** Remembers nothing and therefore refuses everything. */
public class NoReplayLog : ReplayLog(speaking { ReplayMemory.refusing() })

/** What the consumers of one queue remember together: [ReplayLog.forMessages]. */
public class MessageMemory internal constructor(made: NativeMessageMemory) : AutoCloseable {
    internal val held = Held(this, Kind.MESSAGE_MEMORY, made.use { cRefMessageMemory(it) })

    /** Frees it. */
    override fun close(): Unit = held.close()
}

private inline fun <T> telling(open: () -> T): T =
    try {
        speaking(open)
    } catch (unusable: MemoryException) {
        throw IOException(unusable.message)
    }
