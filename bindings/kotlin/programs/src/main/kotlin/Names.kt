/** `names JAR`: the public names of the jar by reflection, one a line, as scripts/names compares them. */

import java.lang.reflect.Method
import java.lang.reflect.Modifier
import java.util.zip.ZipFile

fun main(arguments: Array<String>) {
    val names = sortedSetOf<String>()
    for (entry in ZipFile(arguments[0]).use { jar -> jar.entries().asSequence().map { it.name }.toList() }) {
        if (!entry.startsWith("com/oscartoki/") || !entry.endsWith(".class") || "/internal/" in entry) continue
        val type = Class.forName(entry.removeSuffix(".class").replace('/', '.'))
        // What Kotlin calls internal is public here; its metadata says so.
        if (isPublic(type)) names += spoken(type)
    }
    names.forEach(::println)
}

private fun isPublic(type: Class<*>): Boolean {
    val metadata = type.getAnnotation(Metadata::class.java) ?: return false
    return generateSequence(type) { it.enclosingClass }.all { Modifier.isPublic(it.modifiers) } && metadata.kind in setOf(1, 2, 4, 5)
}

private fun spoken(type: Class<*>): List<String> {
    val noun = noun(type)
    val members = type.declaredMethods.filter { Modifier.isPublic(it.modifiers) && !it.isSynthetic && '$' !in it.name && '-' !in it.name }
    // A file of functions: what extends a noun is that noun's member.
    if (type.getAnnotation(Metadata::class.java)!!.kind != 1) {
        return members.flatMap { listOf((if (type.packageName.endsWith(".v1")) "v1." else "") + it.name, extended(it)) }
    }
    if (noun.startsWith("error.")) return listOf(noun)
    val inherited = generateSequence(type.superclass) { it.superclass }.takeWhile { it.name.startsWith("com.oscartoki.") }.flatMap { it.declaredMethods.asSequence() }
    val told = (members + inherited.filter { Modifier.isPublic(it.modifiers) && !it.isSynthetic && '$' !in it.name }).map { "$noun.${it.name}" }
    val constants = type.declaredFields.filter { Modifier.isPublic(it.modifiers) && Modifier.isStatic(it.modifiers) }.map { "$noun.${it.name}" }
    return listOf(noun) + told + constants
}

private fun noun(type: Class<*>): String {
    val path = type.name.removePrefix("com.oscartoki.").replace('$', '.')
    return when {
        path.startsWith("OscarError.") && path != "OscarError.Companion" -> "error." + path.removePrefix("OscarError.")
        path.endsWith(".Builder") -> path.removeSuffix(".Builder") + "Options"
        else -> path
    }
}

private fun extended(method: Method): String = "${method.parameterTypes.firstOrNull()?.simpleName ?: ""}.${method.name}"
