// Key material: the root secret (os2.), a service's audience key (oa2.), a handed-out session (oz2.), and a service's ring of keys. Nothing
// here prints a key; to_text() is for key files.
#ifndef OSCARTOKI_KEYS_HPP
#define OSCARTOKI_KEYS_HPP

#include <fstream>
#include <oscartoki/request.hpp>
#include <ostream>

namespace oscartoki {

/// What a service holds for one client, audience and generation.
class AudienceKey {
  public:
    /// Reads the `oa2.` text of a key.
    explicit AudienceKey(std::string_view text) {
        detail::check_library();
        detail::check(oscar_audience_key_parse(text.data(), text.size(), nullptr, text_.data(), OSCAR_AUDIENCE_KEY_MAX_LEN));
    }

    /// The key itself, for the service's key file.
    std::string to_text() const { return std::string(text_.view()); }
    /// The same key under another, registered kid.
    AudienceKey with_kid(const Id &kid) const {
        AudienceKey made;
        const std::string_view text = text_.view();
        detail::check(oscar_audience_key_parse(text.data(), text.size(), kid.data(), made.text_.data(), OSCAR_AUDIENCE_KEY_MAX_LEN));
        return made;
    }
    /// The key id: public.
    Id kid() const {
        Id kid{};
        detail::check(oscar_audience_key_read(text_.view().data(), text_.view().size(), kid.data(), nullptr));
        return kid;
    }

  private:
    friend class Secret;
    AudienceKey() = default;

    detail::Held<OSCAR_AUDIENCE_KEY_MAX_LEN> text_;
};

/// What a client and the key registry hold: 32 random bytes.
class Secret {
  public:
    /// Reads the `os2.` text of a secret.
    explicit Secret(std::string_view text) {
        detail::check_library();
        detail::check(oscar_secret_parse(text.data(), text.size(), text_.data(), OSCAR_SECRET_MAX_LEN));
    }
    /// A new random secret.
    static Secret generate() {
        Secret made;
        detail::check(oscar_secret_generate(made.text_.data(), OSCAR_SECRET_MAX_LEN));
        return made;
    }
    /// A secret from exactly 32 random bytes, else `weak_secret`.
    static Secret from_bytes(std::string_view bytes) {
        Secret made;
        detail::check(oscar_secret_from_bytes(detail::bytes(bytes), bytes.size(), made.text_.data(), OSCAR_SECRET_MAX_LEN));
        return made;
    }

    /// The secret itself, for a file of mode 0600.
    std::string to_text() const { return std::string(text_.view()); }
    /// The key id of a generation: public.
    Id kid(std::int64_t generation = 0) const {
        Id kid{};
        detail::check(oscar_secret_kid(text_.view().data(), text_.view().size(), generation, kid.data()));
        return kid;
    }
    /// What one service gets.
    AudienceKey audience_key(std::string_view audience, std::int64_t generation = 0) const {
        AudienceKey made;
        detail::check(oscar_secret_audience_key(text_.view().data(), text_.view().size(), audience.data(), audience.size(), generation,
                                                made.text_.data(), OSCAR_AUDIENCE_KEY_MAX_LEN));
        return made;
    }

  private:
    Secret() { detail::check_library(); }

    detail::Held<OSCAR_SECRET_MAX_LEN> text_;
};

/// A handed-out session: one audience, its own sid, ten minutes at most.
class Session {
  public:
    /// Reads the `oz2.` text of a session.
    explicit Session(std::string_view text) {
        detail::check_library();
        detail::check(oscar_session_parse(text.data(), text.size(), text_.data(), OSCAR_SESSION_MAX_LEN, &claims_));
    }

    /// The session itself, for the browser or worker that it is handed to.
    std::string to_text() const { return std::string(text_.view()); }
    /// The key id of the client that hands it out.
    Id kid() const noexcept { return detail::id(claims_.kid); }
    /// Its own id, by which it is revoked.
    Id sid() const noexcept { return detail::id(claims_.sid); }
    /// Its end, in seconds since 1970.
    std::int64_t exp_s() const noexcept { return claims_.exp_s; }

  private:
    detail::Held<OSCAR_SESSION_MAX_LEN> text_;
    oscar_grant_claims claims_{};
};

inline std::ostream &operator<<(std::ostream &out, const Secret &secret) { return out << "Secret(kid " << hex(secret.kid()) << ')'; }
inline std::ostream &operator<<(std::ostream &out, const AudienceKey &key) { return out << "AudienceKey(kid " << hex(key.kid()) << ')'; }
inline std::ostream &operator<<(std::ostream &out, const Session &session) {
    return out << "Session(kid " << hex(session.kid()) << ", sid " << hex(session.sid()) << ", until " << session.exp_s() << ')';
}

/// Which originals of OscarToki v1 a key's clients are: full digests, or all with their leading zeros lost.
enum class Dialect : std::uint32_t { any = OSCAR_DIALECT_ANY, standard = OSCAR_DIALECT_STANDARD, java = OSCAR_DIALECT_JAVA };

/// The keys of a service for one audience, who is revoked, and whose OscarToki v1 is still on. Changed while it is read.
class Keyring {
  public:
    explicit Keyring(std::string_view audience) {
        detail::check_library();
        detail::check(oscar_keyring_new(audience.data(), audience.size(), ring_.put()));
    }

    /// The audience whose keys these are.
    std::string audience() const {
        char out[OSCAR_AUTHORITY_MAX_LEN];
        detail::check(oscar_keyring_audience(get(), out, sizeof out));
        return out;
    }
    /// Adds a key. The same kid with the same key again changes nothing.
    void add(const AudienceKey &key) const { add(key.to_text()); }
    /// Adds what one line of a key file says: `oa2.…`, `oa2.… kid=HEX`, `v1 until=… dialect=any key=HEX kid=HEX`.
    void add(std::string_view line) const { detail::check(oscar_keyring_add(get(), line.data(), line.size())); }
    /// Switches OscarToki v1 on for a client until a time: `key` are the v1 key's bytes.
    void add_v1(const Id &kid, std::string_view key, std::int64_t until_ms, Dialect dialect = Dialect::any) const {
        detail::check(oscar_keyring_add_v1(get(), kid.data(), detail::bytes(key), key.size(), until_ms, static_cast<std::uint32_t>(dialect)));
    }
    /// Replaces all keys by those of a key file's text, at once or not at all.
    void load(std::string_view text) const { detail::check(oscar_keyring_load(get(), text.data(), text.size())); }
    /// Replaces the revocations by those of a file's text, at once or not at all; marks never fall.
    void load_revocations(std::string_view text) const { detail::check(oscar_keyring_load_revocations(get(), text.data(), text.size())); }
    /// What a key file's text would be refused for, with its line.
    std::optional<std::string> fault_in_keys(std::string_view text) const {
        const oscar_status status = oscar_keyring_fault_in_keys(get(), text.data(), text.size());
        if (status == OSCAR_OK) return std::nullopt;
        return oscar_last_detail();
    }

    /// Revokes a kid at once; the line that a file of revocations gets.
    std::string revoke_key(const Id &kid) const {
        char line[OSCAR_REVOCATION_MAX_LEN];
        detail::check(oscar_keyring_revoke_key(get(), kid.data(), line, sizeof line));
        return line;
    }
    /// Revokes one session at once; the line that a file of revocations gets.
    std::string revoke_session(const Id &kid, const Id &sid) const {
        char line[OSCAR_REVOCATION_MAX_LEN];
        detail::check(oscar_keyring_revoke_session(get(), kid.data(), sid.data(), line, sizeof line));
        return line;
    }
    /// Revokes the sessions of a kid that were issued before a second; the line that a file of revocations gets.
    std::string revoke_issued_before(const Id &kid, std::int64_t before_s) const {
        char line[OSCAR_REVOCATION_MAX_LEN];
        detail::check(oscar_keyring_revoke_issued_before(get(), kid.data(), before_s, line, sizeof line));
        return line;
    }
    /// All revocations in force, as the text of a file.
    std::string revocations_text() const {
        oscar_handle text = 0;
        detail::check(oscar_keyring_revocations(get(), &text));
        return detail::text_of(text);
    }

    /// The kids held, sorted.
    std::vector<Id> kids() const {
        oscar_handle text = 0;
        detail::check(oscar_keyring_kids(get(), &text));
        const std::string lines = detail::text_of(text);
        std::vector<Id> kids;
        for (std::size_t at = 0; at + 2 * OSCAR_ID_LEN < lines.size(); at += 2 * OSCAR_ID_LEN + 1) {
            Id kid{};
            for (std::size_t byte = 0; byte < kid.size(); byte++)
                kid[byte] = static_cast<std::uint8_t>(std::stoi(lines.substr(at + 2 * byte, 2), nullptr, 16));
            kids.push_back(kid);
        }
        return kids;
    }
    /// Whether a key stands under this kid.
    bool holds(const Id &kid) const { return oscar_keyring_holds(get(), kid.data()) == 1; }
    /// Whether OscarToki v1 is on for any key.
    bool has_v1() const { return oscar_keyring_has_v1(get()) == 1; }

    /// The handle, for the C API; the ring keeps it.
    oscar_handle get() const noexcept { return ring_.get(); }

  private:
    detail::Owned<oscar_keyring_free> ring_;
};

/// The key text in a file: its one line that is neither blank nor a comment.
inline std::string secret_from(const std::string &path) {
    std::ifstream file(path);
    if (!file) throw errors::Store(path + ": can't be read");
    std::string key, line;
    int found = 0;
    while (std::getline(file, line)) {
        const std::size_t start = line.find_first_not_of(" \t\r"), end = line.find_last_not_of(" \t\r");
        if (start == std::string::npos || line[start] == '#') continue;
        key = line.substr(start, end - start + 1);
        found++;
    }
    if (found != 1) throw errors::Malformed(path + ": one key text is needed, " + std::to_string(found) + " were found");
    return key;
}

} // namespace oscartoki

#endif
