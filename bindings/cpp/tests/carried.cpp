// Messages, URLs, tickets, OscarToki v1, explain.
#include "check.hpp"

using namespace oscartoki;
using namespace check;

namespace {

void messages() {
    const Secret secret = Secret::generate();
    const Service service(service_options(secret));
    const Client client(secret, NAME);
    const auto log = std::make_shared<MemoryReplayLog>(100);
    const MessageMemory memory = log->for_messages(true, NOW);
    const Message message{"billing", "invoice.created", "{}"};
    SignedMessage made = client.mint_message(message, 3600, NOW);
    const VerifiedMessage first = service.verify_message(message, made.toki(), &memory, 86'400, NOW);
    CHECK(first.freshness() == Freshness::fresh && first.kid() == secret.kid() && first.ts_ms() == NOW && first.ttl_s() == 3600);
    CHECK(service.verify_message(message, made.toki(), &memory, 86'400, NOW).freshness() == Freshness::duplicate);
    CHECK(service.verify_message(message, made.toki(), nullptr, 86'400, NOW).freshness() == Freshness::unchecked);
    REFUSES(errors::BadMac, service.verify_message(Message{"billing", "invoice.created", "{} "}, made.toki(), nullptr, 86'400, NOW));
    REFUSES(errors::BadMac, service.verify_message(Message{"other", "invoice.created", "{}"}, made.toki(), nullptr, 86'400, NOW));
    REFUSES(errors::Policy, service.verify_message(message, made.toki(), nullptr, 60, NOW));
    REFUSES(errors::Expired, service.verify_message(message, made.toki(), nullptr, 86'400, NOW + 3'600'001));
    REFUSES(errors::NotYet, service.verify_message(message, made.toki(), nullptr, 86'400, NOW - 300'001));
    REFUSES(errors::Missing, service.verify_message(message, std::nullopt, nullptr, 86'400, NOW));
    REFUSES(errors::Unsignable, client.mint_message(message, 0));
    const std::string reply = first.reply(R"({"ok":true})", {}, NOW + 5);
    REFUSES(errors::BadMac, [&] {
        SignedMessage other = client.mint_message(message, 3600, NOW);
        other.accept_reply(reply, R"({"ok":true})");
    }());
    CHECK(made.accept_reply(reply, R"({"ok":true})") == NOW + 5);
    REFUSES(errors::Replayed, made.accept_reply(reply, R"({"ok":true})"));
}

void urls() {
    const Secret secret = Secret::generate();
    const Service service(service_options(secret));
    const Client client(secret, NAME);
    const std::string target = client.sign_url(NAME, "/files/a.pdf?v=2", NOW + 300'000);
    const VerifiedUrl url = service.verify_url("GET", NAME, target, {}, std::nullopt, NOW);
    CHECK(url.kid() == secret.kid() && url.exp_ms() == NOW + 300'000 && url.target() == "/files/a.pdf?v=2");
    CHECK(service.verify_url("HEAD", NAME, target, {}, std::nullopt, NOW).target() == url.target());
    CHECK(service.verify_url_head("GET", target, {{"host", NAME}}, {}, NOW).exp_ms() == url.exp_ms());
    REFUSES(errors::BadMac, service.verify_url("POST", NAME, target, {}, std::nullopt, NOW));
    REFUSES(errors::Malformed, service.verify_url("GET", NAME, target, {}, "ot2.x", NOW));
    REFUSES(errors::Malformed, service.verify_url("GET", NAME, target + "&x", {}, std::nullopt, NOW));
    REFUSES(errors::UnknownAuthority, service.verify_url("GET", "other.example.com", target, {}, std::nullopt, NOW));
    REFUSES(errors::Expired, service.verify_url("GET", NAME, target, {}, std::nullopt, NOW + 300'001));
    REFUSES(errors::Missing, service.verify_url("GET", NAME, "/files/a.pdf?v=2", {}, std::nullopt, NOW));
    REFUSES(errors::Unsignable, client.sign_url(NAME, target));
    REFUSES(errors::Unsignable, client.sign_url(NAME, std::string(70'000, '/')));
    CHECK(client.sign_url(NAME, "/").find("/?oscartoki=ot2.") == 0);
}

void tickets() {
    const Secret secret = Secret::generate();
    const Service service(service_options(secret));
    const Client client(secret, NAME);
    const std::string origin = "https://app.example.com", ticket = client.mint_ticket("user-42", origin, NOW);
    REFUSES(errors::BadMac, service.verify_ticket(ticket, "https://evil.example.com", false, NOW));
    REFUSES(errors::BadMac, service.verify_ticket(ticket, std::nullopt, false, NOW));
    const VerifiedTicket verified = service.verify_ticket(ticket, origin, true, NOW);
    CHECK(verified.connection() == "user-42" && verified.origin_bound() && verified.kid() == secret.kid() && verified.ts_ms() == NOW);
    REFUSES(errors::Replayed, service.verify_ticket(ticket, origin, false, NOW));
    const std::string unbound = client.mint_ticket("user-42", std::nullopt, NOW);
    REFUSES(errors::Policy, service.verify_ticket(unbound, origin, true, NOW));
    REFUSES(errors::Stale, service.verify_ticket(client.mint_ticket("user-42", std::nullopt, NOW), origin, false, NOW + 31'000));
    REFUSES(errors::Missing, service.verify_ticket(std::nullopt, origin, false, NOW));
    REFUSES(errors::Malformed, service.verify_ticket("", origin, false, NOW));
    REFUSES(errors::Unsignable, client.mint_ticket(""));
    REFUSES(errors::Unsignable, client.mint_ticket("a", ""));
}

void version_one() {
    const std::string key = "an old and venerable key";
    const v1::Key held(key);
    const std::string toki = held.mint(NOW);
    CHECK(held.verify(toki, Dialect::any, NOW) <= NOW + 1);
    REFUSES(errors::BadMac, v1::Key("another").verify(toki, Dialect::any, NOW));
    REFUSES(errors::Malformed, held.verify("nonsense", Dialect::any, NOW));
    held.verify_tokikey(toki, held.mint_tokikey(toki, NOW), Dialect::any, NOW);
    REFUSES(errors::BadMac, held.verify_tokikey(toki, v1::Key("another").mint_tokikey(v1::Key("another").mint(NOW), NOW), Dialect::any, NOW));
    REFUSES(errors::WeakSecret, v1::Key("").mint(NOW));

    // Both steps against a service of our own, which takes v2 as soon as it has a key for it.
    ServiceOptions options;
    options.memory = std::make_shared<MemoryReplayLog>(100);
    options.first_start = true;
    options.now_ms = NOW;
    const Id kid = {1, 1, 1, 1, 1, 1, 1, 1};
    const Service service = v1::service({{kid, key}}, {NAME}, NOW + 1'000'000, Dialect::any, options);
    v1::Exchange exchange = v1::Client(key).begin(NOW);
    const auto headers = [&](const OwnHeaders &ours) {
        Headers all = {{"host", NAME}};
        all.insert(all.end(), ours.begin(), ours.end());
        return all;
    };
    OwnHeaders ours = exchange.headers();
    Verdict first = service.verify_head("GET", "/", headers(ours), {}, {}, NOW);
    CHECK(first.handshake() != nullptr && first.handshake()->kid() == kid && !first.accepted());
    const auto [answer, body] = first.handshake()->reply();
    REFUSES(errors::Replayed, first.handshake()->reply());
    exchange.accept_first(body, answer, NOW);
    ours = exchange.headers();
    CHECK(ours.size() == 2);
    Verdict second = service.verify_head("POST", "/v1/transfer", headers(ours), "{}", {}, NOW);
    CHECK(second.accepted() && second.verified()->version() == 1 && second.verified()->kid() == kid);
    const std::string last(service.answer_head(second, 200, {}, "ok", NOW).toki());
    exchange.accept_second(last, NOW);
    REFUSES(errors::Replayed, exchange.accept_second(last, NOW));
    REFUSES(errors::Replayed, exchange.accept_first(body, answer, NOW));
    // A refusal reads as the original's.
    Verdict late = service.verify_head("POST", "/v1/transfer", headers(ours), "{}", {}, NOW + 2'000'000);
    CHECK(late.refusal() != nullptr && late.refusal()->body().find("\"status\":\"error\"") != std::string::npos);
    REFUSES(errors::Malformed, v1::service({}, {}, NOW));
}

/// An exchange by a function that sends.
void version_one_over_a_sender() {
    struct Came {
        std::string body;
        std::optional<std::string> toki;
        std::optional<std::string_view> header(std::string_view name) const {
            CHECK(name == "oscartoki");
            return toki;
        }
    };
    ServiceOptions options;
    options.memory = std::make_shared<MemoryReplayLog>(100);
    options.first_start = true;
    const Service service = v1::service({{Id{2}, "key of v1"}}, {NAME}, wall_clock_ms() + 1'000'000, Dialect::any, options);
    int sent = 0;
    const auto send = [&](std::string_view method, const OwnHeaders &ours, bool with_body) {
        sent++;
        Headers headers = {{"host", NAME}};
        headers.insert(headers.end(), ours.begin(), ours.end());
        Verdict verdict = service.verify_head(method, "/", headers, with_body ? "{}" : "");
        if (verdict.handshake() != nullptr) {
            auto [toki, body] = verdict.handshake()->reply();
            return Came{body, toki};
        }
        verdict.throw_for_refusal();
        return Came{"done", std::string(service.answer_head(verdict, 200, {}, "done").toki())};
    };
    CHECK(v1::Client("key of v1").request("POST", send).body == "done" && sent == 2);
    REFUSES(OscarError, v1::Client("another key").request("POST", send));
}

void explanations() {
    const Secret secret = Secret::generate();
    const Client client(secret, NAME);
    const SignedRequest request = client.sign(Request{"GET", NAME, "/a"}, {}, NOW, 0);
    const std::vector<std::pair<std::string, AudienceKey>> keys = {{"ours", secret.audience_key(NAME)}};
    const auto told = explain(keys, Request{"GET", NAME, "/a?b=1"}, request.toki());
    CHECK(told && told->find("query") != std::string::npos);
    CHECK(!explain(keys, Request{"GET", NAME, "/a"}, request.toki()));
    REFUSES(errors::Missing, explain(keys, Request{"GET", NAME, "/a"}, std::nullopt));
}

} // namespace

int main() {
    return run({{"messages", messages},
                {"URLs", urls},
                {"tickets", tickets},
                {"OscarToki v1", version_one},
                {"OscarToki v1 over a sender", version_one_over_a_sender},
                {"explanations", explanations}});
}
