package com.oscartoki;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.Field;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Each number of Layouts beside what the C compiler says of the header. */
class LayoutsTest {
    @Test
    void theyAreTheHeaders(@TempDir Path folder) throws Exception {
        List<String> names = new ArrayList<>();
        StringBuilder wanted = new StringBuilder(), code = new StringBuilder("#include <stdio.h>\n#include <stddef.h>\n#include \"oscartoki.h\"\nint main(void) {\n");
        for (Class<?> struct : Layouts.class.getDeclaredClasses()) {
            String type = "oscar_" + snake(struct.getSimpleName());
            for (Field field : struct.getDeclaredFields()) {
                String name = field.getName().toLowerCase(Locale.ROOT);
                names.add(type + "." + name);
                code.append("printf(\"%zu\\n\", ").append(name.equals("size") ? "sizeof(" + type + ")" : "offsetof(" + type + ", " + name + ")").append(");\n");
                wanted.append(field.getInt(null)).append('\n');
            }
        }
        code.append("printf(\"%d\\n\", OSCAR_ABI_VERSION); return 0; }\n");
        wanted.append(Library.ABI_VERSION).append('\n');
        Files.writeString(folder.resolve("layouts.c"), code);
        run(folder, "cc", "-I" + Path.of("../../include").toAbsolutePath(), "-o", folder.resolve("layouts").toString(), folder.resolve("layouts.c").toString());
        assertEquals(wanted.toString(), run(folder, folder.resolve("layouts").toString()), names.toString());
        assertTrue(names.size() > 60);
    }

    private static String run(Path folder, String... command) throws Exception {
        Process process = new ProcessBuilder(command).directory(folder.toFile()).redirectErrorStream(true).start();
        String said = new String(process.getInputStream().readAllBytes());
        assertEquals(0, process.waitFor(), said);
        return said;
    }

    private static String snake(String name) {
        return name.replaceAll("(?<!^)([A-Z])", "_$1").toLowerCase(Locale.ROOT);
    }
}
