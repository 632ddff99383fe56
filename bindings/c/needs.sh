# What the C room needs (read by scripts/setup).
want "libcurl (C example client)" "libcurl4-openssl-dev" pkg-config --exists libcurl
want "libmicrohttpd (C example service)" "libmicrohttpd-dev" pkg-config --exists libmicrohttpd
want "jansson (C vectors runner)" "libjansson-dev" pkg-config --exists jansson
want "OpenSSL (the peer of the C bench)" "libssl-dev" pkg-config --exists libcrypto
want "valgrind (C memory tests)" "valgrind libc6-dbg" have valgrind
