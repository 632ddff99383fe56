// vectors FILE...: judges every case of every file through the public C++ API. A line for each failing case, then the tally; exit 1: a case
// failed, 2: a file can't be read.
#include "vectors.hpp"

#include <fstream>
#include <iostream>

using vectors::json;

namespace {

bool known(const std::string &name) {
    const int status = oscar_status_from_name(name.c_str());
    return status >= OSCAR_MALFORMED && status <= OSCAR_REFLECTED;
}

/// Whether every member that is named is equal, null meaning absent or null.
bool equal(const json &wanted, const json &got) {
    for (const auto &[name, value] : wanted.items())
        if ((got.contains(name) ? got.at(name) : json()) != value) return false;
    return true;
}

bool agrees(const json &expect, const json &got) {
    if (expect.contains("ok")) {
        const json wanted = expect.at("ok").is_null() ? json::object() : expect.at("ok");
        return expect.size() == 1 && !got.contains("error") && equal(wanted, got);
    }
    json names = expect.contains("error_any_of") ? expect.at("error_any_of") : json::array({expect.value("error", "")});
    bool among = false;
    for (const json &name : names) {
        if (!known(name.get<std::string>())) return false;
        among = among || (got.contains("error") && got.at("error") == name);
    }
    json beside = expect;
    beside.erase("error");
    beside.erase("error_any_of");
    for (const auto &[name, value] : beside.items())
        if (!got.contains(name) || got.at(name) != value) return false;
    return among;
}

template <class Run> json attempt(Run &&run) {
    try {
        return run();
    } catch (const oscartoki::OscarError &error) {
        return {{"error", error.name()}};
    }
}

/// Nothing, or what was got and what was wanted.
std::optional<std::pair<std::string, std::string>> judge(const json &test) {
    const std::string op = test.at("op");
    const json &in = test.at("in"), &expect = test.at("expect");
    std::unique_ptr<vectors::Sequence> sequence;
    const json got = attempt([&] {
        sequence = vectors::begin(op, in);
        return sequence == nullptr ? vectors::evaluate(op, in) : json::object();
    });
    if (!agrees(expect, got)) return std::pair(got.dump(), expect.dump());
    if (sequence == nullptr) return std::nullopt;
    std::size_t index = 0;
    for (const json &step : in.at("steps")) {
        const json told = attempt([&] { return sequence->take(index, step.at("do"), step.value("in", json::object())); });
        if (!agrees(step.at("expect"), told)) return std::pair("step " + std::to_string(index) + ' ' + told.dump(), step.at("expect").dump());
        index++;
    }
    return std::nullopt;
}

} // namespace

int main(int argc, char **argv) {
    int passed = 0, failed = 0;
    bool unreadable = argc < 2;
    for (int at = 1; at < argc; at++) {
        const std::string path = argv[at];
        json file;
        try {
            std::ifstream stream(path);
            file = json::parse(stream);
            if (file.at("schema") != 1 || !file.at("cases").is_array()) throw std::runtime_error("not schema 1");
        } catch (const std::exception &error) {
            std::cerr << path << ": can't be read: " << error.what() << '\n';
            unreadable = true;
            continue;
        }
        for (const json &test : file.at("cases")) {
            std::optional<std::pair<std::string, std::string>> wrong;
            try {
                wrong = judge(test);
            } catch (const std::exception &error) {
                wrong = std::pair(std::string(error.what()), test.contains("expect") ? test.at("expect").dump() : "a case");
            }
            wrong ? failed++ : passed++;
            if (wrong)
                std::cout << "FAIL " << path.substr(path.find_last_of('/') + 1) << ": " << test.value("name", "?") << ": got " << wrong->first
                          << ", want " << wrong->second << '\n';
        }
    }
    if (argc < 2) std::cerr << "usage: vectors FILE...\n";
    std::cout << passed << " passed, " << failed << " failed" << std::endl;
    return unreadable ? 2 : failed > 0 ? 1 : 0;
}
