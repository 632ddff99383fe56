// A service in C++ with libmicrohttpd, answering as `oscar serve` does.
//
//   service --listen 127.0.0.1:0 --audience NAME [--authority NAME]... --key FILE... [--revocations FILE] [--memory FILE|redis://…] [--workers N]
//           [--ext LIST] [--answer-ext LIST] [--first-start]
//
// `/echo` and everything under it take any method and need a toki. `--memory` is shared by all processes on this machine that accept the same
// keys, so by the `--workers` too; without it, a file of this user is. Prints `listening on http://HOST:PORT` once it is ready. SIGTERM ends
// it with 0.
#include <csignal>
#include <iostream>
#include <oscartoki.hpp>
#include <oscartoki/microhttpd.hpp>
#include <sys/wait.h>
#include <thread>

namespace {

struct Given {
    std::string listen = "127.0.0.1:8080";
    oscartoki::ServiceOptions service;
    std::vector<std::string> authorities;
    std::string memory;
    int workers = 1;
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

Given parse(int argc, char **argv) {
    Given given;
    for (int at = 1; at < argc; at++) {
        const std::string name = argv[at];
        const auto value = [&] { return ++at < argc ? std::string(argv[at]) : throw Usage(); };
        if (name == "--listen") given.listen = value();
        else if (name == "--audience") given.service.audience = value();
        else if (name == "--authority") given.authorities.push_back(value());
        else if (name == "--key") given.service.keys_file.push_back(value());
        else if (name == "--revocations") given.service.revocations_file = value();
        else if (name == "--memory") given.memory = value();
        else if (name == "--workers") given.workers = std::stoi(value());
        else if (name == "--ext") given.service.ext = names(value());
        else if (name == "--answer-ext") given.service.answer_ext = names(value());
        else if (name == "--first-start") given.service.first_start = true;
        else throw Usage();
    }
    if (given.memory.rfind("redis", 0) == 0 && given.memory.find("://") != std::string::npos && given.service.audience)
        given.service.memory = std::make_shared<oscartoki::RedisReplayLog>(given.memory, *given.service.audience);
    else if (!given.memory.empty()) given.service.memory = std::make_shared<oscartoki::MappedReplayLog>(given.memory);
    if (!given.service.audience || given.service.keys_file.empty() || given.workers < 1) throw Usage();
    return given;
}

std::string quoted(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    return out + '"';
}

/// The application, which knows nothing of tokis but who asks.
oscartoki::microhttpd::Reply app(const oscartoki::microhttpd::Incoming &request) {
    const oscartoki::OwnHeaders json = {{"Content-Type", "application/json"}};
    if (request.path() != "/echo" && request.path().substr(0, 6) != "/echo/") return {404, R"({"error": "not found"})", json};
    const auto sid = request.verified.sid();
    std::string body = "{\"client\": " + quoted(oscartoki::hex(request.verified.kid()));
    body += ", \"session\": " + (sid ? quoted(oscartoki::hex(*sid)) : std::string("null"));
    body += ", \"method\": " + quoted(request.method) + ", \"target\": " + quoted(request.target);
    body += ", \"body_sha256\": " + (request.body.empty() ? std::string("null") : quoted(oscartoki::hex(oscartoki::sha256(request.body)))) + '}';
    return {200, body, json};
}

/// Serves until SIGTERM or SIGINT, which are blocked.
int serve(const oscartoki::Service &service, const oscartoki::microhttpd::Listener &listener, const sigset_t &stop) {
    const oscartoki::microhttpd::Server server(service, listener, app);
    int number = 0;
    sigwait(&stop, &number);
    return 0;
}

/// Children that serve one socket; a signal to the parent ends them all. One that dies ends the service.
int fork_workers(const oscartoki::Service &service, const oscartoki::microhttpd::Listener &listener, const sigset_t &stop, int workers) {
    std::vector<pid_t> children;
    for (int at = 0; at < workers; at++) {
        const pid_t child = fork();
        if (child == 0) _exit(serve(service, listener, stop));
        if (child > 0) children.push_back(child);
    }
    int number = 0, worst = children.size() == static_cast<std::size_t>(workers) ? 0 : 1;
    sigwait(&stop, &number);
    if (number == SIGCHLD) worst = 1;
    for (const pid_t child : children) kill(child, SIGTERM);
    for (const pid_t child : children) {
        int status = 0;
        if (waitpid(child, &status, 0) == child && status != 0) worst = 1;
    }
    return worst;
}

} // namespace

int main(int argc, char **argv) {
    Given given;
    // Blocked before any thread is, so that all inherit it.
    sigset_t stop;
    sigemptyset(&stop);
    for (const int number : {SIGTERM, SIGINT, SIGCHLD}) sigaddset(&stop, number);
    pthread_sigmask(SIG_BLOCK, &stop, nullptr);
    try {
        given = parse(argc, argv);
    } catch (const oscartoki::OscarError &error) {
        std::cerr << "error: " << error.what() << '\n';
        return 3;
    } catch (...) {
        std::cerr << "usage: service --listen HOST:PORT --audience NAME [--authority NAME]... --key FILE... [--revocations FILE] [--memory FILE]\n"
                     "               [--workers N] [--ext LIST] [--answer-ext LIST] [--first-start]\n";
        return 2;
    }
    try {
        const oscartoki::microhttpd::Listener listener(given.listen);
        given.service.authorities = {*given.service.audience, listener.address()};
        given.service.authorities.insert(given.service.authorities.end(), given.authorities.begin(), given.authorities.end());
        const oscartoki::Service service(given.service);
        const std::int64_t wait_ms = service.ready_at_ms() - oscartoki::wall_clock_ms();
        std::this_thread::sleep_for(std::chrono::milliseconds(std::max<std::int64_t>(wait_ms, 0)));
        std::cout << "listening on http://" << listener.address() << std::endl;
        return given.workers > 1 ? fork_workers(service, listener, stop, given.workers) : serve(service, listener, stop);
    } catch (const std::exception &error) {
        std::cerr << "error: " << error.what() << '\n';
        return 3;
    }
}
