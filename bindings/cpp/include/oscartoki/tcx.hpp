// TCX: passes, headers and verdicts, and the client that keeps an access token. docs/errors.md tells the names; every text is the original's.
#ifndef OSCARTOKI_TCX_HPP
#define OSCARTOKI_TCX_HPP

#include <oscartoki/request.hpp>
#include <variant>

namespace oscartoki::tcx {

/// What a pass covers: nothing, the time, or the parameters.
enum class Mode : std::uint32_t { none = OSCAR_TCX_MODE_NONE, time = OSCAR_TCX_MODE_TIME, param = OSCAR_TCX_MODE_PARAM };
/// Whose form a pass or a table has: the documented one, or that of the original server.
enum class Dialect : std::uint32_t { documented = OSCAR_TCX_DOCUMENTED, server4 = OSCAR_TCX_SERVER4 };
/// How a caller is authenticated: by the app alone, by an access token, by a master key.
enum class Type : std::uint32_t { owtc = OSCAR_TCX_OWTC, twtc = OSCAR_TCX_TWTC, ftc = OSCAR_TCX_FTC };
/// Where a verdict is given: on a call, or by one of the authority's routes.
enum class Route : std::uint32_t { call = OSCAR_TCX_CALL, authorize = OSCAR_TCX_AUTHORIZE, reauthorize = OSCAR_TCX_REAUTHORIZE };

/// What a pass is made of.
struct Pass {
    Mode mode = Mode::none;
    /// The public key of the app.
    std::string_view app_public = {};
    /// Read in mode param.
    Headers params = {};
    /// 14 digits, read in mode time.
    std::optional<std::string_view> datetime = std::nullopt;

    /// The `app_pass`.
    std::string mint(std::string_view client_token, Dialect dialect = Dialect::documented) const {
        char out[OSCAR_TCX_PASS_MAX_LEN];
        oscartoki::detail::Pack pack;
        pack.headers(params).fits(OSCAR_UNSIGNABLE);
        oscartoki::detail::check(oscar_tcx_pass_mint(static_cast<std::uint32_t>(mode), pack.data(), pack.size(), oscartoki::detail::address(datetime),
                                                     oscartoki::detail::size(datetime), app_public.data(), app_public.size(), client_token.data(),
                                                     client_token.size(), static_cast<std::uint32_t>(dialect), out, sizeof out));
        return out;
    }

    /// Who a pass was made by.
    struct Verified {
        std::string client_token;
        Dialect dialect;
        /// The pass's time in mode time, else 0.
        std::int64_t ts_ms;
    };
    /// Verifies an `app_pass` in either form. `strict`: a parameter with `&` or `=` is policy.
    Verified verify(std::string_view app_pass, bool strict = true, Time now_ms = std::nullopt) const {
        oscar_tcx_pass raw;
        oscartoki::detail::Pack pack;
        pack.headers(params).fits(OSCAR_MALFORMED);
        oscartoki::detail::check(oscar_tcx_pass_verify(static_cast<std::uint32_t>(mode), pack.data(), pack.size(), oscartoki::detail::address(datetime),
                                                       oscartoki::detail::size(datetime), app_public.data(), app_public.size(), app_pass.data(),
                                                       app_pass.size(), wall_clock_ms(now_ms), strict, &raw));
        return {raw.client_token, static_cast<Dialect>(raw.dialect), raw.ts_ms};
    }
};

namespace detail {

/// `Name: value` a line.
inline OwnHeaders lines(oscar_handle text) {
    OwnHeaders headers;
    const std::string all = oscartoki::detail::text_of(text);
    for (std::size_t at = 0, end; at < all.size(); at = end + 1) {
        end = all.find('\n', at);
        const std::size_t colon = all.find(": ", at);
        headers.emplace_back(all.substr(at, colon - at), all.substr(colon + 2, end - colon - 2));
    }
    return headers;
}

} // namespace detail

/// The headers of a call. `token`: the access token of TWTC, the master key of FTC.
inline OwnHeaders headers(Type type, std::string_view app_id, std::string_view app_pass, std::optional<std::string_view> token = std::nullopt) {
    oscar_handle text = 0;
    oscartoki::detail::check(oscar_tcx_headers(static_cast<std::uint32_t>(type), app_id.data(), app_id.size(), app_pass.data(), app_pass.size(),
                                               oscartoki::detail::address(token), oscartoki::detail::size(token), &text));
    return detail::lines(text);
}

/// Now as `tcx_datetime` has it: 14 digits in UTC.
inline std::string datetime(Time now_ms = std::nullopt) {
    char out[OSCAR_TCX_DATETIME_MAX_LEN];
    oscartoki::detail::check(oscar_tcx_datetime(wall_clock_ms(now_ms), out, sizeof out));
    return out;
}

/// What an authority or a service says, with HTTP status 200.
struct Verdict {
    /// `TCXPFX` and the like.
    std::string code;
    /// `505003` and the like.
    std::string status_number;
    /// The sentence that goes with it.
    std::string status_message;
    /// 1 for TCXSSS, else 0.
    std::int64_t status;

    /// The verdict of a code with the numbers of a table on a route.
    static Verdict of(std::string_view code, Dialect table = Dialect::documented, Route route = Route::call) {
        oscar_tcx_verdict raw;
        oscartoki::detail::check(
            oscar_tcx_verdict_of(code.data(), code.size(), static_cast<std::uint32_t>(table), static_cast<std::uint32_t>(route), &raw));
        return {raw.code, raw.number, raw.sentence, raw.status};
    }
};

/// A client of an app, which keeps its access token. Of many callers one asks for it, the others wait.
class Client {
  public:
    struct Options {
        std::string_view app_id, app_secret, app_public;
        /// Goes with calls of FTC.
        std::string_view master_key = {};
        Type type = Type::owtc;
        Mode mode = Mode::none;
        Dialect dialect = Dialect::documented;
    };
    explicit Client(const Options &options) {
        oscartoki::detail::check_library();
        oscartoki::detail::check(oscar_tcx_client_new(options.app_id.data(), options.app_id.size(), options.app_secret.data(), options.app_secret.size(),
                                                      options.app_public.data(), options.app_public.size(), options.master_key.data(),
                                                      options.master_key.size(), static_cast<std::uint32_t>(options.type),
                                                      static_cast<std::uint32_t>(options.mode), static_cast<std::uint32_t>(options.dialect),
                                                      client_.put()));
    }

    /// A fresh pass for the parameters or the time.
    std::string pass(const Headers &params = {}, std::optional<std::string_view> datetime = std::nullopt) const {
        char out[OSCAR_TCX_PASS_MAX_LEN];
        oscartoki::detail::Pack pack;
        pack.headers(params).fits(OSCAR_UNSIGNABLE);
        oscartoki::detail::check(oscar_tcx_client_pass(client_.get(), pack.data(), pack.size(), oscartoki::detail::address(datetime),
                                                       oscartoki::detail::size(datetime), out, sizeof out));
        return out;
    }
    /// The headers of one call with a fresh pass. `access`: the access token of TWTC.
    OwnHeaders headers(const Headers &params = {}, std::optional<std::string_view> datetime = std::nullopt,
                       std::optional<std::string_view> access = std::nullopt) const {
        oscar_handle text = 0;
        oscartoki::detail::Pack pack;
        pack.headers(params).fits(OSCAR_UNSIGNABLE);
        oscartoki::detail::check(oscar_tcx_client_headers(client_.get(), pack.data(), pack.size(), oscartoki::detail::address(datetime),
                                                          oscartoki::detail::size(datetime), oscartoki::detail::address(access),
                                                          oscartoki::detail::size(access), &text));
        return detail::lines(text);
    }

    /// What a caller who wants the access token does next.
    struct Step {
        enum class Kind : std::uint32_t { use = OSCAR_TCX_USE, send = OSCAR_TCX_SEND, wait = OSCAR_TCX_WAIT };

        Kind kind;
        /// The token to use, or the body to send to the route.
        std::string text;
        Route route;
        /// Names the request, for `received` and `failed`.
        std::int64_t number;
    };
    /// The access token, or what to do for it.
    Step access(Time now_ms = std::nullopt) const {
        oscar_tcx_step raw;
        oscartoki::detail::check(oscar_tcx_client_access(client_.get(), wall_clock_ms(now_ms), &raw));
        return {static_cast<Step::Kind>(raw.kind), raw.text == 0 ? std::string() : oscartoki::detail::text_of(raw.text), static_cast<Route>(raw.route),
                raw.number};
    }
    /// Takes over the answer to the request of that number; what the authority refused it with, if it did. Then ask `access` again.
    std::optional<Verdict> received(std::int64_t number, std::string_view body, Time now_ms = std::nullopt) const {
        oscar_tcx_verdict raw;
        oscartoki::detail::check(
            oscar_tcx_client_received(client_.get(), number, oscartoki::detail::bytes(body), body.size(), wall_clock_ms(now_ms), &raw));
        if (raw.number[0] == 0) return std::nullopt;
        return Verdict{raw.code, raw.number, raw.sentence, raw.status};
    }
    /// No answer came to the request of that number: another caller may ask.
    void failed(std::int64_t number) const { oscartoki::detail::check(oscar_tcx_client_failed(client_.get(), number)); }

  private:
    oscartoki::detail::Owned<oscar_tcx_client_free> client_;
};

} // namespace oscartoki::tcx

#endif
