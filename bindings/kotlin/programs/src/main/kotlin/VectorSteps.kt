/** The two operations with steps: one service, or one client, through all of them. */

import com.google.gson.JsonObject
import com.oscartoki.CallOptions
import com.oscartoki.Client
import com.oscartoki.Hazmat
import com.oscartoki.OscarError
import com.oscartoki.SignedRequest

/** A construction that worked, and what each of its steps gives. */
abstract class Steps(private val allowed: Map<String, String>) {
    protected abstract fun run(index: Int, what: String, given: Given): Told

    fun take(index: Int, what: String, given: JsonObject): Told =
        run(index, what, members(given, (allowed[what] ?: throw Unknown("step $what")).trim(), what))

    /** How to make one. */
    class Op(val allowed: String, private val make: (Given) -> Steps) : (Given) -> Steps by make
}

val STEPS: Map<String, Steps.Op> = mapOf(
    "service" to Steps.Op("keys authorities window_ms max_ttl_s start_ms first_start memory capacity steps", ::ServiceSteps),
    "client" to Steps.Op(KEYED + "delegated steps", ::ClientSteps),
)

private class ServiceSteps(given: Given) : Steps(
    mapOf(
        "verify" to REQUEST + "now_ms toki grant finish_body_hex",
        "revoke_key" to "kid_hex now_ms",
        "revoke_session" to "kid_hex sid_hex now_ms",
        "revoke_issued_before" to "kid_hex before_s now_ms",
        "message" to KEYED + MESSAGE + "now_ms",
        "url" to KEYED + URL + "now_ms",
        "ticket" to KEYED + TICKET + "now_ms",
    ),
) {
    private val service = run {
        if (given.opt("memory") !in listOf(null, "local")) throw Unknown("memory ${given.opt("memory")}")
        val held = given.objects("keys").map { members(it, KEYED.trim(), "keys") }
        val audience = held.firstNotNullOfOrNull { it.opt("audience")?.ifEmpty { null } } ?: "audience"
        service(held.map { key(it) }, given.texts("authorities"), audience, given.optNumber("start_ms") ?: 0, given.optNumber("capacity")) {
            given.optNumber("window_ms")?.let(::windowMs)
            given.optNumber("max_ttl_s")?.let(::maxTtlS)
            given.optFlag("first_start")?.let(::firstStart)
        }
    }

    override fun run(index: Int, what: String, given: Given): Told {
        when (what) {
            "verify" -> return verify(service, given)
            "message" -> return message(service, given)
            "url" -> return url(service, given)
            "ticket" -> return ticket(service, given)
            "revoke_key" -> service.revokeKey(given.hex("kid_hex"))
            "revoke_session" -> service.revokeSession(given.hex("kid_hex"), given.hex("sid_hex"))
            else -> service.revokeIssuedBefore(given.hex("kid_hex"), given.number("before_s"))
        }
        return emptyMap()
    }
}

private class ClientSteps(given: Given) : Steps(
    mapOf(
        "sign" to REQUEST + "now_ms repeatable trust_clock resend_of nonce_hex",
        "accept" to "of now_ms status toki grant ext_hex body_hex body_sha256_hex",
    ),
) {
    private val client = given.opt("delegated")?.let { Client.builder().session(it).build() } ?: Client.builder().audienceKey(key(given, "unsignable")).build()
    private val signed = HashMap<Int, SignedRequest>()

    override fun run(index: Int, what: String, given: Given): Told = if (what == "sign") sign(index, given) else accept(given)

    private fun sign(index: Int, given: Given): Told {
        var options = CallOptions.NONE
        if (given.flag("repeatable")) options += CallOptions.REPEATABLE
        if (given.flag("trust_clock")) options += CallOptions.TRUST_CLOCK
        if ("resend_of" in given) options += CallOptions.RESEND
        val made = try {
            Hazmat.sign(
                client, given.text("method"), given.text("authority"), given.text("target"), given.body, given.hex("nonce_hex"), given.number("now_ms"), 0, options,
                given.hex("ext_hex"), given.digest,
            )
        } catch (refusal: OscarError) {
            return mapOf("error" to refusal.name, "may_have_run" to refusal.mayHaveRun, "signed" to refusal.signed, "resend" to false)
        }
        signed[index] = made
        return mapOf("probe" to made.isProbe, "toki" to made.toki, "grant" to made.grant)
    }

    private fun accept(given: Given): Told {
        val outcome = client.accept(
            signed.getValue(given.number("of").toInt()), given.number("status").toInt(), given.body, given.opt("toki"), given.opt("grant"), given.hex("ext_hex"),
            given.digest, given.number("now_ms"), 0,
        )
        val said = mapOf(
            "resend" to outcome.resend, "offset_ms" to outcome.offsetMs, "sid_hex" to outcome.adoptedSid?.let(::hex), "code" to outcome.code,
            "grant_error" to outcome.grantError, "may_have_run" to outcome.mayHaveRun, "signed" to outcome.signed,
        )
        return outcome.name?.let { said + ("error" to it) } ?: said
    }
}
