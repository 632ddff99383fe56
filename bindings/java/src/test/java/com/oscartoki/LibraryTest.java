package com.oscartoki;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** How the library is found, and what is said where it isn't: each in a JVM of its own. */
class LibraryTest {
    @TempDir
    Path folder;

    private record Said(int code, String text) {}

    private Said run(Map<String, String> environment, List<String> flags) throws Exception {
        List<String> command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-XX:+UseSerialGC"));
        command.addAll(flags);
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), "com.oscartoki.LibraryTest"));
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().putAll(environment);
        Process process = builder.start();
        String text = new String(process.getInputStream().readAllBytes());
        assertTrue(process.waitFor(60, TimeUnit.SECONDS));
        return new Said(process.exitValue(), text);
    }

    public static void main(String[] given) throws OscarError {
        System.out.println("kid " + Secret.generate().kid().length);
    }

    private Map<String, String> cache(Path cache) {
        return Map.of("XDG_CACHE_HOME", cache.toString());
    }

    @Test
    void itIsUnpackedOnceIntoAPrivateFolder() throws Exception {
        Path cache = folder.resolve("cache");
        Files.createDirectory(cache);
        for (int i = 0; i < 2; i++) assertTrue(run(cache(cache), List.of("--enable-native-access=ALL-UNNAMED")).text.contains("kid 8"));
        Path own = cache.resolve("oscartoki");
        assertEquals("rwx------", PosixFilePermissions.toString(Files.getPosixFilePermissions(own, LinkOption.NOFOLLOW_LINKS)));
        try (Stream<Path> files = Files.list(own)) {
            List<String> names = files.map(file -> file.getFileName().toString()).toList();
            assertEquals(1, names.size());
            assertTrue(names.getFirst().matches("[0-9a-f]{16}-" + System.mapLibraryName("oscartoki")), names.toString());
        }
    }

    @Test
    void noFlagIsNeeded() throws Exception {
        Said said = run(Map.of(), List.of());
        assertTrue(said.code == 0 && said.text.contains("kid 8"), said.text);
    }

    @Test
    void aFolderThatOthersCanWriteIsNotTaken() throws Exception {
        Path open = folder.resolve("oscartoki");
        Files.createDirectory(open);
        Files.setPosixFilePermissions(open, PosixFilePermissions.fromString("rwxrwxrwx"));
        assertEquals(0, run(cache(folder), List.of()).code);
        Path target = folder.resolve("elsewhere");
        Files.createDirectory(target, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        Path links = folder.resolve("links");
        Files.createDirectory(links);
        Files.createSymbolicLink(links.resolve("oscartoki"), target);
        assertEquals(0, run(cache(links), List.of()).code);
        for (Path none : List.of(open, target)) {
            try (Stream<Path> files = Files.list(none)) {
                assertEquals(0, files.count());
            }
        }
        // A cache that can't be written does not stop it either.
        assertEquals(0, run(cache(Path.of("/proc")), List.of()).code);
    }

    @Test
    void anotherVersionIsRefusedReadably() throws Exception {
        Path code = folder.resolve("other.c"), library = folder.resolve("libother.so");
        Files.writeString(code, "const char *oscar_version(void) { return \"9.9.9\"; }\nunsigned oscar_abi_version(void) { return 7; }\n");
        assertEquals(0, new ProcessBuilder("cc", "-shared", "-fPIC", "-o", library.toString(), code.toString()).inheritIO().start().waitFor());
        Said said = run(Map.of(), List.of("-Doscartoki.library=" + library));
        assertNotEquals(0, said.code);
        assertTrue(said.text.contains("UnsatisfiedLinkError: oscartoki-ffm 0.1.0 (ABI 1) needs its own library, but found liboscartoki 9.9.9 (ABI 7) in " + library), said.text);
        said = run(Map.of(), List.of("-Doscartoki.library=/none"));
        assertTrue(said.text.contains("there is no file /none"), said.text);
        Files.writeString(folder.resolve("text"), "no library");
        said = run(Map.of(), List.of("-Doscartoki.library=" + folder.resolve("text")));
        assertTrue(said.text.contains("can't be loaded as liboscartoki"), said.text);
    }

    @Test
    void whoDeniesNativeAccessIsToldTheFlag() throws Exception {
        // Until 23 a flag for another module denies it to all others; since 24 there is one that says so.
        List<String> denying = Runtime.version().feature() >= 24 ? List.of("--illegal-native-access=deny") : List.of("--enable-native-access=java.logging");
        Said said = run(Map.of(), denying);
        assertNotEquals(0, said.code);
        assertTrue(said.text.contains("this JVM denies native access: start it with --enable-native-access=ALL-UNNAMED"), said.text);
        List<String> allowing = new ArrayList<>(denying);
        allowing.add("--enable-native-access=ALL-UNNAMED");
        assertEquals(0, run(Map.of(), allowing).code);
    }

    @Test
    void theVersionIsTheProjects() throws IOException {
        assertTrue(Files.readString(Path.of("pom.xml")).contains("<version>" + Oscartoki.version() + "</version>"));
        assertTrue(Library.platform().matches("(linux|macos|windows)-[a-z0-9_]+"));
    }
}
