package com.oscartoki.internal

import com.oscartoki.OscarError
import com.sun.jna.IntegerType
import com.sun.jna.Native

/** A size of the C door. */
internal class Size(value: Long) : IntegerType(Native.SIZE_T_SIZE, value, true) {
    constructor() : this(0)

    override fun toByte(): Byte = toLong().toByte()

    override fun toShort(): Short = toLong().toShort()
}

/** Calls of the C door that are not hot: by name, with byte arrays for what is read and written. */
internal object Cold {
    /** The status. A [ByteArray] is a pointer, a [Slice] a pointer and a length. */
    fun status(name: String, vararg given: Any?): Int {
        val arguments = ArrayList<Any?>(given.size * 2)
        for (one in given) {
            if (one is Slice) {
                arguments.add(one.bytes)
                arguments.add(Size((one.bytes?.size ?: 0).toLong()))
            } else {
                arguments.add(one)
            }
        }
        return Library.native.getFunction("oscar_$name").invokeInt(arguments.toTypedArray())
    }

    fun call(name: String, vararg given: Any?) {
        val status = status(name, *given)
        if (status != 0) throw OscarError.of(status)
    }

    /** A call that writes a text into a buffer, which it takes last. */
    fun text(name: String, room: Int, vararg given: Any?): String {
        val out = ByteArray(room)
        call(name, *given, Slice(out))
        return out.textAt(0, room)
    }
}

/** A pointer and a length; null is nothing. */
internal class Slice(val bytes: ByteArray?) {
    constructor(text: String?) : this(text?.toByteArray(Charsets.UTF_8))
}
