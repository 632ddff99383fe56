package com.oscartoki

import com.oscartoki.internal.Plain
import com.oscartoki.internal.core.OscarException
import java.io.IOException

/**
 * What this protocol refuses: one class for each name, the same names in every language. `docs/errors.md` tells cause and fix.
 *
 * It is an [IOException], which OkHttp, `java.net.http` and servlets all speak.
 */
public sealed class OscarError private constructor(
    /** The stable name, such as `bad_mac`. */
    public val name: String,
    sentence: String,
    /** A client's: false only where it is certain that the request had no effect; null outside of a call. */
    public val mayHaveRun: Boolean?,
    /** A client's: whether the answer was authentic. */
    public val signed: Boolean,
    /** The HTTP status: of the answer that a client got, or the one that a service refuses with. */
    public val status: Int?,
) : IOException(if (sentence.isEmpty()) name else "$name: ${sentence.removePrefix("$name: ")}") {

    /** Not in the one allowed form. */
    public class Malformed internal constructor(said: Said) : OscarError("malformed", said)

    /** No toki where one is needed. */
    public class Missing internal constructor(said: Said) : OscarError("missing", said)

    /** A field that cannot be signed. */
    public class Unsignable internal constructor(said: Said) : OscarError("unsignable", said)

    /** A name that is not this service's. */
    public class UnknownAuthority internal constructor(said: Said) : OscarError("unknown_authority", said)

    /** The key id is not held here. */
    public class UnknownKey internal constructor(said: Said) : OscarError("unknown_key", said)

    /** Not authentic. */
    public class BadMac internal constructor(said: Said) : OscarError("bad_mac", said)

    /** Outside the window, or at or below the floor. */
    public class Stale internal constructor(said: Said) : OscarError("stale", said)

    /** Seen before. */
    public class Replayed internal constructor(said: Said) : OscarError("replayed", said)

    /** The session is over. */
    public class GrantExpired internal constructor(said: Said) : OscarError("grant_expired", said)

    /** The key, the session or its issue time is revoked. */
    public class Revoked internal constructor(said: Said) : OscarError("revoked", said)

    /** The content is not what was signed. */
    public class BodyMismatch internal constructor(said: Said) : OscarError("body_mismatch", said)

    /** Authentic, but not allowed here. */
    public class Policy internal constructor(said: Said) : OscarError("policy", said)

    /** Could not be remembered: try later. */
    public class Busy internal constructor(said: Said) : OscarError("busy", said)

    /** A message or URL past its end. */
    public class Expired internal constructor(said: Said) : OscarError("expired", said)

    /** A message from more than 300 seconds ahead. */
    public class NotYet internal constructor(said: Said) : OscarError("not_yet", said)

    /** The framework does not show the raw request target; the sentence names the fix. */
    public class RawTargetHidden internal constructor(said: Said) : OscarError("raw_target_hidden", said)

    /** The answer stands, its grant is not ours. */
    public class BadGrant internal constructor(said: Said) : OscarError("bad_grant", said)

    /** A key text in another's place. */
    public class WrongKind internal constructor(said: Said) : OscarError("wrong_kind", said)

    /** Key material is too weak. */
    public class WeakSecret internal constructor(said: Said) : OscarError("weak_secret", said)

    /** Another key stands under this kid. */
    public class KidTaken internal constructor(said: Said) : OscarError("kid_taken", said)

    /** OscarToki v1: a core that this service minted came back as a request. */
    public class Reflected internal constructor(said: Said) : OscarError("reflected", said)

    /** Wrong use of the library itself, such as a closed object, a file that can't be used, or a fault inside it: [name] says which. */
    public class Internal internal constructor(name: String, said: Said) : OscarError(name, said)

    private constructor(name: String, said: Said) : this(name, said.sentence, said.mayHaveRun, said.signed, said.status)

    /** What all of them are made of. */
    internal class Said(
        internal val sentence: String,
        internal val mayHaveRun: Boolean? = null,
        internal val signed: Boolean = false,
        internal val status: Int? = null,
    )

    public companion object {
        private val byName: Map<String, (Said) -> OscarError> = mapOf(
            "malformed" to ::Malformed, "missing" to ::Missing, "unsignable" to ::Unsignable, "unknown_authority" to ::UnknownAuthority,
            "unknown_key" to ::UnknownKey, "bad_mac" to ::BadMac, "stale" to ::Stale, "replayed" to ::Replayed,
            "grant_expired" to ::GrantExpired, "revoked" to ::Revoked, "body_mismatch" to ::BodyMismatch, "policy" to ::Policy, "busy" to ::Busy,
            "expired" to ::Expired, "not_yet" to ::NotYet, "raw_target_hidden" to ::RawTargetHidden, "bad_grant" to ::BadGrant,
            "wrong_kind" to ::WrongKind, "weak_secret" to ::WeakSecret, "kid_taken" to ::KidTaken, "reflected" to ::Reflected,
        )

        /** The names of the protocol. */
        @JvmStatic
        public val names: Set<String> get() = byName.keys

        internal fun named(name: String, said: Said): OscarError = byName[name]?.invoke(said) ?: Internal(name, said)

        /** The error of a status of the C door; without a [detail] that of the last call of this thread. */
        internal fun of(
            status: Int,
            detail: String? = Plain.oscar_last_detail(),
            mayHaveRun: Boolean? = null,
            signed: Boolean = false,
            http: Int? = null,
        ): OscarError {
            val sentence = if (detail.isNullOrEmpty()) Plain.oscar_status_message(status) else detail
            return named(nameOf(status), Said(sentence, mayHaveRun, signed, http))
        }

        internal fun nameOf(status: Int): String = Plain.oscar_error_name(status) ?: "internal"

        /** The error of a generated one, whose text begins with its name. */
        internal fun of(generated: OscarException): OscarError {
            val text = generated.message ?: "internal"
            return named(text.substringBefore(": "), Said(text.substringAfter(": ", "")))
        }
    }
}

/** Raises the library's errors as ours. */
internal inline fun <T> speaking(act: () -> T): T =
    try {
        com.oscartoki.internal.Library.ready()
        act()
    } catch (generated: OscarException) {
        throw OscarError.of(generated)
    }
