package com.oscartoki.internal

import java.nio.ByteBuffer

/** Lower-case hex. */
internal fun hex(bytes: ByteArray): String {
    val digits = CharArray(bytes.size * 2)
    for (i in bytes.indices) {
        val byte = bytes[i].toInt()
        digits[2 * i] = "0123456789abcdef"[(byte shr 4) and 15]
        digits[2 * i + 1] = "0123456789abcdef"[byte and 15]
    }
    return String(digits)
}

/** What UniFFI takes in place of a byte slice. */
internal fun inDirectBuffer(bytes: ByteArray): ByteBuffer {
    val buffer = ByteBuffer.allocateDirect(bytes.size)
    buffer.put(bytes)
    (buffer as java.nio.Buffer).flip()
    return buffer
}
