# What the C++ room needs (read by scripts/setup).
want "CMake and pkg-config" "cmake make pkg-config" sh -c 'command -v cmake && command -v make && command -v pkg-config'
want "libcurl (C++ adapter)" "libcurl4-openssl-dev" pkg-config --exists libcurl
want "libmicrohttpd (C++ adapter)" "libmicrohttpd-dev" pkg-config --exists libmicrohttpd
want "nlohmann_json (C++ vectors runner)" "nlohmann-json3-dev" test -e /usr/include/nlohmann/json.hpp -o -e /usr/local/include/nlohmann/json.hpp
want "OpenSSL (a peer of the C++ bench)" "libssl-dev" pkg-config --exists libcrypto
want "libjwt (a peer of the C++ bench)" "libjwt-dev" pkg-config --exists libjwt
