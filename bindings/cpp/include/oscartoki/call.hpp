// One request on its way, without a socket: probe, request, resend. What every HTTP adapter loops on.
#ifndef OSCARTOKI_CALL_HPP
#define OSCARTOKI_CALL_HPP

#include <oscartoki/client.hpp>

namespace oscartoki {

/// What the owner of a call does next.
class Step {
  public:
    /// Send a request with the headers of the step, then say what came; or it ended, with `outcome`.
    enum class Kind : std::uint32_t { send = OSCAR_STEP_SEND, done = OSCAR_STEP_DONE, failed = OSCAR_STEP_FAILED };

    Kind kind() const noexcept { return static_cast<Kind>(raw_.kind); }
    /// To send: the method; HEAD for a probe.
    std::string_view method() const noexcept { return raw_.method; }
    /// To send: oscartoki, in a session oscartokikey, and Content-Digest where it is sent. For a probe: no content, and none of the headers that
    /// `Client::drops_from_probe` names.
    OwnHeaders headers() const {
        OwnHeaders headers;
        if (kind() != Kind::send) return headers;
        headers.emplace_back("oscartoki", raw_.headers.toki);
        if (raw_.headers.grant[0] != 0) headers.emplace_back("oscartokikey", raw_.headers.grant);
        if (raw_.content_digest[0] != 0) headers.emplace_back("content-digest", raw_.content_digest);
        return headers;
    }
    bool is_probe() const noexcept { return raw_.headers.probe != 0; }
    /// Done or failed: what became of it.
    const Outcome &outcome() const noexcept { return outcome_; }
    /// How many requests went out, the probe included.
    unsigned requests() const noexcept { return raw_.requests; }
    bool probed() const noexcept { return raw_.probed != 0; }
    bool resent() const noexcept { return raw_.resent != 0; }
    /// Whether the last request that went out was signed in a session.
    bool in_session() const noexcept { return raw_.in_session != 0; }

  private:
    friend class Call;
    explicit Step(const oscar_step &raw) : raw_(raw), outcome_(raw.outcome) {}

    oscar_step raw_;
    Outcome outcome_;
};

/// One call: `for (auto step = call.next(); step.kind() == Step::Kind::send; step = call.next())` send, then `received`.
class Call {
  public:
    /// The next step.
    Step next(Time now_ms = std::nullopt, Time mono_ms = std::nullopt) const {
        oscar_step raw;
        detail::check(oscar_call_next(call_.get(), wall_clock_ms(now_ms), monotonic_clock_ms(mono_ms), &raw));
        return Step(raw);
    }
    /// The answer came; the clocks are those when its head did.
    void received(int status, const Headers &headers, std::string_view body = {}, Time received_ms = std::nullopt,
                  Time mono_ms = std::nullopt) const {
        detail::Pack pack;
        pack.number(status).headers(headers);
        const oscar_status given = oscar_call_received(call_.get(), pack.data(), pack.size(), detail::bytes(body), body.size(),
                                                       wall_clock_ms(received_ms), monotonic_clock_ms(mono_ms));
        // A head that does not parse is an answer that is not authentic: the next step says so.
        if (given != OSCAR_BAD_PACKED) detail::check(given);
    }
    /// An answer came whose content is over the client's limit.
    void too_large(std::uint16_t status) const { detail::check(oscar_call_too_large(call_.get(), status)); }
    /// No answer came: a network failure.
    void failed() const { detail::check(oscar_call_failed(call_.get())); }

  private:
    friend class Client;
    Call() = default;

    detail::Owned<oscar_call_free> call_;
};

inline Call Client::call(const Request &request, const Headers &headers, const CallOptions &options) const {
    Call made;
    const std::string ext = covers_ && request.ext.empty() ? request_ext(headers) : std::string(request.ext);
    detail::Pack pack;
    pack.request(Request{request.method, request.authority, request.target, {}, ext, request.digest}).fits(OSCAR_UNSIGNABLE, Known{false});
    const std::string_view body = detail::content(request.body, request.digest);
    detail::check(oscar_call_new(get(), pack.data(), pack.size(), detail::bytes(body), body.size(), options.bits(), made.call_.put()),
                  Known{false});
    return made;
}

} // namespace oscartoki

#endif
