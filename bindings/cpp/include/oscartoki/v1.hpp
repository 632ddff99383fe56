// OscarToki v1: a client and a service that take the place of the original ones. The protocol proves that both sides hold a key, not what was
// asked or answered: move to v2. A `Service` also takes v1 where a key's line says so (`Keyring::add_v1`), until its date or the client's
// first v2 request.
#ifndef OSCARTOKI_V1_HPP
#define OSCARTOKI_V1_HPP

#include <oscartoki/service.hpp>

namespace oscartoki::v1 {

/// A v1 key: mints and verifies tokis and tokikeys.
class Key {
  public:
    explicit Key(std::string_view key) : key_(key) { detail::check_library(); }

    /// The newest toki that every original accepts at this clock.
    std::string mint(Time now_ms = std::nullopt) const {
        char out[OSCAR_ANSWER_TOKI_MAX_LEN];
        detail::check(oscar_v1_mint(detail::bytes(key_), key_.size(), wall_clock_ms(now_ms), out, sizeof out));
        return out;
    }
    /// Verifies a toki; its time in milliseconds.
    std::int64_t verify(std::string_view toki, Dialect dialect = Dialect::any, Time now_ms = std::nullopt) const {
        std::int64_t ts_ms = 0;
        detail::check(oscar_v1_verify(detail::bytes(key_), key_.size(), toki.data(), toki.size(), static_cast<std::uint32_t>(dialect),
                                      wall_clock_ms(now_ms), &ts_ms));
        return ts_ms;
    }
    /// The tokikey that answers a toki.
    std::string mint_tokikey(std::string_view toki, Time now_ms = std::nullopt) const {
        char out[OSCAR_V1_TOKIKEY_MAX_LEN];
        detail::check(
            oscar_v1_tokikey_mint(detail::bytes(key_), key_.size(), toki.data(), toki.size(), wall_clock_ms(now_ms), out, sizeof out));
        return out;
    }
    /// Verifies the tokikey of a toki.
    void verify_tokikey(std::string_view toki, std::string_view tokikey, Dialect dialect = Dialect::any, Time now_ms = std::nullopt) const {
        detail::check(oscar_v1_tokikey_verify(detail::bytes(key_), key_.size(), toki.data(), toki.size(), tokikey.data(), tokikey.size(),
                                              static_cast<std::uint32_t>(dialect), wall_clock_ms(now_ms)));
    }

  private:
    std::string key_;
};

/// The two steps of one request: a GET that fetches the tokikey, then the request itself.
class Exchange {
  public:
    /// What the next step carries.
    OwnHeaders headers() const {
        OwnHeaders headers = {{"oscartoki", toki_}};
        if (tokikey_[0] != 0) headers.emplace_back("oscartokikey", tokikey_);
        return headers;
    }
    /// Accepts the answer to the first step, once: the tokikey.
    std::string accept_first(std::string_view body, std::optional<std::string_view> toki, Time now_ms = std::nullopt) {
        detail::check(oscar_v1_exchange_accept_first(exchange_.get(), detail::bytes(body), body.size(), detail::address(toki),
                                                     detail::size(toki), wall_clock_ms(now_ms), tokikey_, sizeof tokikey_));
        return tokikey_;
    }
    /// Accepts the answer to the second step, once. It proves that the service holds the key, not what it wrote.
    void accept_second(std::optional<std::string_view> toki, Time now_ms = std::nullopt) {
        detail::check(oscar_v1_exchange_accept_second(exchange_.get(), detail::address(toki), detail::size(toki), wall_clock_ms(now_ms)));
    }

  private:
    friend class Client;
    Exchange() = default;

    char toki_[OSCAR_ANSWER_TOKI_MAX_LEN] = {};
    char tokikey_[OSCAR_V1_TOKIKEY_MAX_LEN] = {};
    detail::Owned<oscar_v1_exchange_free> exchange_;
};

/// The client of OscarToki v1, in the place of the original.
class Client {
  public:
    explicit Client(std::string_view key, Dialect dialect = Dialect::any) {
        detail::check_library();
        detail::check(oscar_v1_client_new(detail::bytes(key), key.size(), static_cast<std::uint32_t>(dialect), client_.put()));
    }

    /// Begins the two steps of one request, without a socket.
    Exchange begin(Time now_ms = std::nullopt) const {
        Exchange made;
        detail::check(oscar_v1_client_begin(client_.get(), wall_clock_ms(now_ms), made.toki_, sizeof made.toki_, made.exchange_.put()));
        return made;
    }
    /// Does both steps by `send(method, headers, with_body)`, which sends to the one URL and gives an answer with `body` and
    /// `header(name)` (an optional text), such as `curl::Http::sender`; the answer to the request.
    template <class Send> auto request(std::string_view method, Send &&send) const {
        Exchange exchange = begin();
        const auto first = send(std::string_view("GET"), exchange.headers(), false);
        exchange.accept_first(first.body, first.header("oscartoki"));
        auto answer = send(method, exchange.headers(), true);
        exchange.accept_second(answer.header("oscartoki"));
        return answer;
    }

  private:
    detail::Owned<oscar_v1_client_free> client_;
};

/// A service for clients of v1, in the place of the original: `keys` by the kid that each client has or will have. It takes v2 as soon as an
/// `oa2.` key is added to its ring.
inline Service service(const std::map<Id, std::string> &keys, const std::vector<std::string> &authorities, std::int64_t until_ms,
                       Dialect dialect = Dialect::any, ServiceOptions options = {}) {
    if (authorities.empty()) throw errors::Malformed("a service has a name");
    options.authorities = authorities;
    if (options.keyring == nullptr) options.keyring = std::make_shared<Keyring>(options.audience.value_or(authorities.front()));
    for (const auto &[kid, key] : keys) options.keyring->add_v1(kid, key, until_ms, dialect);
    return Service(options);
}

} // namespace oscartoki::v1

#endif
