#!/usr/bin/env bash
# bench.sh [--json]: sign, verify and answer through the Swift package against core's own Rust API on the same request, and against HMAC-SHA256 by hand;
# both sides in turns, the best round of each. Rows: {"what","ours_ns","peer","peer_ns","ratio","bar","met"}.
set -euo pipefail
cd "$(dirname "$0")"
root=$(cd ../.. && pwd)
./build.sh >&2
cargo bench -q --manifest-path "$root/Cargo.toml" -p oscartoki-c --bench verify --no-run
hand="HMAC-SHA256 by hand, key ready"
[ "$(uname)" != Darwin ] || hand="CryptoKit HMAC-SHA256"
for _ in $(seq "${ROUNDS:-9}"); do
  ./run.sh "$root/.oscar/build/swift/release/bench" 2 | sed 's/^/swift /'
  cargo bench -q --manifest-path "$root/Cargo.toml" -p oscartoki-c --bench verify -- 2 | sed 's/^/rust /'
done | awk -v json="${1:-}" -v hand="$hand" '
  NF == 3 { id = $1 " " $2; if (!(id in best) || $3 < best[id]) best[id] = $3 }
  function row(what, ours, peer, theirs, bar,   ratio, met) {
    ratio = ours / theirs
    met = bar == "null" ? "null" : (ratio <= bar ? "true" : "false")
    if (json == "--json")
      printf "{\"what\":\"%s\",\"ours_ns\":%.1f,\"peer\":\"%s\",\"peer_ns\":%.1f,\"ratio\":%.3f,\"bar\":%s,\"met\":%s}\n", what, ours, peer, theirs, ratio, bar, met
    else
      printf "%-34s %8.1f ns   %-32s %8.1f ns   ratio %.2f   bar %s   %s\n", what, ours, peer, theirs, ratio, bar == "null" ? "-" : bar, met == "null" ? "" : (met == "true" ? "met" : "MISSED")
  }
  END {
    row("Swift Client.sign", best["swift sign"], "Rust Client::sign", best["rust sign"], "1.3")
    row("Swift Service.verify", best["swift verify"], "Rust Service::verify", best["rust verify"], "1.3")
    row("Swift Service.answer", best["swift answer"], "Rust Service::answer", best["rust answer"], "null")
    row("Swift Client.sign, toki as a String", best["swift sign"] + best["swift toki"], "Rust Client::sign", best["rust sign"], "null")
    row("Swift Client.sign", best["swift sign"], hand, best["swift hmac"], "null")
    row("Swift Service.verify", best["swift verify"], hand, best["swift hmac"], "null")
  }'
