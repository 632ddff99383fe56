package com.oscartoki;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import vectors.Vectors;

class VectorsTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    @TestFactory
    Stream<DynamicTest> allFiles() throws IOException {
        try (Stream<Path> files = Files.list(Path.of("../../core/vectors"))) {
            return files.filter(file -> file.toString().endsWith(".json")).sorted().toList().stream().map(file -> DynamicTest.dynamicTest(file.getFileName().toString(), () -> {
                JsonNode cases = JSON.readTree(file.toFile()).required("cases");
                assertTrue(cases.size() > 0);
                for (JsonNode one : cases) assertNull(Vectors.judge(one), one.required("name").asText());
            }));
        }
    }

    @Test
    void whatIsWrongFails() throws IOException {
        String good = "{\"name\":\"n\",\"op\":\"v1.mint\",\"in\":{\"key\":\"k\",\"now_ms\":1795300000000},\"expect\":{\"ok\":{}}}";
        assertNull(Vectors.judge(JSON.readTree(good)));
        for (String wrong : List.of(good.replace("\"k\"", "\"\""), good.replace("{\"ok\":{}}", "{\"error\":\"stale\"}"), good.replace("\"key\"", "\"kei\""), good.replace("v1.mint", "no.such.op"),
                good.replace("{\"ok\":{}}", "{\"ok\":{\"toki\":\"x\"}}"), good.replace("{\"ok\":{}}", "{\"ok\":{\"other\":1}}"),
                good.replace("\"k\"", "\"\"").replace("{\"ok\":{}}", "{\"error\":\"no_such_name\"}"), "{\"name\":\"n\"}")) {
            assertNotNull(Vectors.judge(JSON.readTree(wrong)), wrong);
        }
    }

    @Test
    void theNamesAreTheErrors() throws IOException {
        String page = Files.readString(Path.of("../../docs/errors.md"));
        List<String> documented = page.lines().filter(line -> line.startsWith("## ")).map(line -> line.substring(3).strip()).sorted().toList();
        List<String> ours = Stream.of(OscarError.class.getDeclaredClasses()).filter(OscarError.class::isAssignableFrom).map(Class::getSimpleName).filter(name -> !name.equals("Misuse"))
                .map(name -> name.replaceAll("(?<!^)([A-Z])", "_$1").toLowerCase()).sorted().toList();
        assertEquals(documented, ours);
        for (int status = 1; status <= 21; status++) {
            OscarError error = OscarError.of(status, null);
            assertEquals(error.getClass().getSimpleName().replaceAll("(?<!^)([A-Z])", "_$1").toLowerCase(), error.name());
            assertEquals(Door.errorName(status), error.name());
        }
    }
}
