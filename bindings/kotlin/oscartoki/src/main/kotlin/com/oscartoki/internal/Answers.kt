package com.oscartoki.internal

/** Whether an answer's toki covers its content: what a layer looks at before it decides to read a stream or to hand it out. */
internal fun coversContent(toki: String?): Boolean {
    val claims = ByteArray(16)
    if (Cold.status("answer_toki_parse", Slice(toki), claims) != 0) return true
    return claims[10].toInt() != 0
}
