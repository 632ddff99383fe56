// TCX and Socktopus: what the vectors don't reach.
#include "check.hpp"

using namespace oscartoki;
using namespace check;

namespace {

void a_pass_and_its_headers() {
    const std::string app_public = "unE5EQgPKH7RaPpWQX7chcGcxlG7fUHB";
    const std::string now = tcx::datetime(NOW);
    CHECK(now.size() == 14);
    const tcx::Pass pass{tcx::Mode::time, app_public, {}, now};
    const std::string text = pass.mint("9foz5r5opnyo5scl");
    CHECK(pass.verify(text, true, NOW).client_token == "9foz5r5opnyo5scl");
    const std::string later = tcx::datetime(NOW + 1000);
    const tcx::Pass other{tcx::Mode::time, app_public, {}, later};
    REFUSES(errors::BadMac, other.verify(text, true, NOW));
    REFUSES(errors::Unsignable, pass.mint("Capital"));
    REFUSES(errors::Unsignable, tcx::headers(tcx::Type::twtc, "app", text));
    const OwnHeaders headers = tcx::headers(tcx::Type::ftc, "app", text, "token");
    CHECK(headers.size() == 4 && headers[0].first == "X-TCX-TYPE" && headers[0].second == "FTC");
    const auto verdict = tcx::Verdict::of("TCXPFX", tcx::Dialect::documented);
    CHECK(verdict.code == "TCXPFX" && verdict.status == 0 && !verdict.status_message.empty());
    REFUSES(errors::Malformed, tcx::Verdict::of("nonsense"));
}

void one_of_many_asks_for_the_token() {
    tcx::Client::Options options;
    options.app_id = "app-1";
    options.app_secret = "a secret of the app";
    options.app_public = "unE5EQgPKH7RaPpWQX7chcGcxlG7fUHB";
    options.type = tcx::Type::twtc;
    const tcx::Client client(options);
    using Kind = tcx::Client::Step::Kind;
    const auto first = client.access(NOW);
    CHECK(first.kind == Kind::send && first.route == tcx::Route::authorize && first.text.find("app-1") != std::string::npos);
    CHECK(client.access(NOW).kind == Kind::wait);
    client.failed(first.number);
    const auto second = client.access(NOW);
    CHECK(second.kind == Kind::send && second.number != first.number);
    REFUSES(errors::Malformed, client.received(second.number, "nonsense", NOW));
    CHECK(!client.pass().empty());
    REFUSES(errors::Unsignable, client.headers());
    REFUSES(OscarError, tcx::Client(tcx::Client::Options{}));
}

void tokens_frames_and_pings() {
    const socktopus::Secrets secrets;
    secrets.add("test", "TEST");
    const std::string token = socktopus::Token{"test", "user-1", NOW}.mint("TEST");
    CHECK(secrets.verify(token, NOW).connection == "user-1" && secrets.verify(token, NOW).app == "test");
    REFUSES(errors::Malformed, secrets.verify("nonsense", NOW));
    REFUSES(errors::BadMac, secrets.verify(socktopus::Token{"test", "user-1", NOW}.mint("OTHER"), NOW));
    REFUSES(errors::UnknownKey, secrets.verify(socktopus::Token{"shop", "user-1", NOW}.mint("TEST"), NOW));
    REFUSES(errors::WeakSecret, secrets.add("test", ""));
    REFUSES(errors::Unsignable, (socktopus::Token{"", "user-1", NOW}.mint("TEST")));
    CHECK(socktopus::Frame::read("PONG").kind == socktopus::Frame::Kind::pong);
    CHECK(socktopus::Frame::read("nonsense").kind == socktopus::Frame::Kind::other);
    socktopus::Pings pings(1000);
    bool pinged = false, dead = false;
    for (std::int64_t at = 1000; at < 1'000'000 && !dead; at += 1000) {
        const auto step = pings.next(at).first;
        pinged = pinged || step == socktopus::Pings::Step::now;
        dead = step == socktopus::Pings::Step::dead;
    }
    CHECK(pinged && dead);
    CHECK(socktopus::send_body("test", "TEST", {{"user-1", "hello"}}).find("hello") != std::string::npos);
    CHECK(socktopus::kick_body("test", "TEST", {"user-1"}).find("user-1") != std::string::npos);
    REFUSES(errors::Malformed, socktopus::Sent::read("nonsense"));
}

} // namespace

int main() {
    return run({{"a pass and its headers", a_pass_and_its_headers},
                {"one of many asks for the token", one_of_many_asks_for_the_token},
                {"tokens, frames and pings", tokens_frames_and_pings}});
}
