package com.oscartoki.internal

import com.sun.jna.Native
import com.sun.jna.Pointer
import java.nio.Buffer
import java.nio.ByteBuffer
import java.nio.ByteOrder

/**
 * One thread's room for a crossing: fields are packed here as `lp(field)`, the C door reads them, and writes its struct here.
 * Begin with [here], pack, [place], call, read the struct; nothing of it is kept.
 */
internal class Scratch private constructor() {
    private var heap = ByteArray(1024)
    private var len = 0

    private val kept: ByteBuffer = direct(KEPT)
    private val keptAt = addressOf(kept)

    // What was placed last, when it is too long to be kept.
    private var once: ByteBuffer? = null

    /** Some field did not fit `lp`: nothing was packed, and the call would refuse. */
    var failed: Boolean = false
        private set

    val out: Long get() = keptAt
    val handle: Long get() = keptAt + HANDLE
    var packed: Long = 0
        private set
    val packedLen: Long get() = if (failed) 0 else len.toLong()
    var body: Long = 0
        private set
    var bodyLen: Long = 0
        private set

    private fun begin(): Scratch {
        len = 0
        failed = false
        once = null
        return this
    }

    fun be16(number: Int) {
        if (number !in 0..0xFFFF) failed = true
        room(2)
        heap[len++] = (number shr 8).toByte()
        heap[len++] = number.toByte()
    }

    /** `lp` of a text; null is empty. */
    fun field(text: String?) {
        if (text.isNullOrEmpty()) be16(0) else field(text.toByteArray(Charsets.UTF_8))
    }

    /** `lp` of bytes; null is empty. */
    fun field(bytes: ByteArray?) {
        if (bytes == null) return be16(0)
        be16(bytes.size)
        if (failed) return
        raw(bytes)
    }

    /** Toki and grant stand last, and only when they are there. */
    fun proofs(toki: String?, grant: String?) {
        if (toki == null) return
        field(toki)
        if (grant != null) field(grant)
    }

    /** `lp(name) lp(value)` of each header. */
    fun headers(headers: Iterable<Map.Entry<String, String>>) {
        for (header in headers) {
            field(header.key)
            field(httpBytes(header.value))
        }
    }

    fun raw(bytes: ByteArray) {
        room(bytes.size)
        System.arraycopy(bytes, 0, heap, len, bytes.size)
        len += bytes.size
    }

    fun packedBytes(): ByteArray = heap.copyOf(packedLen.toInt())

    /** Moves what was packed, and a body behind it, to where the C door reads it. */
    fun place(content: ByteArray? = null): Scratch {
        val size = content?.size ?: 0
        val fits = PACKED.toLong() + len + size <= KEPT
        val start = if (fits) PACKED else 0
        val buffer = if (fits) kept else direct(len + size).also { once = it }
        packed = (if (fits) keptAt else addressOf(buffer)) + start
        (buffer as Buffer).position(start)
        buffer.put(heap, 0, len)
        if (size == 0) {
            body = 0
            bodyLen = 0
        } else {
            buffer.put(content!!)
            body = packed + len
            bodyLen = size.toLong()
        }
        return this
    }

    private fun room(more: Int) {
        if (heap.size - len < more) heap = heap.copyOf(maxOf(heap.size * 2, len + more))
    }

    // ---- the struct that the C door wrote ----

    fun byte(at: Int): Int = kept.get(at).toInt() and 0xFF
    fun flag(at: Int): Boolean = kept.get(at).toInt() != 0
    fun int(at: Int): Int = kept.getInt(at)
    fun long(at: Int): Long = kept.getLong(at)
    fun handle(): Long = kept.getLong(HANDLE)

    fun bytes(at: Int, size: Int): ByteArray {
        val copy = ByteArray(size)
        (kept as Buffer).position(at)
        kept.get(copy)
        return copy
    }

    /** Room for what a call leaves unwritten when it refuses. */
    fun set(at: Int, number: Int) {
        kept.putInt(at, number)
    }

    internal companion object {
        private const val KEPT = 1 shl 17
        private const val HANDLE = 384
        private const val PACKED = 512
        private val mine = object : ThreadLocal<Scratch>() {
            override fun initialValue() = Scratch()
        }

        /** This thread's, empty. */
        fun here(): Scratch = mine.get()!!.begin()

        private fun direct(size: Int): ByteBuffer = ByteBuffer.allocateDirect(maxOf(size, 1)).order(ByteOrder.nativeOrder())
        private fun addressOf(buffer: ByteBuffer): Long = Pointer.nativeValue(Native.getDirectBufferPointer(buffer))
    }
}

/** The bytes of a header's value: HTTP's own Latin-1, and UTF-8 where that does not suffice. */
internal fun httpBytes(text: String): ByteArray =
    if (text.all { it.code <= 0xFF }) text.toByteArray(Charsets.ISO_8859_1) else text.toByteArray(Charsets.UTF_8)

/** A zero-terminated text out of a struct. */
internal fun ByteArray.textAt(from: Int, room: Int): String {
    var end = from
    while (end < from + room && this[end] != 0.toByte()) end++
    return String(this, from, end - from, Charsets.ISO_8859_1)
}
