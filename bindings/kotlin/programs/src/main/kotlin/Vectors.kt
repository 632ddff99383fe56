/** `vectors FILE...`: judges files in the format of spec/vectors.md through the public API of the built jar. */

import com.google.gson.JsonArray
import com.google.gson.JsonElement
import com.google.gson.JsonNull
import com.google.gson.JsonObject
import com.google.gson.JsonParser
import com.google.gson.JsonPrimitive
import com.oscartoki.OscarError
import java.io.File
import kotlin.system.exitProcess

/** A member or an op that the page does not name: a failing case, never a skip. */
class Unknown(what: String) : Exception(what)

/** What an operation gave: members by name. */
typealias Told = Map<String, Any?>

fun main(files: Array<String>) {
    if (files.isEmpty()) {
        System.err.println("usage: vectors FILE...")
        exitProcess(2)
    }
    var passed = 0
    var failed = 0
    for (file in files) {
        val cases = try {
            JsonParser.parseString(File(file).readText()).asJsonObject.getAsJsonArray("cases")!!
        } catch (unreadable: Exception) {
            System.err.println("$file: $unreadable")
            exitProcess(2)
        }
        for (case in cases) {
            // Whatever a case does to the runner, it is a failing case.
            val fault = try {
                judge(case.asJsonObject)
            } catch (broken: Throwable) {
                "$broken" to "${(case as? JsonObject)?.get("expect")}"
            }
            if (fault == null) {
                passed++
            } else {
                failed++
                println("FAIL $file: ${(case as? JsonObject)?.get("name")?.takeIf { it.isJsonPrimitive }?.asString}: got ${fault.first}, want ${fault.second}")
            }
        }
    }
    println("$passed passed, $failed failed")
    exitProcess(if (failed == 0) 0 else 1)
}

/** null, or got and want. */
private fun judge(case: JsonObject): Pair<String, String>? {
    val given = case.getAsJsonObject("in")
    val expect = case.getAsJsonObject("expect")
    val op = case.get("op").asString
    val steps = STEPS[op]
    if (steps == null) {
        val told = attempt { evaluate(op, given) }
        return if (agrees(expect, told)) null else json(told) to "$expect"
    }
    var made: Steps? = null
    val told = attempt {
        made = steps(members(given, steps.allowed, op))
        emptyMap()
    }
    val sequence = made
    if (sequence == null || !agrees(expect, told)) return if (agrees(expect, told)) null else json(told) to "$expect"
    given.getAsJsonArray("steps").forEachIndexed { index, element ->
        val step = element.asJsonObject
        val wanted = step.getAsJsonObject("expect")
        val said = attempt { sequence.take(index, step.get("do").asString, step.getAsJsonObject("in") ?: JsonObject()) }
        if (!agrees(wanted, said)) return "step $index ${json(said)}" to "$wanted"
    }
    return null
}

private fun attempt(run: () -> Told): Told =
    try {
        run()
    } catch (refusal: OscarError) {
        mapOf("error" to refusal.name)
    } catch (renamed: Renamed) {
        mapOf("error" to renamed.name)
    } catch (unfit: Unfit) {
        // The API takes 64 bits: a caller can't even say it.
        mapOf("error" to "unsignable")
    }

private fun agrees(expect: JsonObject, got: Told): Boolean {
    if (expect.has("ok")) {
        val wanted = expect.get("ok").takeIf { it.isJsonObject }?.asJsonObject ?: JsonObject()
        return expect.size() == 1 && "error" !in got && wanted.entrySet().all { (name, value) -> same(value, got[name]) }
    }
    val names = expect.get("error_any_of")?.asJsonArray?.map(JsonElement::getAsString) ?: listOf(expect.get("error")?.asString)
    val beside = expect.entrySet().filter { it.key != "error" && it.key != "error_any_of" }
    return names.all { it in OscarError.names } && got["error"] in names && beside.all { (name, value) -> name in got && same(value, got[name]) }
}

private fun same(wanted: JsonElement, got: Any?): Boolean =
    when {
        wanted is JsonNull -> got == null
        wanted !is JsonPrimitive -> false
        wanted.isBoolean -> got == wanted.asBoolean
        wanted.isNumber -> got is Number && wanted.asBigDecimal.compareTo(got.toLong().toBigDecimal()) == 0
        else -> got == wanted.asString
    }

private fun json(told: Told): String {
    val written = JsonObject()
    for ((name, value) in told) {
        when (value) {
            null -> written.add(name, JsonNull.INSTANCE)
            is Boolean -> written.addProperty(name, value)
            is Number -> written.addProperty(name, value)
            else -> written.addProperty(name, value.toString())
        }
    }
    return written.toString()
}

/** Members that the page names, and no others. */
fun members(given: JsonObject, allowed: String, what: String): Given {
    val known = allowed.split(" ")
    given.keySet().firstOrNull { it !in known }?.let { throw Unknown("member $it of $what") }
    return Given(given)
}

/** The `in` of a case or step; absent and null are both "not given". */
class Given(private val json: JsonObject) {
    private fun of(name: String): JsonElement? = json.get(name)?.takeIf { it !is JsonNull }

    operator fun contains(name: String) = of(name) != null

    fun opt(name: String): String? = of(name)?.also { if (!it.isJsonPrimitive || !it.asJsonPrimitive.isString) throw Unknown("$name is no text") }?.asString

    fun text(name: String): String = opt(name) ?: ""

    fun optHex(name: String): ByteArray? = opt(name)?.let(::unhex)

    fun hex(name: String): ByteArray = optHex(name) ?: ByteArray(0)

    /** A number; one that fits no field of 64 bits is what it would be anywhere. */
    fun number(name: String): Long = optNumber(name) ?: throw Unknown("$name is not given")

    fun optNumber(name: String): Long? {
        val big = of(name)?.asBigDecimal?.toBigIntegerExact() ?: return null
        if (big.bitLength() > 63) throw Unfit(big.signum())
        return big.toLong()
    }

    fun flag(name: String): Boolean = of(name)?.asBoolean ?: false

    fun optFlag(name: String): Boolean? = of(name)?.asBoolean

    fun texts(name: String): List<String> = (of(name) as JsonArray?)?.map(JsonElement::getAsString) ?: emptyList()

    fun objects(name: String): List<JsonObject> = (of(name) as JsonArray?)?.map(JsonElement::getAsJsonObject) ?: emptyList()

    /** The body, or its digest. */
    val digest: ByteArray? get() = optHex("body_sha256_hex")
    val body: ByteArray? get() = if (digest == null) optHex("body_hex") else null
}

/** A number that fits no parameter of the API: what a caller can't even say. */
class Unfit(val sign: Int) : Exception("a number that fits no field")

fun unhex(text: String): ByteArray {
    require(text.length % 2 == 0) { "odd hex" }
    return ByteArray(text.length / 2) { text.substring(2 * it, 2 * it + 2).toInt(16).toByte() }
}

fun hex(bytes: ByteArray): String = bytes.joinToString("") { "%02x".format(it) }
