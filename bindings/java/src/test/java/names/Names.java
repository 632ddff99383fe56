package names;

import java.io.IOException;
import java.lang.reflect.Member;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.jar.JarFile;
import java.util.stream.Stream;

/** {@code Names JAR}: the public names of the package, one a line: {@code Noun.member}, {@code function}, {@code error.Name}. */
public final class Names {
    private Names() {}

    public static void main(String[] given) throws IOException, ClassNotFoundException {
        TreeSet<String> names = new TreeSet<>();
        try (JarFile jar = new JarFile(given[0])) {
            for (String entry : jar.stream().map(Object::toString).filter(name -> name.matches("com/oscartoki/[A-Za-z0-9$]+\\.class")).toList()) {
                Class<?> kind = Class.forName(entry.replace('/', '.').replaceAll("\\.class$", ""), false, Names.class.getClassLoader());
                if (isPublic(kind)) tell(kind, names);
            }
        }
        names.forEach(System.out::println);
    }

    private static boolean isPublic(Class<?> kind) {
        for (Class<?> one = kind; one != null; one = one.getEnclosingClass()) if (!Modifier.isPublic(one.getModifiers())) return false;
        return true;
    }

    private static void tell(Class<?> kind, TreeSet<String> names) {
        String noun = nounOf(kind);
        if (!noun.isEmpty()) names.add(noun);
        if (noun.startsWith("error.")) return;
        List<Member> members = new ArrayList<>();
        Stream.of(kind.getMethods()).filter(method -> !method.isSynthetic() && method.getDeclaringClass() != Object.class && method.getDeclaringClass() != Enum.class)
                .filter(method -> !Throwable.class.isAssignableFrom(method.getDeclaringClass()) || method.getDeclaringClass().getName().startsWith("com.oscartoki"))
                .forEach(members::add);
        Stream.of(kind.getFields()).filter(field -> field.getDeclaringClass() == kind).forEach(members::add);
        for (Member member : members) names.add(noun.isEmpty() ? member.getName() : noun + "." + member.getName());
    }

    /** Options are named after what they are given to; what belongs to no noun stands alone. */
    private static String nounOf(Class<?> kind) {
        String name = kind.getName().substring("com.oscartoki.".length()).replace('$', '.');
        return switch (name) {
            case "Oscartoki" -> "";
            case "CallOption" -> "CallOptions";
            case "Client.Builder" -> "ClientOptions";
            case "Service.Builder" -> "ServiceOptions";
            default -> name.startsWith("OscarError.") ? "error." + name.substring("OscarError.".length()) : name;
        };
    }
}
