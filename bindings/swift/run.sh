#!/usr/bin/env bash
# run.sh COMMAND...: runs a command where Swift is. With a Swift >= 6.0 on PATH that is here; else it is the Debian 13 tree that scripts/setup made,
# in which the folders of this machine (the checkout, /tmp, home) lie at their own paths. The program keeps this process's id, so signals reach it.
set -euo pipefail
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

tree=${OSCAR_SWIFT_ROOT:-$ROOT/.oscar/swift-root}
if [ ! -e "$tree/.ready" ]; then
  # A launcher is started often and asks no compiler for its version.
  command -v swift >/dev/null && exec "$@"
  echo "no Swift here: run scripts/setup, or put a Swift >= 6.0 on PATH" >&2
  exit 127
fi
[ "$(id -u)" -eq 0 ] || { echo "the Swift tree is a chroot: run this as root, or put a Swift >= 6.0 on PATH" >&2; exit 126; }

# Mounts inside of a namespace of their own: they end with the command, and removing the tree never reaches through one.
exec unshare --mount --propagation private bash -euc '
  tree=$1 cwd=$2; shift 2
  mount -t proc proc "$tree/proc"
  mount --rbind /dev "$tree/dev"
  for place in /* /var/tmp; do
    case $place in /bin | /boot | /dev | /etc | /lib* | /proc | /run | /sbin | /sys | /usr | /var) continue ;; esac
    [ -d "$place" ] && [ ! -L "$place" ] || continue
    mkdir -p "$tree$place"
    mount --rbind "$place" "$tree$place"
  done
  export LC_ALL=C.UTF-8 HOME=/var/cache/swift
  mkdir -p "$tree$HOME"
  exec "$(command -v chroot || echo /usr/sbin/chroot)" "$tree" /bin/sh -c "PATH=/usr/libexec/swift/bin:/usr/bin:/bin
    cd \"\$0\" 2>/dev/null || cd /; exec \"\$@\"" "$cwd" "$@"' run.sh "$tree" "$PWD" "$@"
