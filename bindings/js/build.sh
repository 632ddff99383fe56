#!/usr/bin/env bash
# Builds the npm package into .oscar/dist/js: the WASM modules (with 128-bit instructions and without), the addon for this machine, the tarball;
# and installs it into an empty project, .oscar/js/app, for examples and tests. Prints the sizes. Quick when nothing changed.
source "$(dirname "$0")/lib.sh"
js_tools
bin=$WORK/node_modules/.bin
modules=$WORK/wasm
mkdir -p "$modules" "$DIST"

cargo_wasm() { # FOLDER RUSTFLAGS ARGUMENT...
  local folder=$1 flags=$2
  shift 2
  local how=(cargo build -q --profile wasm -p oscartoki-js --target wasm32-unknown-unknown --target-dir "$TARGET/$folder" "$@")
  if wasm_by_rustup; then
    RUSTFLAGS=$flags "${how[@]}"
  elif wasm_by_debian; then
    RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1 RUSTFLAGS=$flags CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER=$(command -v wasm-ld || command -v wasm-ld-14) \
      "${how[@]}" -Z build-std=std,panic_abort
  else
    die "no way to WebAssembly here: rustup target add wasm32-unknown-unknown, or on Debian apt-get install rustc-web rust-web-src lld"
  fi
}

module() { # NAME SIMD?
  local name=$1 flags=() file
  [ "$2" = simd ] && flags=(--enable-simd)
  file=$TARGET/js-$2/wasm32-unknown-unknown/wasm/oscartoki_js.wasm
  cargo_wasm "js-$2" "$([ "$2" = plain ] || printf -- '-C target-feature=+simd128')"
  # Never --all-features: Node 20 refuses what it makes.
  if [ ! -e "$modules/$name-$2.wasm" ] || [ "$file" -nt "$modules/$name-$2.wasm" ]; then
    "$bin/wasm-opt" -O3 --enable-bulk-memory --enable-sign-ext --enable-mutable-globals --enable-nontrapping-float-to-int --enable-reference-types \
      --enable-multivalue "${flags[@]}" "$file" -o "$modules/$name-$2.wasm"
  fi
}

inlined() { # NAME
  printf "// Made by build.sh: the module in base64.\nexport const simd = '%s';\nexport const plain = '%s';\n" "$(base64 -w0 "$modules/$1-simd.wasm")" "$(base64 -w0 "$modules/$1-plain.wasm")"
}

for kind in simd plain; do module all "$kind"; done
[ ! -e "$HERE/addon/build.sh" ] || "$HERE/addon/build.sh"

cd "$HERE"
state=$(find "$modules" "$WORK/prebuilt" package.json README.md src types addon -type f -not -path 'src/wasm/*' 2>/dev/null | sort | xargs cat | sha256sum)
if [ "$(cat "$WORK/.stamp" 2>/dev/null)" != "$state" ] || [ ! -e "$PACKAGE" ]; then
  stage=$WORK/stage
  rm -rf "$stage" "$DIST"
  mkdir -p "$stage" "$DIST"
  cp -r package.json README.md src types "$stage/"
  [ ! -d addon ] || cp -r addon "$stage/"
  [ ! -d "$WORK/prebuilt" ] || cp -r "$WORK/prebuilt" "$stage/"
  cp "$ROOT"/LICENSE-* "$stage/"
  mkdir -p "$stage/src/wasm"
  inlined all >"$stage/src/wasm/all.js"
  (cd "$stage" && quietly pack --pack-destination "$DIST") >/dev/null
  printf '%s\n' "$state" >"$WORK/.stamp"
fi

js_app

for file in "$modules"/*.wasm; do printf '%-16s %7d bytes, %6d gzip\n' "$(basename "$file")" "$(stat -c %s "$file")" "$(gzip -9c "$file" | wc -c)"; done >&2
printf '%s\n' "$PACKAGE"
