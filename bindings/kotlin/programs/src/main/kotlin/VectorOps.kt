/** The operations without steps. */

import com.google.gson.JsonObject
import com.oscartoki.AudienceKey
import com.oscartoki.Dialect
import com.oscartoki.Hazmat
import com.oscartoki.Keyring
import com.oscartoki.MemoryReplayLog
import com.oscartoki.OscarError
import com.oscartoki.PendingBody
import com.oscartoki.Secret
import com.oscartoki.Service
import com.oscartoki.Session
import com.oscartoki.VerifiedRequest
import com.oscartoki.normaliseAuthority
import com.oscartoki.v1.Key

const val KEYED = "secret_hex audience_key audience generation "
const val REQUEST = "method authority target ext_hex body_hex body_sha256_hex "
const val ANSWER = "status grant ext_hex body_hex body_sha256_hex "
const val MESSAGE = "destination type ext_hex body_hex body_sha256_hex toki "
const val URL = "method authority target ext_hex "
const val TICKET = "ticket origin "

private class Op(val members: String, val run: (Given) -> Told)

fun evaluate(name: String, given: JsonObject): Told {
    val op = OPS[name] ?: throw Unknown("op $name")
    return op.run(members(given, op.members.trim(), name))
}

/** What a text or number can't be is this error here. */
fun key(given: Given, unfit: String = "malformed"): AudienceKey {
    given.opt("audience_key")?.let { return AudienceKey.parse(it) }
    try {
        val audience = given.opt("audience") ?: normaliseAuthority(given.text("authority"))
        return Secret.fromBytes(given.hex("secret_hex")).audienceKey(audience, given.optNumber("generation") ?: 0)
    } catch (refusal: OscarError) {
        throw if (refusal is OscarError.Unsignable || refusal is OscarError.Malformed) Renamed(unfit) else refusal
    }
}

/** An error of the runner's own making, of a name of the protocol: [attempted] tells it. */
class Renamed(val name: String) : Exception(name)

fun service(keys: List<AudienceKey>, names: List<String>, audience: String, startMs: Long, capacity: Long? = null, more: Service.Builder.() -> Unit = {}): Service {
    val ring = Keyring(audience)
    keys.forEach(ring::add)
    val memory = if (capacity == null) MemoryReplayLog(1 shl 14) else MemoryReplayLog.exact(capacity)
    return Service.builder().authorities(names).keyring(ring).memory(memory).firstStart().emptyQueryHidden(false).startMs(startMs).apply(more).build()
}

private fun fresh(given: Given): Service {
    val key = key(given)
    val audience = given.text("audience")
    // An audience that is no authority leaves the list of names empty.
    val names = try {
        normaliseAuthority(audience)
        listOf(audience)
    } catch (refusal: OscarError) {
        emptyList()
    }
    return service(listOf(key), names, audience.ifEmpty { "audience" }, given.number("now_ms"))
}

fun verify(service: Service, given: Given): Told {
    var verdict = service.verify(
        given.text("method"), given.text("authority"), given.text("target"), given.opt("toki"), given.opt("grant"), given.body, given.hex("ext_hex"), given.digest,
        given.number("now_ms"),
    )
    if (verdict is PendingBody) {
        val arrived = given.optHex("finish_body_hex")
        verdict = if (arrived == null) verdict.finishDigest(given.hex("body_sha256_hex")) else verdict.finish(arrived)
    }
    verdict.throwForRefusal()
    verdict as VerifiedRequest
    return mapOf(
        "kid_hex" to hex(verdict.kid), "sid_hex" to verdict.sid?.let(::hex), "ts_ms" to verdict.tsMs, "nonce_hex" to hex(verdict.nonce), "want" to verdict.want,
    )
}

fun message(service: Service, given: Given): Told {
    val made = service.verifyMessage(
        given.text("destination"), given.text("type"), given.body, given.opt("toki"), given.hex("ext_hex"), given.digest, nowMs = given.number("now_ms"),
    )
    return mapOf("kid_hex" to hex(made.kid), "ts_ms" to made.tsMs, "ttl_s" to made.ttlS, "verdict" to made.freshness.name.lowercase())
}

fun url(service: Service, given: Given): Told {
    val made = service.verifyUrl(given.text("method"), given.text("authority"), given.text("target"), given.hex("ext_hex"), nowMs = given.number("now_ms"))
    return mapOf("kid_hex" to hex(made.kid), "exp_ms" to made.expMs)
}

fun ticket(service: Service, given: Given): Told {
    val made = service.verifyTicket(given.opt("ticket"), given.opt("origin"), nowMs = given.number("now_ms"))
    return mapOf("kid_hex" to hex(made.kid), "connection_hex" to hex(made.connection), "ts_ms" to made.tsMs)
}

private fun dialect(given: Given): Dialect = Dialect.entries.find { it.name.lowercase() == (given.opt("dialect") ?: "any") } ?: throw Unknown("dialect ${given.opt("dialect")}")

private val OPS: Map<String, Op> = mapOf(
    "key.derive" to Op("secret_hex secret audience generation") { given ->
        val secret = given.opt("secret")?.let(Secret::parse) ?: Secret.fromBytes(given.hex("secret_hex"))
        val key = secret.audienceKey(given.text("audience"), given.optNumber("generation") ?: 0)
        mapOf("secret" to secret.toText(), "kid_hex" to hex(key.kid), "audience_key" to key.toText(), "audience_key_hex" to hex(Hazmat.expose(key)))
    },
    "key.parse" to Op("text kind") { given ->
        val text = given.text("text")
        val printed = when (given.opt("kind")) {
            "secret" -> Secret.parse(text).toText()
            "audience_key" -> AudienceKey.parse(text).toText()
            "session" -> Session.parse(text).toText()
            else -> throw Unknown("kind ${given.opt("kind")}")
        }
        mapOf("text" to printed)
    },
    "toki.mint" to Op(KEYED + REQUEST + "ts_ms nonce_hex want grant") { given ->
        val toki = Hazmat.mintRequest(
            key(given, "unsignable"), given.text("method"), given.text("authority"), given.text("target"), given.body, given.number("ts_ms"), given.hex("nonce_hex"),
            given.flag("want"), given.opt("grant"), given.hex("ext_hex"), given.digest,
        )
        mapOf("toki" to toki)
    },
    "toki.verify" to Op(KEYED + REQUEST + "now_ms toki grant finish_body_hex") { verify(fresh(it), it) },
    "grant.mint" to Op(KEYED + "request_toki sid_hex exp_s ttl_s") { given ->
        val key = key(given, "unsignable")
        mapOf("grant" to Hazmat.mintGrant(key, given.text("request_toki"), given.hex("sid_hex"), given.number("exp_s"), given.number("ttl_s")))
    },
    "answer.mint" to Op(KEYED + ANSWER + "session_grant request_toki code ts_ms") { given ->
        val toki = Hazmat.mintAnswer(
            key(given, "unsignable"), given.text("request_toki"), given.number("status").toInt(), given.body, given.number("code").toInt(), given.number("ts_ms"),
            given.opt("session_grant"), given.opt("grant"), given.hex("ext_hex"), given.digest,
        )
        mapOf("toki" to toki)
    },
    "answer.verify" to Op(KEYED + ANSWER + "session_grant request_toki toki") { given ->
        val judged = Hazmat.accept(
            key(given), given.text("request_toki"), given.number("status").toInt(), given.body, given.opt("toki"), given.opt("grant"), given.opt("session_grant"),
            given.hex("ext_hex"), given.digest,
        )
        mapOf("code" to judged.outcome.code, "ts_ms" to judged.tsMs, "sid_hex" to judged.outcome.adoptedSid?.let(::hex))
    },
    "message.mint" to Op(KEYED + "destination type ext_hex body_hex body_sha256_hex ts_ms nonce_hex ttl_s") { given ->
        val toki = Hazmat.mintMessage(
            key(given, "unsignable"), given.text("destination"), given.text("type"), given.body, given.number("ts_ms"), given.hex("nonce_hex"), given.number("ttl_s"),
            given.hex("ext_hex"), given.digest,
        )
        mapOf("toki" to toki)
    },
    "url.mint" to Op(KEYED + URL + "exp_ms") { given ->
        val key = key(given, "unsignable")
        mapOf("target" to Hazmat.mintUrl(key, given.text("method"), given.text("authority"), given.text("target"), given.number("exp_ms"), given.hex("ext_hex")))
    },
    "ticket.mint" to Op(KEYED + "connection_hex origin ts_ms nonce_hex") { given ->
        val key = key(given, "unsignable")
        mapOf("ticket" to Hazmat.mintTicket(key, given.hex("connection_hex"), given.number("ts_ms"), given.hex("nonce_hex"), given.opt("origin")))
    },
    "message.verify" to Op(KEYED + MESSAGE + "now_ms") { message(fresh(it), it) },
    "url.verify" to Op(KEYED + URL + "now_ms") { url(fresh(it), it) },
    "ticket.verify" to Op(KEYED + TICKET + "now_ms") { ticket(fresh(it), it) },
    "v1.mint" to Op("key now_ms") { mapOf("toki" to Key(it.text("key")).mint(it.number("now_ms"))) },
    "v1.verify" to Op("key toki now_ms dialect") { mapOf("ts_ms" to Key(it.text("key")).verify(it.text("toki"), dialect(it), it.number("now_ms"))) },
    "v1.tokikey.mint" to Op("key toki now_ms") { mapOf("tokikey" to Key(it.text("key")).mintTokikey(it.text("toki"), it.number("now_ms"))) },
    "v1.tokikey.verify" to Op("key toki tokikey now_ms dialect") {
        Key(it.text("key")).verifyTokikey(it.text("toki"), it.text("tokikey"), dialect(it), it.number("now_ms"))
        emptyMap()
    },
)
