// Key files, revocations and shared memory, also across processes.
#include "check.hpp"

#include <csignal>
#include <set>
#include <sys/wait.h>
#include <thread>

using namespace oscartoki;
using namespace check;

namespace {

template <class Holds> void within_two_seconds(Holds &&holds) {
    const std::int64_t end = monotonic_clock_ms() + 2000;
    while (!holds()) {
        if (monotonic_clock_ms() > end) throw Failed(__FILE__, __LINE__, "not within two seconds");
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
}

/// Runs in a child; whether it ended well.
template <class Life> bool in_child(Life &&life) {
    const pid_t child = fork();
    if (child == 0) {
        try {
            life();
            _exit(0);
        } catch (const std::exception &error) {
            std::cerr << error.what() << std::endl;
            _exit(1);
        }
    }
    int status = 1;
    return waitpid(child, &status, 0) == child && status == 0;
}

void key_files_are_followed() {
    const Folder folder;
    const AudienceKey key = Secret::generate().audience_key(NAME), other = Secret::generate().audience_key(NAME);
    const AudienceKey fixed = Secret::generate().audience_key(NAME);
    const std::string keys = folder.path("keys"), revoked = folder.path("revoked");
    write(keys, "# ours\n" + key.to_text() + "\n");
    std::vector<std::string> faults;
    ServiceOptions options;
    options.keys = {fixed.to_text()};
    options.authorities = {NAME};
    options.keys_file = {keys};
    options.revocations_file = revoked;
    options.memory = std::make_shared<MemoryReplayLog>(100);
    options.first_start = true;
    options.on_fault = [&](const OscarError &fault) { faults.emplace_back(fault.what()); };
    const Service service(options), sibling(options);
    CHECK(service.keyring().kids().size() == 2 && service.keyring().holds(key.kid()));
    write(keys, key.to_text() + "\n" + other.to_text() + "\n");
    within_two_seconds([&] { return service.keyring().kids().size() == 3; });
    write(keys, "nonsense\n");
    within_two_seconds([&] {
        service.keyring();
        return !faults.empty();
    });
    std::this_thread::sleep_for(std::chrono::milliseconds(900));
    CHECK(service.keyring().kids().size() == 3 && faults.size() == 1 && faults[0].find("line 1") != std::string::npos);
    service.revoke_key(key.kid());
    within_two_seconds([&] { return sibling.keyring().revocations_text() == "revoked " + hex(key.kid()) + "\n"; });
    const bool followed = in_child([&] {
        write(keys, other.to_text());
        within_two_seconds([&] { return service.keyring().kids().size() == 2 && service.keyring().holds(other.kid()); });
    });
    CHECK(followed);
    REFUSES(errors::WrongKind, [&] {
        write(keys, Secret::generate().to_text());
        Service made(options);
    }());
    options.keys_file = {folder.path("absent")};
    REFUSES(errors::Store, Service{options});
}

void a_revoked_key_is_refused_by_a_sibling() {
    const Folder folder;
    const Secret secret = Secret::generate();
    ServiceOptions options = service_options(secret);
    options.now_ms.reset();
    options.revocations_file = folder.path("revoked");
    const Service service(options), sibling(options);
    const Client client(secret, NAME);
    service.revoke_issued_before(secret.kid(), 5);
    service.revoke_key(secret.kid());
    const Request get{"GET", NAME, "/"};
    within_two_seconds([&] {
        const SignedRequest request = client.sign(get);
        const Verdict verdict = sibling.verify(get, request.toki());
        return !verdict.accepted() && verdict.refusal()->name() == "revoked" && verdict.refusal()->status() == 403;
    });
    std::ifstream file(folder.path("revoked"));
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    CHECK(text == "revoked " + hex(secret.kid()) + " before 5\nrevoked " + hex(secret.kid()) + "\n");
}

void a_mapped_memory_is_shared_and_survives() {
    const Folder folder;
    const Secret secret = Secret::generate();
    const Client client(secret, NAME);
    const std::string path = folder.path("memory");
    const auto made = [&] {
        ServiceOptions options = service_options(secret);
        options.now_ms.reset();
        options.memory = std::make_shared<MappedReplayLog>(path, 1000);
        return Service(options);
    };
    const Request get{"GET", NAME, "/"};
    const Service one = made();
    CHECK(std::filesystem::status(path).permissions() == (std::filesystem::perms::owner_read | std::filesystem::perms::owner_write));
    // One toki, eight processes: half opened the memory before the fork, half do after it.
    for (int round = 0; round < 10; round++) {
        const SignedRequest request = client.sign(get);
        int accepted = 0;
        std::vector<pid_t> children;
        for (int worker = 0; worker < 8; worker++) {
            const pid_t child = fork();
            if (child == 0) {
                const bool won = worker % 2 != 0 ? one.verify(get, request.toki(), request.grant()).accepted()
                                                 : made().verify(get, request.toki(), request.grant()).accepted();
                _exit(won ? 0 : 9);
            }
            children.push_back(child);
        }
        for (const pid_t child : children) {
            int status = 0;
            waitpid(child, &status, 0);
            accepted += WIFEXITED(status) && WEXITSTATUS(status) == 0;
        }
        CHECK(accepted == 1);
        CHECK(one.verify(get, request.toki(), request.grant()).refusal()->name() == "replayed");
    }
    REFUSES(errors::Store, MappedReplayLog{"/nowhere/at/all"});
}

void memories_of_one_process() {
    const Secret secret = Secret::generate();
    const Client client(secret, NAME);
    const Request post{"POST", NAME, "/"};
    CallOptions trusting;
    trusting.trust_clock = true;
    ServiceOptions options = service_options(secret);
    options.now_ms.reset();
    const Service service(options);
    // After a fork it refuses.
    CHECK(in_child([&] {
        const SignedRequest request = client.sign(post, trusting);
        CHECK(service.verify(post, request.toki(), request.grant()).refusal()->name() == "busy");
    }));
    options.memory = std::make_shared<NoReplayLog>();
    const Service refusing(options);
    const SignedRequest request = client.sign(post, trusting);
    CHECK(refusing.verify(post, request.toki(), request.grant()).refusal()->name() == "busy");
    options.memory = std::make_shared<MemoryReplayLog>(MemoryReplayLog::exact(1));
    const Service small(options);
    const SignedRequest one = client.sign(post, trusting), two = client.sign(post, trusting);
    CHECK(small.verify(post, one.toki(), one.grant()).accepted() && small.verify(post, two.toki(), two.grant()).refusal()->name() == "busy");
}

/// A server of this test's own.
class Redis {
  public:
    explicit Redis(const Folder &folder) : socket_(folder.path("redis.sock")) {
        child_ = fork();
        if (child_ == 0) {
            const std::string log = folder.path("redis.log");
            execlp("redis-server", "redis-server", "--port", "0", "--unixsocket", socket_.c_str(), "--save", "", "--appendonly", "no", "--logfile",
                   log.c_str(), nullptr);
            std::cerr << "redis-server is missing: scripts/setup cpp installs it" << std::endl;
            _exit(127);
        }
    }
    Redis(const Redis &) = delete;
    Redis &operator=(const Redis &) = delete;
    ~Redis() { stop(); }
    void stop() {
        if (child_ > 0) kill(child_, SIGKILL), waitpid(child_, nullptr, 0);
        child_ = 0;
    }
    std::string url() const { return "redis+unix://" + socket_; }

  private:
    std::string socket_;
    pid_t child_;
};

void a_fleet_shares_a_redis() {
    const Folder folder;
    Redis redis(folder);
    const Secret secret = Secret::generate();
    const Client client(secret, NAME);
    ServiceOptions options = service_options(secret);
    options.now_ms.reset();
    const std::int64_t end = monotonic_clock_ms() + 20'000;
    for (options.memory = nullptr; options.memory == nullptr;) {
        try {
            options.memory = std::make_shared<RedisReplayLog>(redis.url(), NAME);
        } catch (const errors::Store &error) {
            if (monotonic_clock_ms() > end) throw;
            std::this_thread::sleep_for(std::chrono::milliseconds(50));
        }
    }
    const Service one(options);
    options.memory = std::make_shared<RedisReplayLog>(redis.url(), NAME, 1000);
    options.first_start = false;
    const Service two(options);
    CallOptions trusting;
    trusting.trust_clock = true;
    const Request post{"POST", NAME, "/"};
    for (int round = 0; round < 20; round++) {
        const SignedRequest request = client.sign(post, trusting);
        const Verdict first = one.verify(post, request.toki()), second = two.verify(post, request.toki());
        // A busy machine may miss the 50 ms, which refuses.
        CHECK(first.accepted() + second.accepted() <= 1 && (first.accepted() || first.refusal()->name() == "busy"));
    }
    CHECK(one.counters().at("accepted") + two.counters().at("accepted") > 0);
    redis.stop();
    const SignedRequest request = client.sign(post, trusting);
    CHECK(one.verify(post, request.toki()).refusal()->name() == "busy");
    REFUSES(errors::Store, RedisReplayLog{"redis://127.0.0.1:1", NAME});
    REFUSES(errors::Store, RedisReplayLog{"http://127.0.0.1:1", NAME});
}

void a_child_draws_other_nonces() {
    const Secret secret = Secret::generate();
    const Client client(secret, NAME);
    const Request get{"GET", NAME, "/"};
    client.sign(get, {}, NOW, 0);
    int pipes[2];
    CHECK(pipe(pipes) == 0);
    std::set<std::string> tokis;
    for (int at = 0; at < 4; at++) {
        CHECK(in_child([&] {
            const std::string toki(client.sign(get, {}, NOW, 0).toki());
            CHECK(::write(pipes[1], toki.data(), 58) == 58);
        }));
        char toki[58];
        CHECK(::read(pipes[0], toki, sizeof toki) == 58);
        tokis.emplace(toki, sizeof toki);
    }
    tokis.emplace(client.sign(get, {}, NOW, 0).toki());
    close(pipes[0]);
    close(pipes[1]);
    CHECK(tokis.size() == 5);
}

void without_memory_a_file_of_this_user_is_used() {
    const Folder folder;
    setenv("XDG_RUNTIME_DIR", folder.path("").c_str(), 1);
    ServiceOptions options = service_options(Secret::generate());
    options.memory = nullptr;
    options.first_start = false;
    const Service service(options);
    const auto *mapped = dynamic_cast<const MappedReplayLog *>(&service.memory());
    CHECK(mapped != nullptr && mapped->path().find(folder.path("")) == 0 && mapped->path() == MappedReplayLog::default_path(service.keyring()));
    CHECK(service.ready_at_ms() > NOW && service.floor_ms() > NOW);
}

} // namespace

int main() {
    return run({{"key files are followed", key_files_are_followed},
                {"a revoked key is refused by a sibling", a_revoked_key_is_refused_by_a_sibling},
                {"a mapped memory is shared and survives", a_mapped_memory_is_shared_and_survives},
                {"memories of one process", memories_of_one_process},
                {"a fleet shares a Redis", a_fleet_shares_a_redis},
                {"a child draws other nonces", a_child_draws_other_nonces},
                {"without memory a file of this user is used", without_memory_a_file_of_this_user_is_used}});
}
