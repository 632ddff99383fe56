package com.oscartoki;

import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Locale;

/**
 * Finds liboscartoki: the file that the system property {@code oscartoki.library} names, else the one in this jar, unpacked once into a
 * private folder of this user under a name made of its hash.
 */
final class Library {
    static final String VERSION = "0.1.0";
    static final int ABI_VERSION = 1;
    static final String PROPERTY = "oscartoki.library";

    private static final String GRANT = "--enable-native-access=ALL-UNNAMED (on the module path: --enable-native-access=com.oscartoki)";
    private static final String PRIVATE = "rwx------";

    private Library() {}

    /** The symbols of the library, once it is known to fit. An Error is thrown, because nothing here works without it. */
    static SymbolLookup open() {
        Path file;
        try {
            file = locate();
        } catch (IOException error) {
            throw unusable("liboscartoki can't be unpacked: " + error + "; name a file that is there by -D" + PROPERTY + "=PATH", error);
        }
        SymbolLookup symbols;
        try {
            symbols = SymbolLookup.libraryLookup(file, Arena.global());
        } catch (IllegalCallerException error) {
            throw unusable("this JVM denies native access: start it with " + GRANT, error);
        } catch (IllegalArgumentException error) {
            throw unusable(file + " can't be loaded as liboscartoki: " + error.getMessage(), error);
        }
        compare(symbols, file);
        return symbols;
    }

    private static void compare(SymbolLookup symbols, Path file) {
        String found = "none";
        int abi = 0;
        try {
            Linker linker = Linker.nativeLinker();
            var version = symbols.find("oscar_version");
            var abiVersion = symbols.find("oscar_abi_version");
            if (version.isPresent() && abiVersion.isPresent()) {
                var text = (MemorySegment) linker.downcallHandle(version.get(), FunctionDescriptor.of(ValueLayout.ADDRESS)).invokeExact();
                found = text.reinterpret(64).getString(0);
                abi = (int) linker.downcallHandle(abiVersion.get(), FunctionDescriptor.of(ValueLayout.JAVA_INT)).invokeExact();
            }
        } catch (IllegalCallerException error) {
            throw unusable("this JVM denies native access: start it with " + GRANT, error);
        } catch (Throwable error) {
            throw unusable(file + " can't be asked for its version: " + error, error);
        }
        if (!found.equals(VERSION) || abi != ABI_VERSION) {
            throw unusable("oscartoki-ffm " + VERSION + " (ABI " + ABI_VERSION + ") needs its own library, but found liboscartoki " + found + " (ABI " + abi
                    + ") in " + file + ": take the jar as it is, without -D" + PROPERTY, null);
        }
    }

    private static Path locate() throws IOException {
        String named = System.getProperty(PROPERTY);
        if (named != null) {
            if (!Files.isReadable(Path.of(named))) throw unusable("-D" + PROPERTY + ": there is no file " + named, null);
            return Path.of(named).toAbsolutePath();
        }
        String folder = "/com/oscartoki/native/" + platform() + "/", name = System.mapLibraryName("oscartoki");
        String hash;
        try (InputStream stream = Library.class.getResourceAsStream(folder + name + ".sha256")) {
            if (stream == null) {
                throw unusable("oscartoki-ffm " + VERSION + " has no library for " + platform() + ": build liboscartoki there, and name it by -D" + PROPERTY + "=PATH", null);
            }
            hash = new String(stream.readAllBytes(), StandardCharsets.US_ASCII).strip();
        }
        Path place = folder().resolve(hash.substring(0, 16) + "-" + name);
        if (!Files.isRegularFile(place, LinkOption.NOFOLLOW_LINKS)) unpack(folder + name, place);
        return place;
    }

    /** Written beside and moved, so that nobody loads half a file. */
    private static void unpack(String resource, Path place) throws IOException {
        Path half = Files.createTempFile(place.getParent(), "half-", "");
        try (InputStream stream = Library.class.getResourceAsStream(resource)) {
            if (stream == null) throw new IOException("the jar lacks " + resource);
            Files.copy(stream, half, StandardCopyOption.REPLACE_EXISTING);
            Files.move(half, place, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } finally {
            Files.deleteIfExists(half);
        }
    }

    /** A folder that nobody else can write into; of this process alone where this user has none. */
    private static Path folder() throws IOException {
        String cache = System.getenv("XDG_CACHE_HOME"), home = System.getProperty("user.home", "");
        if (Path.of(home).isAbsolute() || cache != null && Path.of(cache).isAbsolute()) {
            Path folder = (cache != null && Path.of(cache).isAbsolute() ? Path.of(cache) : Path.of(home, ".cache")).resolve("oscartoki");
            try {
                if (!Files.isDirectory(folder)) {
                    Files.createDirectories(folder.getParent());
                    Files.createDirectory(folder, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(PRIVATE)));
                }
                Path probe = Files.createTempFile(folder, "probe-", "");
                boolean mine = Files.getOwner(folder).equals(Files.getOwner(probe));
                Files.delete(probe);
                if (mine && Files.getPosixFilePermissions(folder, LinkOption.NOFOLLOW_LINKS).equals(PosixFilePermissions.fromString(PRIVATE))) return folder;
            } catch (IOException | UnsupportedOperationException _) {
                // As if there were none.
            }
        }
        Path own = Files.createTempDirectory("oscartoki-");
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            try (var files = Files.list(own)) {
                for (Path file : files.toList()) Files.deleteIfExists(file);
                Files.deleteIfExists(own);
            } catch (IOException _) {
                // The folder of temporary files is emptied by others.
            }
        }));
        return own;
    }

    /** As the folders of the jar are named: linux-x86_64, linux-aarch64, macos-aarch64, windows-x86_64. */
    static String platform() {
        String os = System.getProperty("os.name").toLowerCase(Locale.ROOT), arch = System.getProperty("os.arch");
        String system = os.startsWith("mac") ? "macos" : os.startsWith("win") ? "windows" : "linux";
        return system + "-" + (arch.equals("amd64") ? "x86_64" : arch);
    }

    private static UnsatisfiedLinkError unusable(String sentence, Throwable cause) {
        var error = new UnsatisfiedLinkError(sentence);
        error.initCause(cause);
        return error;
    }
}
