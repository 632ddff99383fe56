// Socktopus: tokens, frames, the schedule of pings, the bodies of /send and /kick.
#ifndef OSCARTOKI_SOCKTOPUS_HPP
#define OSCARTOKI_SOCKTOPUS_HPP

#include <oscartoki/request.hpp>

namespace oscartoki::socktopus {

/// Who may connect: an app, a connection, when it was minted.
struct Token {
    std::string app, connection;
    std::int64_t ts_ms = 0;

    /// The text of the token with the app's secret.
    std::string mint(std::string_view secret) const {
        char out[OSCAR_SOCKTOPUS_TOKEN_MAX_LEN];
        oscartoki::detail::check(oscar_socktopus_mint(oscartoki::detail::bytes(secret), secret.size(), app.data(), app.size(), connection.data(),
                                                      connection.size(), ts_ms, out, sizeof out));
        return out;
    }
};

/// The secrets of the apps that a hub serves.
class Secrets {
  public:
    Secrets() {
        oscartoki::detail::check_library();
        oscartoki::detail::check(oscar_socktopus_secrets_new(secrets_.put()));
    }
    /// Adds an app, or changes its secret.
    void add(std::string_view app, std::string_view secret) const {
        oscartoki::detail::check(
            oscar_socktopus_secrets_add(secrets_.get(), app.data(), app.size(), oscartoki::detail::bytes(secret), secret.size()));
    }
    /// Verifies a token, without memory. Errors, in this order: malformed, unknown_key, bad_mac, stale.
    Token verify(std::string_view token, Time now_ms = std::nullopt) const {
        oscar_socktopus_token raw;
        oscartoki::detail::check(oscar_socktopus_verify(secrets_.get(), token.data(), token.size(), wall_clock_ms(now_ms), &raw));
        return {std::string(raw.app, raw.app_len), std::string(raw.connection, raw.connection_len), raw.ts_ms};
    }

  private:
    oscartoki::detail::Owned<oscar_socktopus_secrets_free> secrets_;
};

/// A frame of a hub.
struct Frame {
    enum class Kind : std::uint32_t { other = OSCAR_SOCKTOPUS_OTHER, data = OSCAR_SOCKTOPUS_DATA, pong = OSCAR_SOCKTOPUS_PONG, close = OSCAR_SOCKTOPUS_CLOSE };

    Kind kind;
    /// The message of a data frame.
    std::string_view content;

    /// Reads one; `content` is a view of it.
    static Frame read(std::string_view frame) {
        std::uint32_t kind = 0;
        std::size_t at = 0;
        oscartoki::detail::check(oscar_socktopus_frame(frame.data(), frame.size(), &kind, &at));
        return {static_cast<Kind>(kind), static_cast<Kind>(kind) == Kind::data ? frame.substr(at) : std::string_view()};
    }
};

/// When a client pings, for a connection that opened now; by a monotonic clock.
class Pings {
  public:
    enum class Step : std::uint32_t { now = OSCAR_SOCKTOPUS_PING_NOW, later = OSCAR_SOCKTOPUS_PING_LATER, dead = OSCAR_SOCKTOPUS_DEAD };

    explicit Pings(Time now_ms = std::nullopt) {
        oscartoki::detail::check_library();
        oscartoki::detail::check(oscar_socktopus_pings_new(monotonic_clock_ms(now_ms), pings_.put()));
    }
    /// What to do now, and for `later` at which time.
    std::pair<Step, std::int64_t> next(Time now_ms = std::nullopt) const {
        std::uint32_t step = 0;
        std::int64_t at_ms = 0;
        oscartoki::detail::check(oscar_socktopus_pings_next(pings_.get(), monotonic_clock_ms(now_ms), &step, &at_ms));
        return {static_cast<Step>(step), at_ms};
    }
    /// A PONG came.
    void pong() const { oscartoki::detail::check(oscar_socktopus_pings_pong(pings_.get())); }

  private:
    oscartoki::detail::Owned<oscar_socktopus_pings_free> pings_;
};

/// The JSON body of `POST /send`: recipient and content of each message.
inline std::string send_body(std::string_view app, std::string_view secret, const Headers &messages) {
    oscar_handle body = 0;
    oscartoki::detail::Pack pack;
    pack.headers(messages).fits(OSCAR_UNSIGNABLE);
    oscartoki::detail::check(oscar_socktopus_send_body(app.data(), app.size(), secret.data(), secret.size(), pack.data(), pack.size(), &body));
    return oscartoki::detail::text_of(body);
}

/// The JSON body of `POST /kick`.
inline std::string kick_body(std::string_view app, std::string_view secret, const std::vector<std::string_view> &connections) {
    oscar_handle body = 0;
    oscartoki::detail::Pack pack;
    for (const std::string_view connection : connections) pack.field(connection);
    pack.fits(OSCAR_UNSIGNABLE);
    oscartoki::detail::check(oscar_socktopus_kick_body(app.data(), app.size(), secret.data(), secret.size(), pack.data(), pack.size(), &body));
    return oscartoki::detail::text_of(body);
}

/// What `/send` answered: how many messages went into a connection's queue, and how many to nobody.
struct Sent {
    std::size_t succeeded, failed;

    static Sent read(std::string_view body) {
        Sent sent{};
        oscartoki::detail::check(oscar_socktopus_sent(oscartoki::detail::bytes(body), body.size(), &sent.succeeded, &sent.failed));
        return sent;
    }
};

} // namespace oscartoki::socktopus

#endif
