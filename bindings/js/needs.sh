# What this room needs. Sourced by scripts/setup.
js_room_node() { command -v npm && node -e 'process.exit(Number(process.versions.node.split(".")[0]) >= 18 ? 0 : 1)'; }
js_room_wasm() { (source bindings/js/lib.sh; can_make_wasm); }
js_room_chromium() { command -v chromium || command -v google-chrome || command -v chrome; }
want "Node >= 18 with npm" "nodejs npm" js_room_node
want "Rust for WebAssembly" "rustc-web rust-web-src lld" js_room_wasm
want "Chromium (tests in a page)" "chromium" js_room_chromium
