#!/usr/bin/env bash
# bench.sh [--json]: the C++ layer beside the C header, C beside OpenSSL's keyed HMAC by hand, and libjwt. See benches/bench.cpp.
source "$(dirname "$0")/../../scripts/lib.sh"
pkg-config --exists libjwt libcrypto || die "libjwt and OpenSSL are missing: scripts/setup cpp installs them"
bindings/cpp/build.sh bench >&2
exec "$STATE/cpp/build/bench" "$@"
