# What the Swift room needs; sourced by scripts/setup. Debian 12 has no Swift: without one on PATH, Debian 13's comes into a tree of its own
# under .oscar/swift-root, and bindings/swift/run.sh runs commands inside of it.

# A Swift of this machine, 6.0 or newer.
swift_on_path() {
  local found
  found=$(swift --version 2>/dev/null | sed -nE 's/.*Swift version ([0-9]+)\.[0-9].*/\1/p' | head -n 1)
  [ "${found:-0}" -ge 6 ]
}

swift_is_there() { swift_on_path || [ -e "$(swift_root)/.ready" ]; }

swift_root() { printf '%s\n' "${OSCAR_SWIFT_ROOT:-$ROOT/.oscar/swift-root}"; }

# About five minutes and 3 GB. The tree is complete only when it has .ready; a broken one is made anew.
install_swift() {
  local root mirror sudo=
  root=$(swift_root)
  if [ "$(id -u)" -ne 0 ]; then
    echo "the Swift tree is a chroot: run scripts/setup as root, or put a Swift >= 6.0 on PATH" >&2
    return 1
  fi
  command -v apt-get >/dev/null || { echo "put a Swift >= 6.0 on PATH: this system has no apt-get to make a tree with" >&2; return 1; }
  apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -yq --no-install-recommends debootstrap debian-archive-keyring || return
  mirror=$(sed -nE 's/^(URIs: *|deb (\[[^]]*\] )?)(https?:[^ ]*\/debian\/?)( .*)?$/\3/p' /etc/apt/sources.list.d/debian.sources /etc/apt/sources.list 2>/dev/null | head -n 1 || true)
  rm -rf --one-file-system "$root"
  mkdir -p "$root"
  # shellcheck disable=SC2086  # without a mirror here, debootstrap's own
  debootstrap --variant=minbase --include=ca-certificates trixie "$root" $mirror || return
  cp /etc/resolv.conf /etc/hosts "$root/etc/"
  cp -n /etc/apt/apt.conf.d/* "$root/etc/apt/apt.conf.d/" 2>/dev/null || true   # proxies and the like
  chroot "$root" apt-get update -q || return
  LC_ALL=C DEBIAN_FRONTEND=noninteractive chroot "$root" apt-get install -yq --no-install-recommends \
    swiftlang libc6-dev libstdc++-14-dev pkgconf git tzdata || return
  chroot "$root" apt-get clean
  touch "$root/.ready"
}

want_by "Swift >= 6.0 (Debian 13's in .oscar/swift-root)" install_swift swift_is_there
