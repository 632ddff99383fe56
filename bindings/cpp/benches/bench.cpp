// bench [--json]: what sign, verify, answer and accept cost in C++ and in C, and the same work by hand over OpenSSL's keyed HMAC, and libjwt. All
// sides in turns in one process, CPU time of the thread, the median of the rounds. Rows: {"what","ours_ns","peer","peer_ns","ratio","bar","met"}.
#include <jwt.h>
#include <openssl/crypto.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <time.h>

#include <algorithm>
#include <cstdio>
#include <functional>
#include <map>
#include <mutex>
#include <oscartoki.hpp>
#include <unordered_set>

using namespace oscartoki;

namespace {

constexpr std::int64_t NOW = 1'795'300'000'000;
constexpr std::size_t COUNT = 20'000;
constexpr int ROUNDS = 21;
const std::string NAME = "api.example.com";
const Request REQUEST{"GET", NAME, "/v1/accounts?limit=10&filter=open&sort=date+name"}; // M: 100 bytes

void must(bool holds) {
    if (!holds) {
        std::fprintf(stderr, "bench: a call failed: %s\n", oscar_last_detail());
        std::exit(1);
    }
}

/// A round's cost of one of COUNT, by name.
std::map<std::string, std::vector<double>> rounds;

/// Of this thread alone: what else the machine does is not counted.
double cpu_ns() {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_nsec);
}

template <class Work> void take(const char *name, Work &&work) {
    const double start = cpu_ns();
    for (std::size_t at = 0; at < COUNT; at++) work(at);
    rounds[name].push_back((cpu_ns() - start) / COUNT);
}

double median(const char *name) {
    std::vector<double> &all = rounds.at(name);
    std::nth_element(all.begin(), all.begin() + all.size() / 2, all.end());
    return all[all.size() / 2];
}

/// The work that a toki is, by hand: the message assembled, a keyed HMAC, base64url, a nonce or a constant-time comparison and a set.
class ByHand {
  public:
    ByHand() {
        unsigned char key[32] = {1};
        must(HMAC_Init_ex(keyed_, key, sizeof key, EVP_sha256(), nullptr) == 1);
    }
    ~ByHand() {
        HMAC_CTX_free(keyed_);
        HMAC_CTX_free(one_);
    }

    std::string sign(const Request &request) {
        unsigned char toki[40] = {0x21};
        must(RAND_bytes(toki + 16, 8) == 1);
        mac(request, toki, toki + 24);
        return encode(toki, sizeof toki);
    }

    bool verify(const Request &request, std::string_view text) {
        unsigned char toki[40], tag[32];
        if (!decode(text, toki, sizeof toki)) return false;
        mac(request, toki, tag);
        if (CRYPTO_memcmp(tag, toki + 24, 16) != 0) return false;
        const std::lock_guard<std::mutex> turn(lock_);
        return seen_.emplace(reinterpret_cast<const char *>(tag), 16).second;
    }

    void hmac_alone(std::size_t at) {
        unsigned char message[100] = {static_cast<unsigned char>(at)}, tag[32];
        unsigned len = 0;
        must(HMAC_CTX_copy(one_, keyed_) && HMAC_Update(one_, message, sizeof message) && HMAC_Final(one_, tag, &len));
    }

    void forget() { seen_ = {}; }

  private:
    void mac(const Request &request, const unsigned char *head, unsigned char *tag) {
        unsigned char message[512], out[32];
        std::size_t len = 24;
        unsigned out_len = 0;
        std::memcpy(message, head, 24);
        for (const std::string_view field : {request.method, request.authority, request.target, request.ext}) {
            message[len++] = static_cast<unsigned char>(field.size() >> 8);
            message[len++] = static_cast<unsigned char>(field.size());
            std::memcpy(message + len, field.data(), field.size());
            len += field.size();
        }
        must(HMAC_CTX_copy(one_, keyed_) && HMAC_Update(one_, message, len) && HMAC_Final(one_, out, &out_len));
        std::memcpy(tag, out, 16);
    }

    static std::string encode(const unsigned char *data, std::size_t len) {
        static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        std::string text = "ot2.";
        std::uint32_t bits = 0;
        int held = 0;
        for (std::size_t at = 0; at < len; at++) {
            bits = bits << 8 | data[at];
            for (held += 8; held >= 6; held -= 6) text += alphabet[bits >> (held - 6) & 63];
        }
        if (held > 0) text += alphabet[bits << (6 - held) & 63];
        return text;
    }

    static bool decode(std::string_view text, unsigned char *out, std::size_t len) {
        static const auto values = [] {
            std::array<signed char, 256> made{};
            made.fill(-1);
            const std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
            for (std::size_t at = 0; at < alphabet.size(); at++) made[static_cast<unsigned char>(alphabet[at])] = static_cast<signed char>(at);
            return made;
        }();
        if (text.size() != 58 || text.substr(0, 4) != "ot2.") return false;
        std::uint32_t bits = 0;
        int held = 0;
        std::size_t at = 0;
        for (const char c : text.substr(4)) {
            const int value = values[static_cast<unsigned char>(c)];
            if (value < 0) return false;
            bits = bits << 6 | static_cast<std::uint32_t>(value);
            held += 6;
            if (held >= 8 && at < len) out[at++] = static_cast<unsigned char>(bits >> (held -= 8));
        }
        return at == len;
    }

    HMAC_CTX *keyed_ = HMAC_CTX_new(), *one_ = HMAC_CTX_new();
    std::mutex lock_;
    std::unordered_set<std::string> seen_;
};

struct Bench {
    Secret secret = Secret::generate();
    ByHand by_hand;
    std::vector<SignedRequest> requests;
    std::vector<Verdict> verdicts;
    std::vector<SignedAnswer> answers;
    unsigned char jwt_key[32] = {1};

    static Client made(const Secret &secret) {
        ClientOptions options;
        options.trust_clock = true;
        return Client(secret, NAME, options);
    }

    Service service() const {
        ServiceOptions options;
        options.keys = {secret.audience_key(NAME).to_text()};
        options.authorities = {NAME};
        options.first_start = true;
        options.now_ms = NOW;
        options.memory = std::make_shared<MemoryReplayLog>(1 << 17);
        return Service(options);
    }

    void cpp() {
        const Client client = made(secret); // a new one: no session yet
        // Kept from round to round, as the arrays in C are: no page is touched for the first time.
        requests.clear();
        verdicts.clear();
        answers.clear();
        take("C++ sign", [&](std::size_t) { requests.push_back(client.sign(REQUEST, {}, NOW + 1, 0)); });
        const Service verifying = service();
        take("C++ verify", [&](std::size_t at) {
            const Verdict verdict = verifying.verify(REQUEST, requests[at].toki(), std::nullopt, NOW + 2);
            must(verdict.accepted());
        });
        const Service answering = service();
        for (SignedRequest &request : requests) verdicts.push_back(answering.verify(REQUEST, request.toki(), std::nullopt, NOW + 2));
        take("C++ answer", [&](std::size_t at) { answers.push_back(answering.answer(verdicts[at], Answer{200}, NOW + 3)); });
        take("C++ accept", [&](std::size_t at) {
            must(client.accept(requests[at], Answer{200, {}, answers[at].toki(), answers[at].grant()}, NOW + 4, 0).accepted());
        });
    }

    void c() {
        const Client client = made(secret);
        static oscar_signed headers[COUNT];
        static oscar_answered answered[COUNT];
        static oscar_handle contexts[COUNT], verified[COUNT];
        oscar_request request{};
        oscar_answer answer{};
        request.method = {REQUEST.method.data(), REQUEST.method.size()};
        request.authority = {REQUEST.authority.data(), REQUEST.authority.size()};
        request.target = {REQUEST.target.data(), REQUEST.target.size()};
        answer.status = 200;
        take("C sign", [&](std::size_t at) { must(oscar_client_sign(client.get(), &request, NOW + 1, &headers[at], &contexts[at]) == OSCAR_OK); });
        const Service verifying = service();
        take("C verify", [&](std::size_t at) {
            oscar_verdict verdict;
            request.toki = oscar_str(headers[at].toki);
            must(oscar_service_verify(verifying.get(), &request, NOW + 2, &verdict) == OSCAR_OK);
            oscar_verdict_free(verdict.context);
        });
        const Service answering = service();
        for (std::size_t at = 0; at < COUNT; at++) {
            oscar_verdict verdict;
            request.toki = oscar_str(headers[at].toki);
            must(oscar_service_verify(answering.get(), &request, NOW + 2, &verdict) == OSCAR_OK);
            verified[at] = verdict.context;
        }
        take("C answer", [&](std::size_t at) { must(oscar_service_answer(answering.get(), verified[at], &answer, NOW + 3, &answered[at]) == OSCAR_OK); });
        take("C accept", [&](std::size_t at) {
            answer.toki = oscar_str(answered[at].toki);
            answer.grant = oscar_optional(answered[at].grant);
            must(oscar_client_accept(client.get(), contexts[at], &answer, NOW + 4) == OSCAR_OK);
        });
    }

    void openssl() {
        std::vector<std::string> tokis;
        tokis.reserve(COUNT);
        take("OpenSSL sign", [&](std::size_t) { tokis.push_back(by_hand.sign(REQUEST)); });
        take("OpenSSL verify", [&](std::size_t at) { must(by_hand.verify(REQUEST, tokis[at])); });
        take("OpenSSL HMAC", [&](std::size_t at) { by_hand.hmac_alone(at); });
        by_hand.forget();
    }

    void libjwt() {
        std::string token;
        const auto encode = [&](std::size_t) {
            jwt_t *jwt = nullptr;
            must(jwt_new(&jwt) == 0 && jwt_add_grant_int(jwt, "iat", NOW / 1000) == 0 && jwt_add_grant(jwt, "sub", "1f0e6552cdeefa20") == 0);
            must(jwt_set_alg(jwt, JWT_ALG_HS256, jwt_key, sizeof jwt_key) == 0);
            char *text = jwt_encode_str(jwt);
            token = text;
            std::free(text);
            jwt_free(jwt);
        };
        take("libjwt encode", encode);
        take("libjwt decode", [&](std::size_t) {
            jwt_t *jwt = nullptr;
            must(jwt_decode(&jwt, token.c_str(), jwt_key, sizeof jwt_key) == 0);
            jwt_free(jwt);
        });
    }
};

void row(bool json, const char *ours, const char *peer, const char *peer_name, double bar) {
    const double mine = median(ours), its = median(peer), ratio = mine / its;
    const bool met = ratio <= bar;
    char bar_text[16] = "null";
    if (bar > 0) std::snprintf(bar_text, sizeof bar_text, "%.1f", bar);
    if (json)
        std::printf("{\"what\":\"%s\",\"ours_ns\":%.1f,\"peer\":\"%s\",\"peer_ns\":%.1f,\"ratio\":%.3f,\"bar\":%s,\"met\":%s}\n", ours, mine,
                    peer_name, its, ratio, bar_text, bar > 0 ? (met ? "true" : "false") : "null");
    else
        std::printf("%-11s %8.1f ns   %-42s %8.1f ns   ratio %.2f   %s\n", ours, mine, peer_name, its, ratio,
                    bar > 0 ? (met ? "met" : "MISSED") : "");
}

} // namespace

int main(int argc, char **argv) {
    const bool json = argc > 1 && std::string_view(argv[1]) == "--json";
    Bench bench;
    for (int round = 0; round < ROUNDS; round++) {
        bench.cpp();
        bench.c();
        bench.openssl();
        if (round % 7 == 0) bench.libjwt();
    }
    row(json, "C++ sign", "C sign", "C sign", 1.1);
    row(json, "C++ verify", "C verify", "C verify", 1.1);
    row(json, "C++ answer", "C answer", "C answer", 1.1);
    row(json, "C++ accept", "C accept", "C accept", 1.1);
    row(json, "C sign", "OpenSSL sign", "keyed HMAC of OpenSSL, by hand", 1.2);
    row(json, "C verify", "OpenSSL verify", "keyed HMAC of OpenSSL, by hand with a set", 1.2);
    row(json, "C verify", "OpenSSL HMAC", "keyed HMAC of OpenSSL, 100 bytes, alone", 0);
    row(json, "C++ sign", "libjwt encode", "libjwt encode HS256", 0);
    row(json, "C++ verify", "libjwt decode", "libjwt decode HS256", 0);
    return 0;
}
