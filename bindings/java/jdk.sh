# Where a JDK of version 22 or later is: $JAVA_HOME, one of the system's, or the one that needs.sh has put into .oscar. Sourced, not run.
java_jdk() {
  local root home version
  root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
  for home in "${JAVA_HOME:-}" /usr/lib/jvm/* "$root"/.oscar/jdk/usr/lib/jvm/* "$(dirname "$(dirname "$(readlink -f "$(command -v javac || echo /none)")")")"; do
    [ -x "$home/bin/javac" ] || continue
    version=$(sed -n 's/^JAVA_VERSION="\([0-9]*\).*/\1/p' "$home/release" 2>/dev/null)
    [ "${version:-0}" -ge 22 ] && { printf '%s\n' "$home"; return; }
  done
  return 1
}
java_needs_jdk() {
  JAVA_HOME=$(java_jdk) || { echo "error: a JDK of version 22 or later is needed: run scripts/setup java, or set JAVA_HOME" >&2; return 1; }
  export JAVA_HOME PATH="$JAVA_HOME/bin:$PATH"
}
