# What the Java room needs (read by scripts/setup): Maven, and a JDK >= 22, which Debian 12 has not.
# shellcheck disable=SC1091
source "$ROOT/bindings/java/jdk.sh"

want "Maven" "maven" have mvn
java_jdk >/dev/null || want "patchelf (fits a JDK of Debian 13 to this system)" "patchelf" have patchelf
want_by "JDK >= 22 (JAVA_HOME, /usr/lib/jvm or .oscar/jdk)" java_jdk_of_trixie java_jdk

# Debian 13's OpenJDK 25 with the C library that it was built for, unpacked into .oscar/jdk: its programs are told to load that one, and the rest of the
# system stays as it is. The packages come from the mirror that apt uses here.
java_jdk_of_trixie() {
  local tree=$STATE/jdk apt=$STATE/jdk.apt mirror libc loader home file link to options
  mirror=$({ cat /etc/apt/sources.list.d/*.sources /etc/apt/sources.list 2>/dev/null || true; } |
    awk '/^URIs:/ { print $2; exit } /^deb / { for (i = 2; i <= NF; i++) if ($i ~ /:\//) { print $i; exit } }')
  [ -n "$mirror" ] || { say "no mirror of Debian is known here: install a JDK of version 22 or later, and set JAVA_HOME"; return 1; }
  rm -rf "$tree" "$apt"
  mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial" "$tree"
  printf 'deb %s trixie main\n' "$mirror" >"$apt/sources.list"
  options=(-q -o "Dir::Etc::sourcelist=$apt/sources.list" -o Dir::Etc::sourceparts=- -o "Dir::State::lists=$apt/lists" -o "Dir::Cache=$apt/cache"
    -o "APT::Sandbox::User=$(id -un)" -o Acquire::Languages=none)
  apt-get "${options[@]}" update || return
  (cd "$apt" && apt-get "${options[@]}" download openjdk-25-jdk-headless openjdk-25-jre-headless libc6 libgcc-s1 libstdc++6 zlib1g) || return
  for file in "$apt"/*.deb; do dpkg -x "$file" "$tree" || return; done
  rm -rf "$apt" "$tree"/usr/lib/jvm/*/jmods

  # Debian keeps the settings under /etc: here, under the tree's.
  while read -r link; do
    to=$(readlink "$link")
    [ ! -e "$tree$to" ] || ln -sfn "$tree$to" "$link"
  done < <(find "$tree/usr/lib/jvm" -type l -lname '/*')
  libc=$(dirname "$(find "$tree" -name libc.so.6 | head -n 1)")
  loader=$(find "$tree" -name 'ld-linux*.so.*' | head -n 1)
  home=$(echo "$tree"/usr/lib/jvm/java-25-openjdk-*)
  for file in "$home"/bin/* "$home"/lib/jspawnhelper "$home"/lib/jexec; do
    ! patchelf --print-interpreter "$file" >/dev/null 2>&1 || patchelf --set-interpreter "$loader" --force-rpath --set-rpath "\$ORIGIN/../lib:$libc" "$file" || return
  done
  "$home/bin/javac" -version
}
