// Headers of one version with a library of another: said in words, whatever is made first.
#define OSCARTOKI_HPP_VERSION "9.9.9"
#include "check.hpp"

using namespace oscartoki;

int main() {
    const auto words = [](auto &&make) {
        try {
            make();
        } catch (const std::runtime_error &error) {
            CHECK(error.what() == "oscartoki 9.9.9 needs its own library, but found liboscartoki " + version() +
                                      " with ABI 1: install headers and library of one package");
            return;
        }
        throw Failed(__FILE__, __LINE__, "nothing was said");
    };
    return check::run({{"a client", [&] { words([] { Client("os2.AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8", "a"); }); }},
                       {"a secret", [&] { words([] { Secret::generate(); }); }},
                       {"a ring", [&] { words([] { Keyring("a"); }); }},
                       {"a memory", [&] { words([] { MemoryReplayLog(10); }); }},
                       {"v1", [&] { words([] { v1::Client("key"); }); }}});
}
