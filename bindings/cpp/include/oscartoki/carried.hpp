// What travels outside of a request's headers: messages of a queue, presigned URLs, websocket tickets. `Client` signs them, `Service` verifies.
#ifndef OSCARTOKI_CARRIED_HPP
#define OSCARTOKI_CARRIED_HPP

#include <oscartoki/request.hpp>

namespace oscartoki {

/// A message of a queue.
struct Message {
    /// The logical name, not exchange or routing key, with the direction in it.
    std::string_view destination;
    std::string_view type;
    std::string_view body = {};
    /// What else decides what happens.
    std::string_view ext = {};
    /// In place of the body its SHA-256.
    std::optional<Digest> digest = std::nullopt;
};

/// A message that was signed: `toki` is its header, `accept_reply` judges its one RPC reply.
class SignedMessage {
  public:
    /// The header oscartoki.
    std::string_view toki() const noexcept { return toki_; }
    /// Accepts the reply, once; the consumer's time in milliseconds.
    std::int64_t accept_reply(std::optional<std::string_view> toki, std::string_view body = {}, std::string_view ext = {}) {
        std::int64_t ts_ms = 0;
        detail::Pack pack;
        pack.field(ext).optional(toki).fits(OSCAR_MALFORMED);
        detail::check(oscar_message_accept_reply(context_.use(), pack.data(), pack.size(), detail::bytes(body), body.size(), &ts_ms));
        return ts_ms;
    }

  private:
    friend class Client;
    SignedMessage() = default;

    char toki_[OSCAR_MESSAGE_TOKI_MAX_LEN] = {};
    detail::Once<oscar_message_free> context_;
};

/// Whether a message was seen before, as far as the consumer's memory knows.
enum class Freshness : std::uint32_t { fresh = OSCAR_MESSAGE_FRESH, duplicate = OSCAR_MESSAGE_DUPLICATE, unchecked = OSCAR_MESSAGE_UNCHECKED };

/// A message that was verified.
class VerifiedMessage {
  public:
    /// The key id of the sender.
    Id kid() const noexcept { return detail::id(raw_.kid); }
    /// When it was minted.
    std::int64_t ts_ms() const noexcept { return raw_.ts_ms; }
    /// Its life in seconds.
    std::int64_t ttl_s() const noexcept { return raw_.ttl_s; }
    Id nonce() const noexcept { return detail::id(raw_.nonce); }
    Freshness freshness() const noexcept { return static_cast<Freshness>(raw_.freshness); }
    /// The toki of the RPC reply.
    std::string reply(std::string_view body = {}, std::string_view ext = {}, Time now_ms = std::nullopt) const {
        char toki[OSCAR_TOKI_MAX_LEN];
        detail::check(oscar_message_reply(context_.get(), detail::bytes(ext), ext.size(), detail::bytes(body), body.size(),
                                          wall_clock_ms(now_ms), toki, sizeof toki));
        return toki;
    }

  private:
    friend class Service;
    explicit VerifiedMessage(const oscar_verified_message &raw) noexcept : raw_(raw), context_(raw.context) {}

    oscar_verified_message raw_;
    detail::Owned<oscar_message_free> context_;
};

/// A presigned URL that was verified.
class VerifiedUrl {
  public:
    /// The key id of the signer.
    Id kid() const noexcept { return detail::id(raw_.kid); }
    /// The last good millisecond.
    std::int64_t exp_ms() const noexcept { return raw_.exp_ms; }
    /// What was signed, without the parameter.
    const std::string &target() const noexcept { return target_; }

  private:
    friend class Service;
    VerifiedUrl(const oscar_verified_url &raw, std::string_view target) : raw_(raw), target_(target.substr(0, raw.target_len)) {}

    oscar_verified_url raw_;
    std::string target_;
};

/// A ticket that was verified, and is spent.
class VerifiedTicket {
  public:
    /// The key id of the client.
    Id kid() const noexcept { return detail::id(raw_.kid); }
    /// The connection id.
    std::string_view connection() const noexcept { return {reinterpret_cast<const char *>(raw_.connection), raw_.connection_len}; }
    /// When it was minted.
    std::int64_t ts_ms() const noexcept { return raw_.ts_ms; }
    /// Whether it was bound to the page's Origin.
    bool origin_bound() const noexcept { return raw_.origin_bound != 0; }

  private:
    friend class Service;
    explicit VerifiedTicket(const oscar_verified_ticket &raw) noexcept : raw_(raw) {}

    oscar_verified_ticket raw_;
};

} // namespace oscartoki

#endif
