@file:JvmName("Oscar")

package com.oscartoki

import com.oscartoki.internal.Cold
import com.oscartoki.internal.Library
import com.oscartoki.internal.Slice
import com.oscartoki.internal.VERSION
import com.oscartoki.internal.core.Request
import com.oscartoki.internal.core.explainRequest
import java.io.File

/** The version of this library. */
public fun version(): String {
    Library.ready()
    return VERSION
}

/** The key text in a file: its one line that is neither blank nor a comment. */
public fun secretFrom(path: String): String {
    val texts = File(path).readLines().map(String::trim).filter { it.isNotEmpty() && !it.startsWith("#") }
    require(texts.size == 1) { "$path: one key text is needed, ${texts.size} were found" }
    return texts[0]
}

/** A to Z folded, one trailing `:80` or `:443` removed. */
public fun normaliseAuthority(name: String): String = Cold.text("authority_normalise", 256, Slice(name))

/**
 * For development: what altered a request whose MAC does not fit, in a sentence, or null. [keys] by a label each, the service's own first.
 */
@JvmOverloads
public fun explain(
    keys: Map<String, AudienceKey>,
    method: String,
    authority: String,
    target: String,
    toki: String,
    grant: String? = null,
    body: ByteArray = NOTHING,
    ext: ByteArray = NOTHING,
): String? {
    val request = Request(method, authority, target, ext, body, null)
    return speaking { explainRequest(keys.keys.toList(), keys.values.map { it.native }, request, toki, grant) }
}
