// Key material, rings and errors.
#include "check.hpp"

#include <sstream>

using namespace oscartoki;
using namespace check;

namespace {

void texts() {
    const Secret secret = Secret::generate();
    const AudienceKey key = secret.audience_key(NAME);
    CHECK(Secret(secret.to_text()).to_text() == secret.to_text() && key.kid() == secret.kid());
    CHECK(secret.audience_key(NAME, 1).to_text() != key.to_text() && secret.kid(1) != secret.kid());
    const Id other = {1, 2, 3, 4, 5, 6, 7, 8};
    CHECK(key.with_kid(other).kid() == other && hex(other) == "0102030405060708");
    CHECK(Secret::from_bytes(std::string("\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19"
                                         "\x1a\x1b\x1c\x1d\x1e\x1f",
                                         32))
              .audience_key(NAME)
              .kid() == (Id{0x1f, 0x0e, 0x65, 0x52, 0xcd, 0xee, 0xfa, 0x20}));
    REFUSES(errors::WrongKind, Secret{key.to_text()});
    REFUSES(errors::WrongKind, AudienceKey{secret.to_text()});
    REFUSES(errors::WrongKind, Session{key.to_text()});
    REFUSES(errors::Malformed, Secret{"os2."});
    REFUSES(errors::Malformed, Secret{secret.to_text() + "A"});
    REFUSES(errors::WeakSecret, Secret::from_bytes(std::string(32, '\7')));
    REFUSES(errors::WeakSecret, Secret::from_bytes("short"));
    REFUSES(errors::Unsignable, secret.audience_key(""));
    REFUSES(errors::Unsignable, secret.audience_key(NAME, -1));
}

void nothing_prints_a_key() {
    const Secret secret = Secret::generate();
    const Client client(secret, NAME);
    const Session session = client.hand_out(600, NOW);
    std::ostringstream out;
    out << secret << secret.audience_key(NAME) << session;
    for (const std::string &wrong : {secret.to_text() + "x", "x" + secret.to_text()}) {
        try {
            Secret made(wrong);
        } catch (const OscarError &error) {
            out << error.what();
        }
    }
    for (const std::string &text : {secret.to_text(), secret.audience_key(NAME).to_text(), session.to_text()})
        CHECK(out.str().find(text.substr(4)) == std::string::npos);
    CHECK(out.str().find(hex(secret.kid())) != std::string::npos);
    CHECK(session.kid() == secret.kid() && session.exp_s() == NOW / 1000 + 600);
}

void rings() {
    const Secret secret = Secret::generate();
    const AudienceKey key = secret.audience_key(NAME);
    const Keyring ring(NAME);
    CHECK(ring.audience() == NAME && ring.kids().empty());
    ring.add(key);
    ring.add(key);
    CHECK(ring.kids() == std::vector<Id>{key.kid()} && ring.holds(key.kid()) && !ring.holds(Id{}) && !ring.has_v1());
    const AudienceKey same = secret.audience_key("other").with_kid(key.kid());
    REFUSES(errors::KidTaken, ring.add(same));
    REFUSES(errors::WrongKind, ring.add(secret.to_text()));
    REFUSES(errors::Malformed, ring.load("# one\nnonsense\n"));
    CHECK(ring.fault_in_keys("# one\nnonsense\n").value().find("line 2") == 0 && !ring.fault_in_keys("# one\n"));
    CHECK(ring.holds(key.kid()));
    ring.add_v1(Id{9}, "an old key", NOW, Dialect::java);
    CHECK(ring.has_v1() && !ring.holds(Id{9}));
    REFUSES(errors::WeakSecret, ring.add_v1(Id{8}, "", NOW));
    CHECK(ring.revoke_session(key.kid(), Id{1}) == "revoked " + hex(key.kid()) + " 0100000000000000");
    CHECK(ring.revoke_issued_before(key.kid(), 5) == "revoked " + hex(key.kid()) + " before 5");
    CHECK(ring.revoke_key(key.kid()) == "revoked " + hex(key.kid()));
    REFUSES(errors::Malformed, ring.revoke_issued_before(key.kid(), -1));
    REFUSES(errors::Malformed, ring.load_revocations("revoked 12"));
    ring.load_revocations("revoked 0102030405060708\n");
    CHECK(ring.revocations_text().find("revoked 0102030405060708\n") != std::string::npos);
    ring.load("");
    CHECK(ring.kids().empty());
    REFUSES(errors::Malformed, Keyring{""});
}

void key_files() {
    const Folder folder;
    const std::string text = Secret::generate().to_text();
    write(folder.path("one"), "\n# ours\n  " + text + " \r\n");
    CHECK(secret_from(folder.path("one")) == text);
    write(folder.path("two"), text + "\n" + text + "\n");
    REFUSES(errors::Malformed, secret_from(folder.path("two")));
    write(folder.path("none"), "# ours\n");
    REFUSES(errors::Malformed, secret_from(folder.path("none")));
    REFUSES(errors::Store, secret_from(folder.path("absent")));
}

void names() {
    for (int number = OSCAR_MALFORMED; number <= OSCAR_REFLECTED; number++) {
        const auto status = static_cast<oscar_status>(number);
        try {
            detail::raise(status, "why", Known{true, true, 403});
        } catch (const OscarError &error) {
            CHECK(error.name() == oscar_error_name(number) && error.what() == std::string(error.name()) + ": why");
            CHECK(error.may_have_run() == true && error.is_signed() && error.status() == 403 && error.number() == status);
        }
    }
    REFUSES(errors::Stale, detail::raise(OSCAR_STALE, ""));
    REFUSES(errors::Reflected, detail::raise(OSCAR_REFLECTED, ""));
    CHECK(errors::Busy().what() == std::string("busy: could not be remembered, try later") && !errors::Busy().may_have_run());
    CHECK(normalise_authority("API.example.com:443") == NAME);
    REFUSES(errors::Malformed, normalise_authority("a b"));
    CHECK(version() == OSCARTOKI_HPP_VERSION);
}

} // namespace

int main() { return run({{"texts", texts}, {"nothing prints a key", nothing_prints_a_key}, {"rings", rings}, {"key files", key_files}, {"names", names}}); }
