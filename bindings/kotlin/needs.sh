# What the Kotlin room needs: rows of scripts/setup. Maven brings the rest (Kotlin, JNA, the frameworks) into its own cache.
jdk_is_new_enough() { have javac && [ "$(javac -version 2>&1 | sed -E 's/javac ([0-9]+).*/\1/')" -ge 17 ]; }
want "JDK >= 17" "openjdk-17-jdk-headless" jdk_is_new_enough
want "Maven" "maven" have mvn
want "LLVM's lld (the Android library's link)" "lld llvm" sh -c 'command -v ld.lld && { command -v llvm-readelf || command -v readelf; }'
