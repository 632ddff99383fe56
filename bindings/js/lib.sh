# Shared by this room's scripts: where things are, and how they are made. Sourced, not run.
set -euo pipefail
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
ROOT=$(cd "$HERE/../.." && pwd)
WORK=$ROOT/.oscar/js                 # everything that is made here: tools, modules, the stage, the empty project
DIST=$ROOT/.oscar/dist/js
TARGET=${CARGO_TARGET_DIR:-$ROOT/target}
PACKAGE=$DIST/oscartoki-$(sed -n 's/^  "version": "\(.*\)",/\1/p' "$HERE/package.json").tgz

say() { printf '%s\n' "$*" >&2; }
die() { say "error: $*"; exit 1; }

# npm's way of saying nothing but errors.
quietly() { npm --silent --no-audit --no-fund --no-update-notifier "$@"; }

# The tools of dev/package.json, once, where the project below finds them too: binaryen, TypeScript, frameworks, the browser's driver.
js_tools() {
  local state; state=$(cat "$HERE/dev/package.json" "$HERE/dev/package-lock.json" | sha256sum)
  [ "$(cat "$WORK/.tools" 2>/dev/null)" != "$state" ] || return 0
  rm -rf "$WORK/node_modules"
  mkdir -p "$WORK"
  cp "$HERE/dev/package.json" "$HERE/dev/package-lock.json" "$WORK/"
  (cd "$WORK" && quietly ci) >&2 || die "npm can't install the tools of bindings/js/dev/package.json"
  printf '%s\n' "$state" >"$WORK/.tools"
}

# An empty project with the built package in it, as a user has it, and the examples: .oscar/js/app.
js_app() {
  local state; state=$(sha256sum <"$PACKAGE")
  if [ "$(cat "$WORK/app/.stamp" 2>/dev/null)" != "$state" ]; then
    rm -rf "$WORK/app"
    mkdir -p "$WORK/app"
    printf '{ "name": "app", "private": true, "type": "module" }\n' >"$WORK/app/package.json"
    (cd "$WORK/app" && quietly install --offline --legacy-peer-deps "$PACKAGE") >&2 || die "npm can't install $PACKAGE"
    printf '%s\n' "$state" >"$WORK/app/.stamp"
  fi
  cp "$ROOT"/examples/js/*.mjs "$WORK/app/"
}

# How this machine makes WebAssembly: rustup's target, or Debian's rustc with the standard library built from source.
wasm_by_rustup() {
  command -v rustup >/dev/null && { rustup target list --installed | grep -qx wasm32-unknown-unknown || timeout 60 rustup target add wasm32-unknown-unknown >&2; } 2>/dev/null
}
rust_src_by_rustup() {
  local sources; sources=$(rustc --print sysroot)/lib/rustlib/src/rust/library/std
  [ -d "$sources" ] || { timeout 60 rustup component add rust-src >&2 && [ -d "$sources" ]; }
}
wasm_by_debian() {
  [ -x /usr/bin/rustc ] && [ -d "$(/usr/bin/rustc --print sysroot)/lib/rustlib/src/rust/library/std" ] && command -v wasm-ld wasm-ld-14 >/dev/null
}
can_make_wasm() { wasm_by_rustup || wasm_by_debian; }
