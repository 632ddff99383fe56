// The operations of core/vectors/README.md on the C++ API.
#include "vectors.hpp"

#include <functional>
#include <map>
#include <sstream>

namespace vectors {

namespace o = oscartoki;

Given::Given(const json &members, const std::set<std::string> &allowed) : members_(members) {
    for (const auto &[name, value] : members.items())
        if (allowed.count(name) == 0) throw Unknown("member " + name);
}

std::int64_t Given::integer(const char *name, std::int64_t otherwise) const {
    if (!has(name)) return otherwise;
    const json &number = members_.at(name);
    if (!number.is_number_integer() || (number.is_number_unsigned() && number.get<std::uint64_t>() > INT64_MAX))
        throw o::errors::Unsignable("a number that fits no field");
    return number.get<std::int64_t>();
}

std::string Given::bytes(const char *name) const {
    const std::string hex = text(name);
    std::string out;
    for (std::size_t at = 0; at + 1 < hex.size(); at += 2) out += static_cast<char>(std::stoi(hex.substr(at, 2), nullptr, 16));
    return out;
}

std::set<std::string> members(const std::string &names) {
    std::istringstream words(names);
    return {std::istream_iterator<std::string>(words), {}};
}

o::Id Given::id(const char *name) const {
    const std::string bytes = this->bytes(name);
    if (bytes.size() != o::Id().size()) throw std::runtime_error(std::string(name) + " has 8 bytes");
    return o::detail::id(reinterpret_cast<const std::uint8_t *>(bytes.data()));
}

namespace {

using Members = std::set<std::string>;

const std::string KEY = "secret_hex audience_key audience generation ";
const std::string REQUEST = "method authority target ext_hex body_hex body_sha256_hex ";
const std::string ANSWER = "status grant ext_hex body_hex body_sha256_hex ";
const std::string MESSAGE = "destination type ext_hex body_hex body_sha256_hex ";

int small(std::int64_t number) { return number < INT32_MIN || number > INT32_MAX ? -1 : static_cast<int>(number); }

json sid_of(const std::optional<o::Id> &sid) { return sid ? json(o::hex(*sid)) : json(); }

template <class T> json or_null(const std::optional<T> &optional) { return optional ? json(*optional) : json(); }

std::optional<o::Digest> digest_of(const Given &given) {
    const auto bytes = given.optional_bytes("body_sha256_hex");
    if (!bytes) return std::nullopt;
    o::Digest digest{};
    std::copy_n(bytes->begin(), std::min(bytes->size(), digest.size()), digest.begin());
    return digest;
}

/// A request with the texts that it views.
struct Texts {
    explicit Texts(const Given &given)
        : method(given.text("method")), authority(given.text("authority")), target(given.text("target")), ext(given.bytes("ext_hex")),
          body(given.bytes("body_hex")), digest(digest_of(given)) {}

    o::Request request() const { return {method, authority, target, body, ext, digest}; }

    std::string method, authority, target, ext, body;
    std::optional<o::Digest> digest;
};

/// An answer likewise.
struct AnswerTexts {
    explicit AnswerTexts(const Given &given)
        : status(small(given.integer("status", -1))), body(given.bytes("body_hex")), ext(given.bytes("ext_hex")), toki(given.optional_text("toki")),
          grant(given.optional_text("grant")), digest(digest_of(given)) {}

    o::Answer answer() const { return {status, body, toki, grant, ext, digest}; }

    int status;
    std::string body, ext;
    std::optional<std::string> toki, grant;
    std::optional<o::Digest> digest;
};

struct MessageTexts {
    explicit MessageTexts(const Given &given)
        : destination(given.text("destination")), type(given.text("type")), ext(given.bytes("ext_hex")), body(given.bytes("body_hex")),
          digest(digest_of(given)) {}

    o::Message message() const { return {destination, type, body, ext, digest}; }

    std::string destination, type, ext, body;
    std::optional<o::Digest> digest;
};

std::string audience_of(const Given &given) {
    return given.has("audience") ? given.text("audience") : o::normalise_authority(given.text("authority"));
}

/// `Error` is what can't be a key's audience or generation.
template <class Error> o::AudienceKey key_of(const Given &given) {
    if (given.has("audience_key")) return o::AudienceKey(given.text("audience_key"));
    const o::Secret secret = o::Secret::from_bytes(given.bytes("secret_hex"));
    try {
        return secret.audience_key(audience_of(given), given.integer("generation"));
    } catch (const o::errors::Unsignable &) {
        throw Error();
    } catch (const o::errors::Malformed &) {
        throw Error();
    }
}

o::AudienceKey minting_key(const Given &given) { return key_of<o::errors::Unsignable>(given); }
o::AudienceKey verifying_key(const Given &given) { return key_of<o::errors::Malformed>(given); }

o::Service service_of(const std::vector<o::AudienceKey> &keys, const std::string &audience, o::ServiceOptions options) {
    options.audience = audience;
    for (const o::AudienceKey &key : keys) options.keys.push_back(key.to_text());
    if (options.memory == nullptr) options.memory = std::make_shared<o::MemoryReplayLog>(1 << 14);
    return o::Service(options);
}

o::Service fresh_service(const Given &given) {
    const std::string audience = given.text("audience");
    o::ServiceOptions options;
    options.first_start = true;
    options.now_ms = given.integer("now_ms");
    const o::AudienceKey key = verifying_key(given);
    try {
        o::normalise_authority(audience);
        options.authorities = {audience};
    } catch (const o::OscarError &) {
        // An audience that is no authority leaves the list of names empty.
    }
    return service_of({key}, audience.empty() ? "audience" : audience, options);
}

json verify_step(const o::Service &service, const Given &given) {
    const Texts texts(given);
    const auto toki = given.optional_text("toki"), grant = given.optional_text("grant");
    o::Verdict verdict = service.verify(texts.request(), toki, grant, given.integer("now_ms"));
    if (auto *pending = verdict.pending()) {
        const auto arrived = given.optional_bytes("finish_body_hex");
        verdict = arrived ? pending->finish(*arrived) : pending->finish(*texts.digest);
    }
    verdict.throw_for_refusal();
    const o::VerifiedRequest &verified = *verdict.verified();
    return {{"kid_hex", o::hex(verified.kid())}, {"sid_hex", sid_of(verified.sid())}, {"ts_ms", verified.ts_ms()},
            {"nonce_hex", o::hex(verified.nonce())}, {"want", verified.want()}};
}

json message_step(const o::Service &service, const Given &given) {
    static const char *const verdicts[] = {"fresh", "duplicate", "unchecked"};
    const auto toki = given.optional_text("toki");
    const auto made = service.verify_message(MessageTexts(given).message(), toki, nullptr, 86'400, given.integer("now_ms"));
    return {{"kid_hex", o::hex(made.kid())}, {"ts_ms", made.ts_ms()}, {"ttl_s", made.ttl_s()},
            {"verdict", verdicts[static_cast<std::uint32_t>(made.freshness())]}};
}

json url_step(const o::Service &service, const Given &given) {
    const Texts texts(given);
    const auto made = service.verify_url(texts.method, texts.authority, texts.target, texts.ext, std::nullopt, given.integer("now_ms"));
    return {{"kid_hex", o::hex(made.kid())}, {"exp_ms", made.exp_ms()}};
}

json ticket_step(const o::Service &service, const Given &given) {
    const auto ticket = given.optional_text("ticket"), origin = given.optional_text("origin");
    const auto made = service.verify_ticket(ticket, origin, false, given.integer("now_ms"));
    const std::string_view connection = made.connection();
    return {{"kid_hex", o::hex(made.kid())}, {"connection_hex", o::hex(o::detail::bytes(connection), connection.size())}, {"ts_ms", made.ts_ms()}};
}

struct Step {
    json (*run)(const o::Service &, const Given &);
    std::string members;
};

const std::map<std::string, Step> STEPS = {
    {"verify", {verify_step, REQUEST + "toki grant finish_body_hex now_ms "}},
    {"message", {message_step, MESSAGE + "toki now_ms "}},
    {"url", {url_step, "method authority target ext_hex now_ms "}},
    {"ticket", {ticket_step, "ticket origin now_ms "}},
};

json key_derive(const Given &given) {
    const o::Secret secret = given.has("secret") ? o::Secret(given.text("secret")) : o::Secret::from_bytes(given.bytes("secret_hex"));
    const o::AudienceKey key = secret.audience_key(given.text("audience"), given.integer("generation"));
    return {{"secret", secret.to_text()}, {"kid_hex", o::hex(key.kid())}, {"audience_key", key.to_text()},
            {"audience_key_hex", o::hex(o::hazmat::expose(key))}};
}

json key_parse(const Given &given) {
    const std::string kind = given.text("kind"), text = given.text("text");
    if (kind == "secret") return {{"text", o::Secret(text).to_text()}};
    if (kind == "audience_key") return {{"text", o::AudienceKey(text).to_text()}};
    if (kind == "session") return {{"text", o::Session(text).to_text()}};
    throw Unknown("kind " + kind);
}

json toki_mint(const Given &given) {
    const o::AudienceKey key = minting_key(given);
    const auto grant = given.optional_text("grant");
    return {{"toki", o::hazmat::mint_request(key, Texts(given).request(), given.integer("ts_ms"), given.id("nonce_hex"), given.flag("want"), grant)}};
}

json grant_mint(const Given &given) {
    const o::AudienceKey key = minting_key(given);
    return {{"grant", o::hazmat::mint_grant(key, given.text("request_toki"), given.id("sid_hex"), given.integer("exp_s"), given.integer("ttl_s"))}};
}

json answer_mint(const Given &given) {
    const o::AudienceKey key = minting_key(given);
    const auto session = given.optional_text("session_grant");
    const AnswerTexts texts(given);
    return {{"toki", o::hazmat::mint_answer(key, given.text("request_toki"), texts.answer(), small(given.integer("code")), given.integer("ts_ms"),
                                            session)}};
}

json answer_verify(const Given &given) {
    const o::AudienceKey key = verifying_key(given);
    const auto session = given.optional_text("session_grant");
    const AnswerTexts texts(given);
    const auto judged = o::hazmat::accept(key, given.text("request_toki"), texts.answer(), session);
    return {{"code", or_null(judged.code())}, {"ts_ms", judged.ts_ms}, {"sid_hex", sid_of(judged.adopted_sid())}};
}

json message_mint(const Given &given) {
    const o::AudienceKey key = minting_key(given);
    const MessageTexts texts(given);
    return {{"toki", o::hazmat::mint_message(key, texts.message(), given.integer("ts_ms"), given.id("nonce_hex"), given.integer("ttl_s"))}};
}

json url_mint(const Given &given) {
    const o::AudienceKey key = minting_key(given);
    const Texts texts(given);
    return {{"target", o::hazmat::mint_url(key, texts.method, texts.authority, texts.target, given.integer("exp_ms"), texts.ext)}};
}

json ticket_mint(const Given &given) {
    const o::AudienceKey key = minting_key(given);
    const auto origin = given.optional_text("origin");
    return {{"ticket", o::hazmat::mint_ticket(key, given.bytes("connection_hex"), given.integer("ts_ms"), given.id("nonce_hex"), origin)}};
}

o::Dialect dialect_of(const Given &given) {
    static const std::map<std::string, o::Dialect> dialects = {
        {"", o::Dialect::any}, {"any", o::Dialect::any}, {"standard", o::Dialect::standard}, {"java", o::Dialect::java}};
    const auto found = dialects.find(given.text("dialect"));
    if (found == dialects.end()) throw Unknown("dialect " + given.text("dialect"));
    return found->second;
}

json v1_mint(const Given &given) { return {{"toki", o::v1::Key(given.text("key")).mint(given.integer("now_ms"))}}; }

json v1_verify(const Given &given) {
    return {{"ts_ms", o::v1::Key(given.text("key")).verify(given.text("toki"), dialect_of(given), given.integer("now_ms"))}};
}

json v1_tokikey_mint(const Given &given) {
    return {{"tokikey", o::v1::Key(given.text("key")).mint_tokikey(given.text("toki"), given.integer("now_ms"))}};
}

json v1_tokikey_verify(const Given &given) {
    o::v1::Key(given.text("key")).verify_tokikey(given.text("toki"), given.text("tokikey"), dialect_of(given), given.integer("now_ms"));
    return json::object();
}

template <json (*Run)(const o::Service &, const Given &)> json by_fresh_service(const Given &given) { return Run(fresh_service(given), given); }

struct Op {
    json (*run)(const Given &);
    Members members;
};

const std::map<std::string, Op> OPS = {
    {"key.derive", {key_derive, members("secret_hex secret audience generation")}},
    {"key.parse", {key_parse, members("text kind")}},
    {"toki.mint", {toki_mint, members(KEY + REQUEST + "ts_ms nonce_hex want grant")}},
    {"toki.verify", {by_fresh_service<verify_step>, members(KEY + STEPS.at("verify").members)}},
    {"grant.mint", {grant_mint, members(KEY + "request_toki sid_hex exp_s ttl_s")}},
    {"answer.mint", {answer_mint, members(KEY + ANSWER + "session_grant request_toki code ts_ms")}},
    {"answer.verify", {answer_verify, members(KEY + ANSWER + "session_grant request_toki toki")}},
    {"message.mint", {message_mint, members(KEY + MESSAGE + "ts_ms nonce_hex ttl_s")}},
    {"message.verify", {by_fresh_service<message_step>, members(KEY + STEPS.at("message").members)}},
    {"url.mint", {url_mint, members(KEY + "method authority target ext_hex exp_ms")}},
    {"url.verify", {by_fresh_service<url_step>, members(KEY + STEPS.at("url").members)}},
    {"ticket.mint", {ticket_mint, members(KEY + "connection_hex origin ts_ms nonce_hex")}},
    {"ticket.verify", {by_fresh_service<ticket_step>, members(KEY + STEPS.at("ticket").members)}},
    {"v1.mint", {v1_mint, members("key now_ms")}},
    {"v1.verify", {v1_verify, members("key toki now_ms dialect")}},
    {"v1.tokikey.mint", {v1_tokikey_mint, members("key toki now_ms")}},
    {"v1.tokikey.verify", {v1_tokikey_verify, members("key toki tokikey now_ms dialect")}},
};

class ServiceSteps : public Sequence {
  public:
    explicit ServiceSteps(const json &in) : service_(made(in)) {}

    json take(std::size_t, const std::string &what, const json &in) override {
        if (what == "revoke_key") {
            service_.revoke_key(Given(in, members("kid_hex now_ms")).id("kid_hex"));
        } else if (what == "revoke_session") {
            const Given given(in, members("kid_hex sid_hex now_ms"));
            service_.revoke_session(given.id("kid_hex"), given.id("sid_hex"));
        } else if (what == "revoke_issued_before") {
            const Given given(in, members("kid_hex before_s now_ms"));
            service_.revoke_issued_before(given.id("kid_hex"), given.integer("before_s"));
        } else {
            const auto step = STEPS.find(what);
            if (step == STEPS.end()) throw Unknown("step " + what);
            return step->second.run(service_, Given(in, members((what == "verify" ? "" : KEY) + step->second.members)));
        }
        return json::object();
    }

  private:
    static o::Service made(const json &in) {
        const Given given(in, members("keys authorities window_ms max_ttl_s start_ms first_start memory capacity steps"));
        if (given.has("memory") && given.text("memory") != "local") throw Unknown("memory " + given.text("memory"));
        std::vector<o::AudienceKey> keys;
        std::string audience = "audience";
        const json held = given.has("keys") ? given.at("keys") : json::array();
        for (const json &one : held) {
            const Given key(one, members(KEY));
            if (audience == "audience" && key.has("audience")) audience = key.text("audience");
            keys.push_back(verifying_key(key));
        }
        o::ServiceOptions options;
        if (given.has("authorities")) options.authorities = given.at("authorities").get<std::vector<std::string>>();
        options.window_ms = given.integer("window_ms", options.window_ms);
        options.max_ttl_s = given.integer("max_ttl_s", options.max_ttl_s);
        options.first_start = given.flag("first_start", true);
        options.now_ms = given.integer("start_ms");
        if (given.has("capacity"))
            options.memory = std::make_shared<o::MemoryReplayLog>(o::MemoryReplayLog::exact(static_cast<std::size_t>(given.integer("capacity"))));
        return service_of(keys, audience, options);
    }

    o::Service service_;
};

class ClientSteps : public Sequence {
  public:
    explicit ClientSteps(const json &in) : client_(made(in)) {}

    json take(std::size_t index, const std::string &what, const json &in) override {
        if (what == "sign") return sign(index, Given(in, members(REQUEST + "now_ms repeatable trust_clock resend_of nonce_hex")));
        if (what == "accept") return accept(Given(in, members(ANSWER + "of now_ms toki")));
        throw Unknown("step " + what);
    }

  private:
    static o::Client made(const json &in) {
        const Given given(in, members(KEY + "delegated steps"));
        if (given.has("delegated")) return o::Client::from_session(given.text("delegated"));
        return o::Client::from_audience_key(minting_key(given));
    }

    json sign(std::size_t index, const Given &given) {
        o::CallOptions options;
        options.repeatable = given.flag("repeatable");
        options.trust_clock = given.flag("trust_clock");
        options.resend = given.has("resend_of");
        try {
            o::SignedRequest made = o::hazmat::sign(client_, Texts(given).request(), given.id("nonce_hex"), given.integer("now_ms"), options);
            json told = {{"probe", made.is_probe()}, {"toki", made.toki()}, {"grant", or_null(made.grant())}};
            signed_.emplace(index, std::move(made));
            return told;
        } catch (const o::OscarError &error) {
            return {{"error", error.name()}, {"may_have_run", or_null(error.may_have_run())}, {"signed", error.is_signed()}, {"resend", false}};
        }
    }

    json accept(const Given &given) {
        const AnswerTexts texts(given);
        o::SignedRequest &request = signed_.at(static_cast<std::size_t>(given.integer("of")));
        const o::Outcome outcome = client_.accept(request, texts.answer(), given.integer("now_ms"), 0);
        json said = {{"resend", outcome.resend()}, {"offset_ms", or_null(outcome.offset_ms())}, {"sid_hex", sid_of(outcome.adopted_sid())},
                     {"code", or_null(outcome.code())}, {"grant_error", or_null(outcome.grant_error())},
                     {"may_have_run", outcome.may_have_run()}, {"signed", outcome.is_signed()}};
        if (outcome.name()) said["error"] = *outcome.name();
        return said;
    }

    o::Client client_;
    std::map<std::size_t, o::SignedRequest> signed_;
};

} // namespace

json evaluate(const std::string &op, const json &in) {
    const auto found = OPS.find(op);
    if (found == OPS.end()) return evaluate_neighbour(op, in);
    return found->second.run(Given(in, found->second.members));
}

std::unique_ptr<Sequence> begin(const std::string &op, const json &in) {
    if (op == "service") return std::make_unique<ServiceSteps>(in);
    if (op == "client") return std::make_unique<ClientSteps>(in);
    return nullptr;
}

} // namespace vectors
