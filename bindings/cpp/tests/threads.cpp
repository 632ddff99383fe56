// 32 threads on one client and one service; nothing is accepted twice, nothing honest is refused, and handles do not leak.
#include "check.hpp"

#include <atomic>
#include <thread>

using namespace oscartoki;
using namespace check;

namespace {

constexpr int THREADS = 32, EACH = 200;

template <class Work> void in_threads(Work &&work) {
    std::vector<std::thread> threads;
    std::atomic<int> failed{0};
    for (int at = 0; at < THREADS; at++)
        threads.emplace_back([&, at] {
            try {
                work(at);
            } catch (const std::exception &error) {
                failed++;
                std::cerr << error.what() << std::endl;
            }
        });
    for (std::thread &thread : threads) thread.join();
    CHECK(failed == 0);
}

void exchanges() {
    const Secret secret = Secret::generate();
    ServiceOptions options = service_options(secret);
    options.now_ms.reset();
    // One session has a sixteenth of it.
    options.memory = std::make_shared<MemoryReplayLog>(16 * THREADS * EACH * 2);
    const Service service(options);
    const Client client(secret, NAME);
    in_threads([&](int thread) {
        for (int at = 0; at < EACH; at++) {
            const std::string target = "/" + std::to_string(thread) + "/" + std::to_string(at);
            const Request get{"GET", NAME, target};
            SignedRequest request = client.sign(get);
            Verdict verdict = service.verify(get, request.toki(), request.grant());
            verdict.throw_for_refusal();
            CHECK(verdict.verified()->kid() == secret.kid());
            CHECK(service.verify(get, request.toki(), request.grant()).refusal()->name() == "replayed");
            const SignedAnswer answer = service.answer(verdict, Answer{200, target});
            CHECK(client.accept(request, Answer{200, target, answer.toki(), answer.grant()}).accepted());
        }
    });
    const auto counters = service.counters();
    CHECK(counters.at("accepted") == THREADS * EACH && counters.at("refused_replayed") == THREADS * EACH);
}

void one_toki_has_one_winner() {
    const Secret secret = Secret::generate();
    ServiceOptions options = service_options(secret);
    options.now_ms.reset();
    const Service service(options);
    const Client client(secret, NAME);
    for (int round = 0; round < 20; round++) {
        const Request get{"GET", NAME, "/"};
        const SignedRequest request = client.sign(get);
        std::atomic<int> accepted{0};
        in_threads([&](int) { accepted += service.verify(get, request.toki(), request.grant()).accepted(); });
        CHECK(accepted == 1);
    }
}

/// More objects than the library has room for at once, if they were kept.
void nothing_is_kept() {
    const Secret secret = Secret::generate();
    const Service service(service_options(secret));
    in_threads([&](int) {
        for (int at = 0; at < 300; at++) {
            const Client client(secret, NAME);
            const Keyring ring(NAME);
            ring.add(secret.audience_key(NAME));
            const SignedRequest request = client.sign(Request{"GET", NAME, "/"}, {}, NOW, 0);
            const Verdict verdict = service.verify(Request{"GET", NAME, "/"}, request.toki(), request.grant(), NOW);
            CHECK(verdict.accepted() || verdict.refusal()->name() == "busy");
            const Call call = client.call(Request{"GET", NAME, "/"});
            call.next(NOW, 1);
        }
    });
}

void a_ring_changes_while_it_is_read() {
    const Secret secret = Secret::generate();
    ServiceOptions options = service_options(secret);
    options.memory = std::make_shared<MemoryReplayLog>(1 << 16);
    const Service service(options);
    const Client client(secret, NAME);
    std::atomic<bool> stop{false};
    std::thread writer([&] {
        while (!stop) service.keyring().load(secret.audience_key(NAME).to_text() + "\n" + Secret::generate().audience_key(NAME).to_text());
    });
    in_threads([&](int) {
        for (int at = 0; at < 100; at++) {
            const SignedRequest request = client.sign(Request{"GET", NAME, "/"}, {}, NOW, 0);
            CHECK(service.verify(Request{"GET", NAME, "/"}, request.toki(), request.grant(), NOW).accepted());
        }
    });
    stop = true;
    writer.join();
}

} // namespace

int main() {
    return run({{"exchanges", exchanges},
                {"one toki has one winner", one_toki_has_one_winner},
                {"nothing is kept", nothing_is_kept},
                {"a ring changes while it is read", a_ring_changes_while_it_is_read}});
}
