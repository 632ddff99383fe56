// libcurl's client and libmicrohttpd's service over real HTTP on loopback; and answers that no honest service gives.
#include "check.hpp"

#include <atomic>
#include <oscartoki/curl.hpp>
#include <oscartoki/microhttpd.hpp>
#include <thread>

using namespace oscartoki;
using namespace check;

namespace {

microhttpd::Reply app(const microhttpd::Incoming &request) {
    if (request.path() == "/throws") throw std::runtime_error("a fault of the application");
    if (request.path() == "/nothing") return {204};
    if (request.path() == "/large") return {200, std::string(2 << 20, 'x')};
    return {200, std::string(request.method) + ' ' + std::string(request.target) + ' ' + std::to_string(request.body.size())};
}

struct World {
    Secret secret = Secret::generate();
    microhttpd::Listener listener{"127.0.0.1:0"};
    Service service;
    microhttpd::Server server{service, listener, app, 8};
    Client client;
    std::string url = "http://" + listener.address();

    explicit World(const ClientOptions &options = {}) : service(made(secret, listener)), client(secret, NAME, options) {}

    static Service made(const Secret &secret, const microhttpd::Listener &listener) {
        ServiceOptions options = service_options(secret);
        options.audience = NAME;
        options.authorities = {NAME, listener.address()};
        options.memory = std::make_shared<MemoryReplayLog>(1 << 18);
        options.now_ms.reset();
        return Service(options);
    }
};

/// Answers each connection with one text, whatever it is asked.
class Liar {
  public:
    explicit Liar(std::string answer) : answer_(std::move(answer)), thread_([this] { serve(); }) {}
    ~Liar() {
        stop_ = true;
        thread_.join();
    }
    std::string url() const { return "http://" + listener_.address(); }
    int asked() const { return asked_; }

  private:
    void serve() {
        while (!stop_) {
            const int connection = accept(listener_.get(), nullptr, nullptr);
            if (connection < 0) {
                std::this_thread::sleep_for(std::chrono::milliseconds(2));
                continue;
            }
            asked_++;
            std::string request;
            char chunk[4096];
            while (request.find("\r\n\r\n") == std::string::npos) {
                const ssize_t got = read(connection, chunk, sizeof chunk);
                if (got <= 0) break;
                request.append(chunk, static_cast<std::size_t>(got));
            }
            if (write(connection, answer_.data(), answer_.size()) < 0) std::cerr << "a write failed\n";
            shutdown(connection, SHUT_WR);
            while (read(connection, chunk, sizeof chunk) > 0) {
            }
            close(connection);
        }
    }

    std::string answer_;
    microhttpd::Listener listener_{"127.0.0.1:0"};
    std::atomic<bool> stop_{false};
    std::atomic<int> asked_{0};
    std::thread thread_;
};

void a_client_and_a_service() {
    World world;
    curl::Http http(world.client);
    curl::Response answer = http.request("GET", world.url + "/a?b=1");
    CHECK(answer.status == 200 && answer.body == "GET /a?b=1 0" && answer.requests == 1 && answer.outcome.code() == 0 && !answer.in_session);
    CHECK(answer.header("Cache-Control") == "no-store, no-transform" && !answer.header("oscartoki-error"));
    answer = http.request("POST", world.url + "/v1/transfer", R"({"amount":10})", {{"content-type", "application/json"}});
    CHECK(answer.body == "POST /v1/transfer 13" && answer.in_session && answer.outcome.may_have_run());
    CallOptions probing;
    probing.verify_first = true;
    answer = http.request("DELETE", world.url + "/x", {}, {}, probing);
    CHECK(answer.probed && answer.requests == 2 && answer.body == "DELETE /x 0");
    answer = http.request("HEAD", world.url + "/x");
    CHECK(answer.status == 200 && answer.body.empty() && answer.outcome.content_authentic());
    answer = http.request("GET", world.url + "/nothing");
    CHECK(answer.status == 204 && answer.body.empty());
    answer = http.request("GET", world.url + "/throws");
    CHECK(answer.status == 500 && answer.outcome.accepted());
    const std::string large(1 << 20, 'x');
    CHECK(http.request("PUT", world.url + "/up", large).body == "PUT /up 1048576");
    try {
        http.request("PUT", world.url + "/up", large + 'x');
    } catch (const errors::Policy &error) {
        CHECK(error.may_have_run() == false && error.status() == 413 && error.is_signed());
        return;
    }
    throw Failed(__FILE__, __LINE__, "a body over the limit is accepted");
}

void targets_stay_as_they_are() {
    World world;
    curl::Http http(world.client);
    for (const std::string target : {"/", "/?", "/a?", "/a%2Fb?x=1&x=2", "/a/../b/./c//d", "/%7E;p=1", "/a?%20+b", "/\"'!*()"}) {
        const curl::Response answer = http.request("GET", world.url + target);
        CHECK(answer.body == "GET " + target + " 0");
    }
    CHECK(http.request("GET", world.url).body == "GET / 0" && http.request("GET", world.url + "?q").body == "GET /?q 0");
    REFUSES(errors::Unsignable, http.request("GET", world.url + "/#fragment"));
    REFUSES(errors::Unsignable, http.request("GET", world.url + "/a b"));
    REFUSES(errors::Unsignable, http.request("get", world.url + "/"));
    REFUSES(errors::Unsignable, http.request("GET", "nonsense"));
}

void what_no_honest_service_answers() {
    World world;
    CallOptions trusting;
    trusting.trust_clock = true;
    curl::Http http(world.client);
    const auto refused = [&](const std::string &answer, std::string_view name, int asked) {
        Liar liar(answer);
        try {
            http.request("POST", liar.url() + "/", "x", {}, trusting);
        } catch (const OscarError &error) {
            CHECK(error.name() == name && error.may_have_run() == true && !error.is_signed());
            CHECK(liar.asked() == asked);
            return;
        }
        throw Failed(__FILE__, __LINE__, "accepted: " + answer);
    };
    const std::string toki = "oscartoki: ot2.IgMAAaIAOALIXucNL02fnJRTEmwYnotsXg\r\n", end = "Connection: close\r\n\r\n";
    refused("HTTP/1.1 200 OK\r\n" + end + "ok", "missing", 1);
    refused("HTTP/1.1 401 No\r\noscartoki-error: stale\r\n" + end, "missing", 1);
    refused("HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\n" + end, "missing", 1);
    refused("HTTP/1.1 307 Found\r\nLocation: http://127.0.0.1:1/\r\n" + end, "missing", 1);
    refused("HTTP/1.1 200 OK\r\noscartoki: nonsense\r\n" + end, "malformed", 1);
    refused("HTTP/1.1 200 OK\r\noscartoki: ot2.IgABAaIAOALIgmLgrvIZJPp2gKC94xmvQA\r\n" + end, "bad_mac", 1);
    refused("HTTP/1.1 200 OK\r\n" + toki + toki + end, "malformed", 1);
    refused("HTTP/1.1 200 OK\r\nContent-Length: 2000000\r\n" + toki + end + std::string(2'000'000, 'x'), "policy", 1);
    // A toki behind the content is none.
    refused("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: oscartoki\r\n" + end + "2\r\nok\r\n0\r\n" + toki + "\r\n", "missing", 1);
    // Interim answers carry nothing.
    refused("HTTP/1.1 103 Early Hints\r\n" + toki + "\r\nHTTP/1.1 200 OK\r\n" + end, "missing", 1);
    const auto lost = [&](const std::string &url, std::string_view method, const CallOptions &options, bool may_have_run) {
        try {
            http.request(method, url, "x", {}, options);
        } catch (const curl::NetworkError &error) {
            CHECK(error.may_have_run() == may_have_run);
            return;
        }
        throw Failed(__FILE__, __LINE__, "an answer came");
    };
    const Liar silent("");
    lost(silent.url() + "/", "POST", trusting, true);
    CHECK(silent.asked() == 1);
    // The probe is what was lost.
    lost(silent.url() + "/", "POST", {}, false);
    lost("http://127.0.0.1:1/", "POST", {}, false);
    REFUSES(errors::Policy, http.request("GET", world.url + "/large"));
}

void unsigned_refusals() {
    World world;
    const auto get = [&](const OwnHeaders &headers, const std::string &target = "/") {
        return curl::Http(world.client).sender(world.url + target)("GET", headers, false);
    };
    const curl::Received bare = get({});
    CHECK(bare.status == 401 && bare.header("oscartoki-error") == "missing" && bare.header("WWW-Authenticate") == "oscartoki" && bare.body.empty());
    CHECK(get({{"oscartoki", "nonsense"}}).header("oscartoki-error") == "malformed");
    const Client stranger(Secret::generate(), NAME);
    CHECK(get(stranger.sign(Request{"GET", world.listener.address(), "/"}).headers()).header("oscartoki-error") == "unknown_key");
    const SignedRequest request = world.client.sign(Request{"GET", world.listener.address(), "/"});
    CHECK(get(request.headers(), "/other").header("oscartoki-error") == "bad_mac");
    OwnHeaders overridden = request.headers();
    overridden.emplace_back("X-HTTP-Method-Override", "DELETE");
    CHECK(get(overridden).header("oscartoki-error") == "malformed");
    CHECK(get(request.headers()).status == 200);
    const curl::Received again = get(request.headers());
    CHECK(again.status == 409 && again.header("oscartoki") && !again.header("oscartoki-error"));
}

void one_captured_toki_has_one_winner() {
    World world;
    for (int round = 0; round < 5; round++) {
        const OwnHeaders headers = world.client.sign(Request{"GET", world.listener.address(), "/"}).headers();
        std::atomic<int> accepted{0}, refused{0};
        std::vector<std::thread> threads;
        for (int at = 0; at < 32; at++)
            threads.emplace_back([&] {
                const curl::Received received = curl::Http(world.client).sender(world.url + "/")("GET", headers, false);
                accepted += received.status == 200;
                refused += received.status == 409;
            });
        for (std::thread &thread : threads) thread.join();
        CHECK(accepted == 1 && refused == 31);
    }
}

void thirty_two_threads() {
    World world;
    std::vector<std::thread> threads;
    std::atomic<int> failed{0};
    for (int at = 0; at < 32; at++)
        threads.emplace_back([&] {
            try {
                curl::Http http(world.client);
                for (int count = 0; count < 10; count++) CHECK(http.request("POST", world.url + "/p", "{}").status == 200);
            } catch (const std::exception &error) {
                std::cerr << error.what() << std::endl;
                failed++;
            }
        });
    for (std::thread &thread : threads) thread.join();
    CHECK(failed == 0);
}

void covered_headers() {
    Secret secret = Secret::generate();
    microhttpd::Listener listener("127.0.0.1:0");
    ServiceOptions options = service_options(secret);
    options.audience = NAME;
    options.authorities = {listener.address()};
    options.now_ms.reset();
    options.ext = {"idempotency-key", "content-type"};
    options.answer_ext = {"etag"};
    const Service service(options);
    const microhttpd::Server server(service, listener, [](const microhttpd::Incoming &) { return microhttpd::Reply{200, "{}", {{"ETag", "\"7\""}}}; });
    ClientOptions covering;
    covering.ext = options.ext;
    covering.answer_ext = options.answer_ext;
    const Client client(secret, NAME, covering);
    curl::Http http(client);
    CallOptions repeatable;
    repeatable.repeatable = true;
    const Headers headers = {{"Idempotency-Key", "1"}, {"Content-Type", "application/json"}};
    const curl::Response answer = http.request("POST", "http://" + listener.address() + "/", "{}", headers, repeatable);
    CHECK(answer.header("etag") == "\"7\"" && answer.outcome.accepted());
    // An empty header is sent empty.
    CHECK(http.request("GET", "http://" + listener.address() + "/", {}, {{"Content-Type", ""}}).status == 200);
    REFUSES(errors::Unsignable, http.request("POST", "http://" + listener.address() + "/", "{}", {}, repeatable));
    // Without the lists the ext is another.
    const Client other(secret, NAME);
    REFUSES(errors::Missing, curl::Http(other).request("GET", "http://" + listener.address() + "/"));
}

void version_one() {
    microhttpd::Listener listener("127.0.0.1:0");
    ServiceOptions options;
    options.audience = NAME;
    options.memory = std::make_shared<MemoryReplayLog>(1000);
    options.first_start = true;
    const Service service = v1::service({{Id{1}, "a key of v1"}}, {listener.address()}, wall_clock_ms() + 1'000'000, Dialect::any, options);
    const microhttpd::Server server(service, listener, app);
    const Client any(Secret::generate(), NAME);
    curl::Http http(any);
    const curl::Received answer = v1::Client("a key of v1").request("POST", http.sender("http://" + listener.address() + "/v1", "body"));
    CHECK(answer.status == 200 && answer.body == "POST /v1 4");
    REFUSES(OscarError, v1::Client("another key").request("POST", http.sender("http://" + listener.address() + "/v1", "body")));
}

} // namespace

int main() {
    return run({{"a client and a service", a_client_and_a_service},
                {"targets stay as they are", targets_stay_as_they_are},
                {"what no honest service answers", what_no_honest_service_answers},
                {"unsigned refusals", unsigned_refusals},
                {"one captured toki has one winner", one_captured_toki_has_one_winner},
                {"32 threads", thirty_two_threads},
                {"covered headers", covered_headers},
                {"OscarToki v1", version_one}});
}
