#!/bin/sh
# bench.sh [--json]: verify, sign and answer through the C ABI against core's own Rust API, and against OpenSSL's keyed HMAC over as many
# bytes; both sides in turns, the best round of each. Rows: {"what","ours_ns","peer","peer_ns","ratio","bar","met"}.
set -eu
cd "$(dirname "$0")/../.."
json=${1:-}
cargo build -q --release -p liboscartoki
cargo bench -q -p oscartoki-c --bench verify --no-run
mkdir -p target/c
cc -O2 -std=c99 -Wno-deprecated-declarations -Iinclude bindings/c/benches/verify.c -o target/c/bench \
    -Ltarget/release -loscartoki -lcrypto -Wl,-rpath,"$PWD/target/release"
for _ in $(seq 15); do
    ./target/c/bench 2 | sed 's/^/c /'
    cargo bench -q -p oscartoki-c --bench verify -- 2 | sed 's/^/rust /'
done | awk -v json="$json" '
    NF == 3 { id = $1 " " $2; if (!(id in best) || $3 < best[id]) best[id] = $3 }
    function row(what, ours, peer, theirs, bar,   ratio, met) {
        ratio = ours / theirs
        met = bar == "null" ? "null" : (ratio <= bar ? "true" : "false")
        if (json == "--json")
            printf "{\"what\":\"%s\",\"ours_ns\":%.1f,\"peer\":\"%s\",\"peer_ns\":%.1f,\"ratio\":%.3f,\"bar\":%s,\"met\":%s}\n", what, ours, peer, theirs, ratio, bar, met
        else
            printf "%-12s %8.1f ns   %-22s %8.1f ns   ratio %.2f   bar %s   %s\n", what, ours, peer, theirs, ratio, bar, met == "null" ? "" : (met == "true" ? "met" : "MISSED")
    }
    END {
        row("C verify", best["c verify"], "Rust Service::verify", best["rust verify"], "1.3")
        row("C sign", best["c sign"], "Rust Client::sign", best["rust sign"], "null")
        row("C answer", best["c answer"], "Rust Service::answer", best["rust answer"], "null")
        row("C verify", best["c verify"], "OpenSSL keyed HMAC", best["c openssl_hmac"], "null")
    }'
