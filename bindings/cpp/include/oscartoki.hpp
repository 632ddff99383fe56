// oscartoki for C++17: rolling, mutual, request-bound tokens. SPDX-License-Identifier: MIT OR Apache-2.0
//
// A header-only layer over oscartoki.h. Link liboscartoki: find_package(oscartoki), or pkg-config oscartoki.
//
//   oscartoki::Client client(secret, "api.example.com");
//   oscartoki::curl::Http http(client);                               // <oscartoki/curl.hpp>, with libcurl
//   auto answer = http.request("POST", "https://api.example.com/v1/transfer", R"({"amount":10})");
//
// Every rule of the protocol is the library's. What a call gives owns what it holds and is moved, not copied; anything may be used from
// any thread, one object that is not const by one thread at a time. Failures are exceptions, `OscarError` and below; a refusal
// of a verdict or an outcome is a result, which `throw_for_refusal` raises. Texts and bytes that are given are read during the call only.
#ifndef OSCARTOKI_HPP
#define OSCARTOKI_HPP

#include <oscartoki/call.hpp>
#include <oscartoki/carried.hpp>
#include <oscartoki/client.hpp>
#include <oscartoki/error.hpp>
#include <oscartoki/explain.hpp>
#include <oscartoki/hazmat.hpp>
#include <oscartoki/keys.hpp>
#include <oscartoki/memory.hpp>
#include <oscartoki/request.hpp>
#include <oscartoki/service.hpp>
#include <oscartoki/socktopus.hpp>
#include <oscartoki/tcx.hpp>
#include <oscartoki/v1.hpp>

#endif
