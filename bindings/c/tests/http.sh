#!/bin/sh
# http.sh [CLIENT SERVICE]: two example programs against each other, those in C unless named: what is verified, and what is refused.
set -eu
cd "$(dirname "$0")/../../.."
client=${1:-target/c/client}
service_program=${2:-target/c/service}
work=$(mktemp -d)
trap 'kill "$service" 2> /dev/null || true; rm -rf "$work"' EXIT
target/c/api --keys "$work"
"$service_program" --listen 127.0.0.1:0 --audience api.example.com --key "$work/key" --revocations "$work/revoked" --memory "$work/memory" \
    --workers 3 --first-start > "$work/out" 2> "$work/err" &
service=$!
for _ in $(seq 100); do
    if [ -s "$work/out" ]; then break; fi
    sleep 0.1
done
url=$(sed -n 's/^listening on //p' "$work/out")/echo

expect() { # EXIT PATTERN ARGUMENT...
    want=$1 pattern=$2 got=0
    shift 2
    "$client" "$@" > "$work/said" 2>&1 || got=$?
    if [ "$got" != "$want" ] || ! grep -q "$pattern" "$work/said"; then
        echo "http.sh: client $*: exit $got, want $want and /$pattern/:" >&2
        cat "$work/said" >&2
        exit 1
    fi
}

us="--secret $work/secret --audience api.example.com"
# shellcheck disable=SC2086
{
    expect 0 'verified: status 200, code 0, requests 1$' $us "$url/a%2Fb?x=1&x=2"
    expect 0 'requests 2, probed, in session' $us -d '{"amount":10}' "$url/v1/transfer?dry=0"
    expect 0 'requests 1, in session' $us --count 3 -d '{"amount":10}' "$url/v1/transfer?"
    expect 0 'requests 2, resent' $us --clock-off-ms 54000000 "$url/late"
    expect 0 'requests 2, probed' $us --clock-off-ms -54000000 -d 1 "$url/early"
    expect 0 'requests 2, probed' $us -X DELETE --verify-first "$url/x"
    expect 0 'in session' $us --parallel 16 --count 4 -d '{}' "$url/p"
    expect 0 'requests 1, in session' $us --roll-every --count 3 "$url/r"
    expect 1 'error: stale' --secret "$work/key" --trust-clock --clock-off-ms 54000000 -d 1 "$url/x"
    expect 1 'error: missing.*may have run: yes' --secret "$work/other" --audience api.example.com "$url/x"
    expect 1 'error: missing.*may have run: no' --secret "$work/other" --audience api.example.com -d 1 "$url/x"
    expect 1 'error: missing' --secret "$work/secret" --audience other.example.com "$url/x"
    expect 1 'error: missing' $us --ext idempotency-key -H 'idempotency-key: 1' "$url/x"
    expect 4 'error: network.*may have run: no' $us -d 1 http://127.0.0.1:1/x
    expect 3 'error: wrong_kind\|error: malformed' --secret "$work/out" --audience api.example.com "$url/x"
}
# A body over the limit is refused by a signed 413 after its MAC, unsigned before it.
head -c 1048577 /dev/zero | tr '\0' a > "$work/big"
status=$(curl -s -o /dev/null -w '%{http_code} %header{oscartoki-error}' -H 'oscartoki: ot2.x' --data-binary @"$work/big" "$url/big")
[ "$status" = '400 malformed' ] || { echo "http.sh: a big body: $status" >&2; exit 1; }
status=$(curl -s -o /dev/null -w '%{http_code} %header{oscartoki-error} %header{www-authenticate}' "$url/plain")
[ "$status" = '401 missing oscartoki' ] || { echo "http.sh: no toki: $status" >&2; exit 1; }
# shellcheck disable=SC2086
{
    expect 0 '"error": "not found"' $us "${url%/echo}/elsewhere"
    expect 0 '"session": null, "method": "GET", "target": "/echo?", "body_sha256": null}' $us "$url?"
    # A revocation is in force in every worker within two seconds.
    kid=$(sed -n 's/.*"client": "\([0-9a-f]*\)".*/\1/p' "$work/said")
    echo "revoked $kid" >> "$work/revoked"
    sleep 2
    for _ in 1 2 3 4 5 6; do expect 1 'error: revoked' $us "$url"; done
}
kill "$service"
wait "$service" || { echo "http.sh: the service ended with $?" >&2; exit 1; }
echo "client and service agree"
