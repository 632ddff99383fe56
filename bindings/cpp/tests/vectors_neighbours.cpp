// The operations of TCX and Socktopus.
#include "vectors.hpp"

#include <algorithm>

namespace vectors {

namespace o = oscartoki;

namespace {

template <class T> T named(const Given &given, const char *name, const char *otherwise, const std::map<std::string, T> &names) {
    const auto found = names.find(given.has(name) ? given.text(name) : otherwise);
    if (found == names.end()) throw Unknown(std::string(name) + ' ' + given.text(name));
    return found->second;
}

const std::map<std::string, o::tcx::Dialect> DIALECTS = {{"documented", o::tcx::Dialect::documented}, {"server4", o::tcx::Dialect::server4}};

o::OwnHeaders texts(const Given &given, const char *name) {
    o::OwnHeaders texts;
    if (given.has(name))
        for (const auto &[key, text] : given.at(name).items()) texts.emplace_back(key, text.get<std::string>());
    return texts;
}

/// A pass with the texts that it views.
struct PassTexts {
    explicit PassTexts(const Given &given)
        : params(texts(given, "params")), app_public(given.text("app_public")), datetime(given.optional_text("datetime")),
          mode(named<o::tcx::Mode>(given, "mode", "none", {{"none", o::tcx::Mode::none}, {"time", o::tcx::Mode::time}, {"param", o::tcx::Mode::param}})) {}

    o::tcx::Pass pass() const { return {mode, app_public, o::Headers(params.begin(), params.end()), datetime}; }

    o::OwnHeaders params;
    std::string app_public;
    std::optional<std::string> datetime;
    o::tcx::Mode mode;
};

const std::string PASS = "mode params datetime app_public ";

json pass_mint(const json &in) {
    const Given given(in, members(PASS + "client_token dialect"));
    const auto dialect = named(given, "dialect", "documented", DIALECTS);
    return {{"app_pass", PassTexts(given).pass().mint(given.text("client_token"), dialect)}};
}

json pass_verify(const json &in) {
    const Given given(in, members(PASS + "app_pass now_ms strict"));
    const auto verified = PassTexts(given).pass().verify(given.text("app_pass"), given.flag("strict", true), given.integer("now_ms"));
    return {{"client_token", verified.client_token}, {"dialect", verified.dialect == o::tcx::Dialect::server4 ? "server4" : "documented"}};
}

json tcx_headers(const json &in) {
    const Given given(in, members("type app_id app_pass token"));
    static const std::map<std::string, o::tcx::Type> types = {{"OWTC", o::tcx::Type::owtc}, {"TWTC", o::tcx::Type::twtc}, {"FTC", o::tcx::Type::ftc}};
    std::string type = given.text("type");
    std::transform(type.begin(), type.end(), type.begin(), [](unsigned char c) { return std::toupper(c); });
    const auto found = types.find(type);
    if (found == types.end()) throw o::errors::Unsignable("this is no type of TCX");
    const auto token = given.optional_text("token");
    json headers = json::object();
    for (const auto &[name, value] : o::tcx::headers(found->second, given.text("app_id"), given.text("app_pass"), token)) headers[name] = value;
    return {{"headers", headers}};
}

json tcx_verdict(const json &in) {
    const Given given(in, members("code table route"));
    const auto route = named<o::tcx::Route>(
        given, "route", "call", {{"call", o::tcx::Route::call}, {"authorize", o::tcx::Route::authorize}, {"reauthorize", o::tcx::Route::reauthorize}});
    const auto verdict = o::tcx::Verdict::of(given.text("code"), named(given, "table", "documented", DIALECTS), route);
    return {{"status_number", verdict.status_number}, {"status_message", verdict.status_message}, {"status", verdict.status},
            {"status_code", verdict.code}};
}

json socktopus_mint(const json &in) {
    const Given given(in, members("secret app connection ts_ms"));
    return {{"token", o::socktopus::Token{given.text("app"), given.text("connection"), given.integer("ts_ms")}.mint(given.text("secret"))}};
}

json socktopus_verify(const json &in) {
    const Given given(in, members("secrets token now_ms"));
    const o::socktopus::Secrets secrets;
    // An app without a secret is none.
    for (const auto &[app, secret] : texts(given, "secrets"))
        if (!secret.empty()) secrets.add(app, secret);
    const auto token = secrets.verify(given.text("token"), given.integer("now_ms"));
    return {{"app", token.app}, {"connection", token.connection}, {"ts_ms", token.ts_ms}};
}

} // namespace

json evaluate_neighbour(const std::string &op, const json &in) {
    static const std::map<std::string, json (*)(const json &)> ops = {
        {"tcx.pass.mint", pass_mint},         {"tcx.pass.verify", pass_verify},   {"tcx.headers", tcx_headers},
        {"tcx.verdict", tcx_verdict},         {"socktopus.mint", socktopus_mint}, {"socktopus.verify", socktopus_verify},
    };
    const auto found = ops.find(op);
    if (found == ops.end()) throw Unknown("op " + op);
    return found->second(in);
}

} // namespace vectors
