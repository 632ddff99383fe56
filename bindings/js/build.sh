#!/usr/bin/env bash
# Builds the npm package into .oscar/dist/js: the WASM modules (all protocols with 128-bit instructions and without, and a small one for pages), the addon for this machine, the tarball;
# and installs it into an empty project, .oscar/js/app, for examples and tests. Prints the sizes. Quick when nothing changed.
source "$(dirname "$0")/lib.sh"
js_tools
bin=$WORK/node_modules/.bin
modules=$WORK/wasm
mkdir -p "$modules" "$DIST"

# Cargo for WebAssembly. BUILD_STD=1: the standard library is made anew with the flags, where its source is to be had.
cargo_wasm() { # FOLDER RUSTFLAGS ARGUMENT...
  local folder=$1 flags=$2 std=()
  shift 2
  local how=(cargo build -q --profile wasm -p oscartoki-js --target wasm32-unknown-unknown --target-dir "$TARGET/$folder" "$@")
  if wasm_by_rustup; then
    if [ -n "${BUILD_STD:-}" ] && rust_src_by_rustup; then
      export RUSTC_BOOTSTRAP=1
      flags+=" -Zunstable-options -Cpanic=immediate-abort"
      std=(-Z build-std=std,panic_abort -Z build-std-features=optimize_for_size)
    fi
    RUSTFLAGS=$flags "${how[@]}" "${std[@]}"
  elif wasm_by_debian; then
    [ -z "${BUILD_STD:-}" ] || flags+=" -Zunstable-options -Cpanic=immediate-abort"
    RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1 RUSTFLAGS=$flags CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER=$(command -v wasm-ld || command -v wasm-ld-14) \
      "${how[@]}" -Z build-std=std,panic_abort
  else
    die "no way to WebAssembly here: rustup target add wasm32-unknown-unknown, or on Debian apt-get install rustc-web rust-web-src lld"
  fi
}

# Never --all-features: Node 20 refuses what it makes.
FEATURES=(--enable-bulk-memory --enable-sign-ext --enable-mutable-globals --enable-nontrapping-float-to-int --enable-reference-types --enable-multivalue)

# All protocols, with 128-bit instructions or without.
whole() { # simd|plain
  local flags=() rust='' file=$TARGET/js-$1/wasm32-unknown-unknown/wasm/oscartoki_js.wasm out=$modules/all-$1.wasm
  [ "$1" = plain ] || { flags=(--enable-simd); rust='-C target-feature=+simd128'; }
  cargo_wasm "js-$1" "$rust"
  [ "$out" -nt "$file" ] || "$bin/wasm-opt" -O3 "${FEATURES[@]}" "${flags[@]}" "$file" -o "$out"
}

# What a page needs of toki alone: a client in a handed-out session. Made small, and cut down to the calls that are named here.
small() {
  local file=$TARGET/js-toki/wasm32-unknown-unknown/wasm/oscartoki_js.wasm out=$modules/toki.wasm
  (BUILD_STD=1 CARGO_PROFILE_WASM_OPT_LEVEL=z cargo_wasm js-toki '--cfg sha2_backend_soft="compact"' --no-default-features)
  if [ ! "$out" -nt "$file" ] || [ "$HERE/build.sh" -nt "$out" ]; then
    node -e 'console.log(JSON.stringify(process.argv.slice(1).map((call) => ({ name: call, root: true, export: call }))))' memory oscar_js_room oscar_version oscar_abi_version oscar_last_detail \
      oscar_session_parse oscar_answer_toki_parse oscar_client_from_session oscar_client_kid oscar_client_request_ext oscar_client_drops_from_probe oscar_client_free \
      oscar_call_new oscar_call_next oscar_call_received oscar_call_received_digest oscar_call_too_large oscar_call_failed oscar_call_free >"$modules/toki.json"
    "$bin/wasm-metadce" "${FEATURES[@]}" "$file" --graph-file "$modules/toki.json" -o "$modules/toki.cut" >/dev/null
    "$bin/wasm-opt" -Oz "${FEATURES[@]}" "$modules/toki.cut" -o "$out"
    rm "$modules/toki.cut" "$modules/toki.json"
  fi
}

inlined() { # NAME FILE...
  printf '// Made by build.sh: the module in base64.\n'
  while [ $# -gt 0 ]; do
    printf "export const %s = '%s';\n" "$1" "$(base64 -w0 "$2")"
    shift 2
  done
}

whole simd
whole plain
small
"$HERE/addon/build.sh"

cd "$HERE"
state=$(find "$modules" "$WORK/prebuilt" package.json README.md src types addon -type f -not -path 'src/wasm/*' 2>/dev/null | sort | xargs cat | sha256sum)
if [ "$(cat "$WORK/.stamp" 2>/dev/null)" != "$state" ] || [ ! -e "$PACKAGE" ]; then
  stage=$WORK/stage
  rm -rf "$stage" "$DIST"
  mkdir -p "$stage" "$DIST"
  cp -r package.json README.md src types addon "$WORK/prebuilt" "$stage/"
  cp "$ROOT"/LICENSE-* "$stage/"
  mkdir -p "$stage/src/wasm"
  inlined simd "$modules/all-simd.wasm" plain "$modules/all-plain.wasm" >"$stage/src/wasm/all.js"
  inlined plain "$modules/toki.wasm" >"$stage/src/wasm/toki.js"
  (cd "$stage" && quietly pack --pack-destination "$DIST") >/dev/null
  printf '%s\n' "$state" >"$WORK/.stamp"
fi

js_app

for file in "$modules"/*.wasm; do printf '%-16s %7d bytes, %6d gzip\n' "$(basename "$file")" "$(stat -c %s "$file")" "$(gzip -9c "$file" | wc -c)"; done >&2
printf '%s\n' "$PACKAGE"
