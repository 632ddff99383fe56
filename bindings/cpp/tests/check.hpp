// A test is a function that throws; `run` counts.
#ifndef OSCARTOKI_TESTS_CHECK_HPP
#define OSCARTOKI_TESTS_CHECK_HPP

#include <cstdlib>
#include <filesystem>
#include <functional>
#include <iostream>
#include <oscartoki.hpp>
#include <unistd.h>

struct Failed : std::logic_error {
    Failed(const char *file, int line, const std::string &what) : std::logic_error(std::string(file) + ':' + std::to_string(line) + ": " + what) {}
};

#define CHECK(holds)                                                                                                                           \
    do {                                                                                                                                       \
        if (!(holds)) throw Failed(__FILE__, __LINE__, #holds);                                                                                \
    } while (false)

// A block, that it throws just this.
#define REFUSES(error, ...)                                                                                                                    \
    do {                                                                                                                                       \
        bool has_refused = false;                                                                                                                  \
        try {                                                                                                                                  \
            __VA_ARGS__;                                                                                                                       \
        } catch (const error &) {                                                                                                              \
            has_refused = true;                                                                                                                  \
        }                                                                                                                                      \
        if (!has_refused) throw Failed(__FILE__, __LINE__, "no " #error " from " #__VA_ARGS__);                                                    \
    } while (false)

namespace check {

inline const std::string NAME = "api.example.com";
constexpr std::int64_t NOW = 1'795'300'000'000;

/// A folder that is this user's alone, and gone in the end.
class Folder {
  public:
    Folder() {
        std::string name = (std::filesystem::temp_directory_path() / "oscartoki-cpp-XXXXXX").string();
        if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no folder");
        path_ = name;
    }
    ~Folder() {
        std::error_code none;
        std::filesystem::remove_all(path_, none);
    }
    std::string path(const std::string &name) const { return (path_ / name).string(); }

  private:
    std::filesystem::path path_;
};

inline void write(const std::string &path, const std::string &text) {
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    file << text;
}

/// A service of a secret's key, at a time that stands still.
inline oscartoki::ServiceOptions service_options(const oscartoki::Secret &secret) {
    oscartoki::ServiceOptions options;
    options.keys = {secret.audience_key(NAME).to_text()};
    options.authorities = {NAME};
    options.memory = std::make_shared<oscartoki::MemoryReplayLog>(1 << 12);
    options.first_start = true;
    options.now_ms = NOW;
    return options;
}

inline int run(std::initializer_list<std::pair<const char *, std::function<void()>>> tests) {
    int failed = 0;
    for (const auto &[name, test] : tests) {
        try {
            test();
            std::cout << "ok      " << name << std::endl;
        } catch (const std::exception &error) {
            std::cout << "FAILED  " << name << ": " << error.what() << std::endl;
            failed++;
        }
    }
    return failed == 0 ? 0 : 1;
}

} // namespace check

#endif
