// A client in C++ with libcurl: probes, signs, sends, accepts, rolls and resends by the rules of the protocol.
//
//   client --secret FILE --audience NAME [-X METHOD] [-d BODY] [-H 'Name: value']... [--ext LIST] [--repeatable] [--verify-first]
//          [--trust-clock] [--roll-every] [--count N] [--parallel N] [--clock-off-ms N] URL
//
// FILE holds an os2 secret, an oa2 audience key or an oz2 session. Prints each body, then `verified: status S, code C, requests R[, probed]
// [, resent][, in session]`; a refusal or an answer that is not authentic goes to stderr as `error: NAME: sentence (may have run: yes|no)`.
// Exit 0: all verified; 1: not; 2: usage; 3: key; 4: network.
#include <algorithm>
#include <iostream>
#include <mutex>
#include <oscartoki.hpp>
#include <oscartoki/curl.hpp>
#include <thread>

namespace {

struct Given {
    std::string secret_file, audience, method, url;
    std::optional<std::string> body;
    oscartoki::OwnHeaders headers;
    oscartoki::ClientOptions client;
    oscartoki::CallOptions call;
    int count = 1, parallel = 1;
    std::int64_t clock_off_ms = 0;
};

struct Usage {};

std::vector<std::string> names(const std::string &list) {
    std::vector<std::string> names;
    for (std::size_t start = 0, end; start < list.size(); start = end + 1) {
        end = std::min(list.find(',', start), list.size());
        const std::size_t first = list.find_first_not_of(' ', start), last = list.find_last_not_of(" ,", end);
        if (first < end) names.push_back(list.substr(first, last - first + 1));
    }
    return names;
}

std::pair<std::string, std::string> header(const std::string &line) {
    const std::size_t colon = line.find(':');
    if (colon == std::string::npos) throw Usage();
    const std::size_t start = line.find_first_not_of(' ', colon + 1);
    return {line.substr(0, colon), start == std::string::npos ? "" : line.substr(start)};
}

Given parse(int argc, char **argv) {
    Given given;
    for (int at = 1; at < argc; at++) {
        const std::string name = argv[at];
        const auto value = [&] { return ++at < argc ? std::string(argv[at]) : throw Usage(); };
        if (name == "--secret") given.secret_file = value();
        else if (name == "--audience") given.audience = value();
        else if (name == "-X") given.method = value();
        else if (name == "-d") given.body = value();
        else if (name == "-H") given.headers.push_back(header(value()));
        else if (name == "--ext") given.client.ext = names(value());
        else if (name == "--repeatable") given.call.repeatable = true;
        else if (name == "--verify-first") given.call.verify_first = true;
        else if (name == "--trust-clock") given.call.trust_clock = true;
        else if (name == "--roll-every") given.client.roll = oscartoki::Roll::every;
        else if (name == "--count") given.count = std::stoi(value());
        else if (name == "--parallel") given.parallel = std::stoi(value());
        else if (name == "--clock-off-ms") given.clock_off_ms = std::stoll(value());
        else if (name[0] != '-' && given.url.empty()) given.url = name;
        else throw Usage();
    }
    if (given.method.empty()) given.method = given.body ? "POST" : "GET";
    if (given.url.empty() || given.secret_file.empty()) throw Usage();
    return given;
}

oscartoki::Client client_of(const Given &given) {
    const std::string text = oscartoki::secret_from(given.secret_file);
    if (text.rfind("oa2.", 0) == 0) return oscartoki::Client::from_audience_key(text, given.client);
    if (text.rfind("oz2.", 0) == 0) return oscartoki::Client::from_session(text, given.client);
    return oscartoki::Client(text, given.audience, given.client);
}

std::mutex out;

/// One thread's requests; the worst exit code.
int work(const Given &given, const oscartoki::Client &client) {
    oscartoki::curl::Http http(client, [&] { return oscartoki::wall_clock_ms() + given.clock_off_ms; });
    const oscartoki::Headers headers(given.headers.begin(), given.headers.end());
    int worst = 0;
    for (int at = 0; at < given.count; at++) {
        try {
            const auto answer = http.request(given.method, given.url, given.body.value_or(""), headers, given.call);
            const std::lock_guard<std::mutex> turn(out);
            std::cout << answer.body << "\nverified: status " << answer.status << ", code " << answer.outcome.code().value_or(0) << ", requests "
                      << answer.requests << (answer.probed ? ", probed" : "") << (answer.resent ? ", resent" : "")
                      << (answer.in_session ? ", in session" : "") << std::endl;
        } catch (const oscartoki::OscarError &error) {
            const std::lock_guard<std::mutex> turn(out);
            std::cerr << "error: " << error.what() << " (may have run: " << (error.may_have_run().value_or(true) ? "yes" : "no") << ")\n";
            worst = std::max(worst, 1);
        } catch (const oscartoki::curl::NetworkError &error) {
            const std::lock_guard<std::mutex> turn(out);
            std::cerr << "error: network: " << error.what() << " (may have run: " << (error.may_have_run() ? "yes" : "no") << ")\n";
            worst = std::max(worst, 4);
        }
    }
    return worst;
}

} // namespace

int main(int argc, char **argv) {
    Given given;
    try {
        given = parse(argc, argv);
    } catch (...) {
        std::cerr << "usage: client --secret FILE --audience NAME [-X METHOD] [-d BODY] [-H 'Name: value']... [--ext LIST] [--repeatable]\n"
                     "              [--verify-first] [--trust-clock] [--roll-every] [--count N] [--parallel N] [--clock-off-ms N] URL\n";
        return 2;
    }
    try {
        const oscartoki::Client client = client_of(given);
        std::vector<int> codes(static_cast<std::size_t>(std::max(given.parallel, 1)));
        std::vector<std::thread> threads;
        for (int &code : codes) threads.emplace_back([&] { code = work(given, client); });
        for (std::thread &thread : threads) thread.join();
        return *std::max_element(codes.begin(), codes.end());
    } catch (const std::exception &error) {
        std::cerr << "error: " << error.what() << '\n';
        return 3;
    }
}
