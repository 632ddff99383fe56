// A client and a service, without a socket.
#include "check.hpp"

using namespace oscartoki;
using namespace check;

namespace {

struct World {
    Secret secret = Secret::generate();
    Service service;
    Client client;
    std::int64_t now = NOW;

    explicit World(const ClientOptions &options = {}, ServiceOptions of_service = {}) : service(made(secret, of_service)), client(secret, NAME, options) {}

    static Service made(const Secret &secret, ServiceOptions &options) {
        const ServiceOptions usual = service_options(secret);
        options.keys = usual.keys;
        options.authorities = usual.authorities;
        options.first_start = usual.first_start;
        options.now_ms = usual.now_ms;
        if (options.memory == nullptr) options.memory = usual.memory;
        return Service(options);
    }

    /// What a client gets for a request; the service runs it when it is verified.
    Outcome exchange(SignedRequest &request, const Request &sent) {
        now += 1;
        Verdict verdict = service.verify(sent, request.toki(), request.grant(), now);
        if (verdict.pending() != nullptr) verdict = verdict.pending()->finish(sent.body);
        const int status = verdict.accepted() ? 200 : verdict.refusal()->status();
        const std::string_view body = verdict.accepted() && sent.method != "HEAD" ? "{}" : "";
        const SignedAnswer answer = service.answer(verdict, Answer{status, body}, now);
        return client.accept(request, Answer{status, body, answer.toki(), answer.grant()}, now, 0);
    }
};

void a_request_and_its_answer() {
    World world;
    const Request get{"GET", NAME, "/v1/accounts?limit=10"};
    SignedRequest request = world.client.sign(get, {}, world.now, 0);
    CHECK(!request.is_probe() && !request.in_session() && !request.grant() && request.headers().size() == 1);
    const Outcome outcome = world.exchange(request, get);
    CHECK(outcome.accepted() && outcome.code() == 0 && outcome.status() == 200 && outcome.is_signed() && outcome.may_have_run());
    CHECK(!outcome.error() && !outcome.name() && outcome.adopted_sid() && outcome.offset_ms() && outcome.content_authentic() && !outcome.resend());
    // Rolled onto a session.
    SignedRequest next = world.client.sign(get, {}, world.now, 0);
    CHECK(next.in_session() && next.headers().at(1).first == "oscartokikey");
    CHECK(world.exchange(next, get).accepted());
    // The context is used up.
    const Outcome again = world.client.accept(next, Answer{200}, world.now, 0);
    CHECK(again.name() == "replayed" && !again.code());
    CHECK(world.service.counters().at("accepted") == 2 && world.service.counters().at("refused_stale") == 0);
    CHECK(world.client.offset_ms() && world.client.kid() == world.secret.kid());
}

void an_unsafe_request_is_probed() {
    World world;
    const Request post{"POST", NAME, "/v1/transfer?dry=0", R"({"amount":10})"};
    SignedRequest probe = world.client.sign(post, {}, world.now, 0);
    CHECK(probe.is_probe());
    const Outcome probed = world.exchange(probe, Request{"HEAD", NAME, post.target});
    CHECK(probed.accepted() && probed.is_probe() && probed.code() == 1 && !probed.may_have_run());
    SignedRequest request = world.client.sign(post, {}, world.now, 0);
    CHECK(!request.is_probe() && world.exchange(request, post).accepted());
}

void what_is_altered_is_refused() {
    World world;
    const Request get{"GET", NAME, "/a"};
    const SignedRequest request = world.client.sign(get, {}, world.now, 0);
    const auto refused = [&](const Request &sent, std::optional<std::string_view> toki, std::string_view name, int status, bool is_signed) {
        Verdict verdict = world.service.verify(sent, toki, request.grant(), world.now);
        CHECK(!verdict.accepted() && verdict.refusal() != nullptr && verdict.refusal()->name() == name);
        CHECK(verdict.refusal()->status() == status && verdict.refusal()->is_signed() == is_signed && verdict.error()->name() == name);
    };
    refused(Request{"GET", NAME, "/a?"}, request.toki(), "bad_mac", 401, false);
    refused(Request{"GET", NAME, "/b"}, request.toki(), "bad_mac", 401, false);
    refused(Request{"PUT", NAME, "/a"}, request.toki(), "bad_mac", 401, false);
    refused(Request{"get", NAME, "/a"}, request.toki(), "malformed", 400, false);
    refused(Request{"GET", "other.example.com", "/a"}, request.toki(), "unknown_authority", 400, false);
    refused(Request{"GET", NAME, "/a", "body"}, request.toki(), "malformed", 400, false);
    refused(get, std::nullopt, "missing", 401, false);
    refused(get, "", "malformed", 400, false);
    const std::string too_long(70'000, 'a');
    refused(Request{"GET", NAME, too_long}, request.toki(), "malformed", 400, false);
    CHECK(world.service.verify(get, request.toki(), request.grant(), world.now).accepted());
    refused(get, request.toki(), "replayed", 409, true);
    REFUSES(errors::Replayed, world.service.verify(get, request.toki(), request.grant(), world.now).throw_for_refusal());
    Verdict unsigned_refusal = world.service.verify(get, std::nullopt, std::nullopt, world.now);
    REFUSES(OscarError, world.service.answer(unsigned_refusal, Answer{401}, world.now));
}

void an_answer_that_is_altered_is_not_authentic() {
    World world;
    const Request get{"GET", NAME, "/a"};
    const auto altered = [&](auto &&alter, std::string_view name) {
        SignedRequest request = world.client.sign(get, {}, world.now, 0);
        Verdict verdict = world.service.verify(get, request.toki(), request.grant(), world.now);
        const SignedAnswer made = world.service.answer(verdict, Answer{200, "{}"}, world.now);
        REFUSES(errors::Replayed, world.service.answer(verdict, Answer{200, "{}"}, world.now));
        Answer answer{200, "{}", made.toki(), made.grant()};
        alter(answer);
        const Outcome outcome = world.client.accept(request, answer, world.now, 0);
        CHECK(outcome.name() == name && outcome.may_have_run() && !outcome.is_signed() && !outcome.code());
        try {
            outcome.throw_for_refusal();
        } catch (const OscarError &error) {
            CHECK(error.name() == name && error.may_have_run() == true);
            return;
        }
        throw Failed(__FILE__, __LINE__, "nothing was thrown");
    };
    altered([](Answer &answer) { answer.status = 201; }, "bad_mac");
    altered([](Answer &answer) { answer.body = "{} "; }, "bad_mac");
    altered([](Answer &answer) { answer.toki.reset(); }, "missing");
    altered([](Answer &answer) { answer.toki = ""; }, "malformed");
    altered([](Answer &answer) { answer.grant.reset(); }, "malformed");
    altered([](Answer &answer) { answer.status = 70'000; }, "malformed");
    SignedRequest request = world.client.sign(get, {}, world.now, 0);
    CHECK(world.client.give_up(request).name() == "missing");
    request = world.client.sign(get, {}, world.now, 0);
    const Outcome large = world.client.give_up(request, 200);
    CHECK(large.name() == "policy" && large.status() == 200 && large.may_have_run());
}

void content_digest_is_pending() {
    World world;
    CallOptions trusting;
    trusting.trust_clock = true;
    Request post{"POST", NAME, "/", "body"};
    post.digest = sha256("body");
    for (const std::string body : {"body", "bodY", ""}) {
        const SignedRequest request = world.client.sign(post, trusting, world.now, 0);
        Verdict verdict = world.service.verify(post, request.toki(), request.grant(), world.now);
        CHECK(verdict.pending() != nullptr && !verdict.accepted() && !verdict.error());
        const Verdict after = verdict.pending()->finish(body);
        CHECK(after.accepted() == (body == "body"));
        if (!after.accepted()) CHECK(after.refusal()->name() == "body_mismatch" && after.refusal()->code() == 5);
        CHECK(verdict.pending()->finish(body).error()->name() == "replayed");
    }
    const SignedRequest request = world.client.sign(post, trusting, world.now, 0);
    Verdict verdict = world.service.verify(post, request.toki(), request.grant(), world.now);
    CHECK(verdict.pending()->too_large().refusal()->status() == 413);
}

void heads_and_covered_headers() {
    ClientOptions options;
    options.ext = {"content-type"};
    options.answer_ext = {"etag"};
    ServiceOptions of_service;
    of_service.ext = {"content-type"};
    of_service.answer_ext = {"etag"};
    World world(options, of_service);
    const Headers headers = {{"Host", NAME}, {"Content-Type", "text/plain"}};
    const std::string ext = world.client.request_ext(headers);
    CHECK(!ext.empty() && world.client.drops_from_probe("Content-Length") && !world.client.drops_from_probe("content-type"));
    SignedRequest request = world.client.sign(Request{"GET", NAME, "/", {}, ext}, {}, world.now, 0);
    Headers sent = headers;
    const std::string toki(request.toki());
    sent.emplace_back("oscartoki", toki);
    CHECK(world.service.wants_body("POST", "/", sent));
    Headers digested = sent;
    digested.emplace_back("content-digest", "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:");
    CHECK(!world.service.wants_body("POST", "/", digested));
    const Headers other = {{"Host", NAME}, {"Content-Type", "text/html"}, {"oscartoki", toki}};
    CHECK(world.service.verify_head("GET", "/", other, {}, {}, world.now).error()->name() == "bad_mac");
    const Headers twice = {{"Host", NAME}, {"Content-Type", "text/plain"}, {"oscartoki", toki}, {"Oscartoki", toki}};
    CHECK(world.service.verify_head("GET", "/", twice, {}, {}, world.now).error()->name() == "malformed");
    Verdict verdict = world.service.verify_head("GET", "/", sent, {}, {}, world.now);
    CHECK(verdict.accepted() && verdict.verified()->authority() == NAME && verdict.verified()->version() == 2 && verdict.verified()->want());
    CHECK(verdict.verified()->kid() == world.secret.kid() && !verdict.verified()->sid() && verdict.verified()->ts_ms() <= world.now);
    const Headers answer = {{"ETag", "\"1\""}};
    const SignedAnswer made = world.service.answer_head(verdict, 200, answer, "{}", world.now);
    Headers received = {{"etag", "\"1\""}, {"oscartoki", made.toki()}};
    if (made.grant()) received.emplace_back("oscartokikey", *made.grant());
    CHECK(world.client.accept_head(request, 200, received, "{}", world.now, 0).accepted());
}

void a_session_is_handed_out_and_revoked() {
    World world;
    const Session session = world.client.hand_out(600, world.now);
    const Client delegate = Client::from_session(session);
    REFUSES(errors::Unsignable, delegate.hand_out());
    REFUSES(errors::Unsignable, world.client.hand_out(601));
    CallOptions trusting;
    trusting.trust_clock = true;
    const Request get{"GET", NAME, "/"};
    const SignedRequest request = delegate.sign(get, trusting, world.now, 0);
    CHECK(request.in_session());
    const Verdict verdict = world.service.verify(get, request.toki(), request.grant(), world.now);
    CHECK(verdict.accepted() && verdict.verified()->sid() == session.sid() && !verdict.verified()->want());
    world.service.revoke_session(session.kid(), session.sid());
    const SignedRequest late = delegate.sign(get, trusting, world.now, 0);
    CHECK(world.service.verify(get, late.toki(), late.grant(), world.now).refusal()->code() == 4);
    try {
        delegate.sign(get, trusting, world.now + 700'000, 0);
    } catch (const errors::GrantExpired &error) {
        CHECK(error.may_have_run() == false);
        return;
    }
    throw Failed(__FILE__, __LINE__, "an expired session signs");
}

void state_goes_to_another_process() {
    World world;
    const Request get{"GET", NAME, "/"};
    SignedRequest request = world.client.sign(get, {}, world.now, 0);
    CHECK(world.exchange(request, get).accepted());
    const Client other(world.secret, NAME);
    other.import_state(world.client.export_state());
    CHECK(other.sign(get, {}, world.now, 0).in_session() && other.offset_ms() == world.client.offset_ms());
    REFUSES(errors::Malformed, other.import_state("nonsense"));
    const Client every(world.secret);
    CHECK(every.for_audience(NAME).kid() == world.secret.kid() && !every.offset_ms());
    REFUSES(errors::Unsignable, every.for_audience("a b"));
}

void a_call_loops() {
    World world;
    const Call call = world.client.call(Request{"POST", NAME, "/v1/transfer", "{}"});
    int sent = 0;
    for (Step step = call.next(world.now, 1); ; step = call.next(world.now, 1)) {
        if (step.kind() != Step::Kind::send) {
            CHECK(step.kind() == Step::Kind::done && step.outcome().accepted() && step.requests() == 2 && step.probed() && step.in_session());
            break;
        }
        CHECK(++sent < 4);
        OwnHeaders headers = step.headers();
        headers.emplace_back("host", NAME);
        const Headers views(headers.begin(), headers.end());
        Verdict verdict = world.service.verify_head(step.method(), "/v1/transfer", views, {}, {}, world.now);
        if (verdict.pending() != nullptr) verdict = verdict.pending()->finish("{}");
        const int status = verdict.accepted() ? 200 : verdict.refusal()->status();
        const SignedAnswer answer = world.service.answer_head(verdict, status, {}, verdict.accepted() ? "{}" : "", world.now);
        OwnHeaders back = answer.headers();
        call.received(status, Headers(back.begin(), back.end()), verdict.accepted() ? "{}" : "", world.now, 1);
    }
    CHECK(sent == 2);
    // An answer whose head does not parse ends it: the same request never goes out twice.
    const Call lost = world.client.call(Request{"GET", NAME, "/"});
    CHECK(lost.next(world.now, 1).kind() == Step::Kind::send);
    lost.received(70'000, {});
    const Step end = lost.next(world.now, 1);
    CHECK(end.kind() == Step::Kind::failed && end.outcome().name() == "missing" && end.outcome().may_have_run());
    const Call gone = world.client.call(Request{"GET", NAME, "/"});
    gone.next(world.now, 1);
    gone.failed();
    CHECK(gone.next(world.now, 1).outcome().name() == "missing");
    const Call large = world.client.call(Request{"GET", NAME, "/"});
    large.next(world.now, 1);
    large.too_large(200);
    CHECK(large.next(world.now, 1).outcome().name() == "policy");
    REFUSES(errors::Unsignable, world.client.call(Request{"GET", NAME, std::string(70'000, 'a')}));
    const Call lower = world.client.call(Request{"get", NAME, "/"});
    const Step refused = lower.next(world.now, 1);
    CHECK(refused.kind() == Step::Kind::failed && refused.outcome().name() == "unsignable" && !refused.outcome().may_have_run());
}

void handles_move() {
    World world;
    Client moved = std::move(world.client);
    const Request get{"GET", NAME, "/"};
    SignedRequest request = moved.sign(get, {}, world.now, 0);
    SignedRequest other = std::move(request);
    CHECK(moved.give_up(request).name() == "bad_handle" || moved.give_up(request).name() == "replayed");
    request = std::move(other);
    const Service service = std::move(world.service);
    Verdict verdict = service.verify(get, request.toki(), request.grant(), world.now);
    Verdict kept = std::move(verdict);
    CHECK(kept.accepted());
    CHECK(!service.answer(kept, Answer{200}, world.now).toki().empty());
    static_assert(!std::is_copy_constructible_v<Client> && !std::is_copy_constructible_v<Service> && !std::is_copy_constructible_v<SignedRequest> &&
                  !std::is_copy_constructible_v<Verdict> && !std::is_copy_constructible_v<Keyring> && std::is_nothrow_move_constructible_v<Verdict> &&
                  std::is_nothrow_move_constructible_v<SignedRequest>);
}

} // namespace

int main() {
    return run({{"a request and its answer", a_request_and_its_answer},
                {"an unsafe request is probed", an_unsafe_request_is_probed},
                {"what is altered is refused", what_is_altered_is_refused},
                {"an answer that is altered is not authentic", an_answer_that_is_altered_is_not_authentic},
                {"Content-Digest is pending", content_digest_is_pending},
                {"heads and covered headers", heads_and_covered_headers},
                {"a session is handed out and revoked", a_session_is_handed_out_and_revoked},
                {"state goes to another process", state_goes_to_another_process},
                {"a call loops", a_call_loops},
                {"handles move", handles_move}});
}
