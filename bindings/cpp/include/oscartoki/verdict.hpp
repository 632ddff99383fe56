// What a service says to a request: verified, pending its content, refused, or the first step of OscarToki v1.
#ifndef OSCARTOKI_VERDICT_HPP
#define OSCARTOKI_VERDICT_HPP

#include <oscartoki/request.hpp>
#include <variant>

namespace oscartoki {

class Verdict;

namespace detail {

/// What the library judged, with the context of the answer.
class Judged {
  public:
    Judged() noexcept { raw_.context = 0; }
    Judged(Judged &&other) noexcept : raw_(other.raw_), used_(std::exchange(other.used_, true)) {}
    Judged &operator=(Judged &&other) noexcept {
        std::swap(raw_, other.raw_);
        std::swap(used_, other.used_);
        return *this;
    }
    ~Judged() {
        if (!used_ && raw_.context != 0) oscar_verdict_free(raw_.context);
    }

    /// Filled by the call that judges.
    oscar_verdict *put() noexcept { return &raw_; }
    const oscar_verdict &raw() const noexcept { return raw_; }
    oscar_handle use() noexcept {
        used_ = true;
        return raw_.context;
    }

  private:
    oscar_verdict raw_;
    bool used_ = false;
};

Verdict verdict_of(Judged &&judged);

} // namespace detail

/// Authentic, fresh and allowed: it may run.
class VerifiedRequest : public detail::Judged {
  public:
    explicit VerifiedRequest(detail::Judged &&judged) noexcept : Judged(std::move(judged)) {}

    /// The key id of the client.
    Id kid() const noexcept { return detail::id(raw().kid); }
    /// The session that it was sent in.
    std::optional<Id> sid() const noexcept { return raw().in_session == 0 ? std::nullopt : std::optional<Id>(detail::id(raw().sid)); }
    /// The name that it was sent to, normalised.
    std::string_view authority() const noexcept { return raw().authority; }
    /// When it was signed, by the client's corrected clock.
    std::int64_t ts_ms() const noexcept { return raw().ts_ms; }
    Id nonce() const noexcept { return detail::id(raw().nonce); }
    /// Whether it asks for a grant.
    bool want() const noexcept { return raw().want != 0; }
    /// 2, or 1 for OscarToki v1.
    int version() const noexcept { return raw().version; }
};

/// As good, but for its content, which Content-Digest named: read it, then `finish`.
class PendingBody : public detail::Judged {
  public:
    explicit PendingBody(detail::Judged &&judged) noexcept : Judged(std::move(judged)) {}

    Id kid() const noexcept { return detail::id(raw().kid); }
    std::optional<Id> sid() const noexcept { return raw().in_session == 0 ? std::nullopt : std::optional<Id>(detail::id(raw().sid)); }
    /// Compares what arrived with what was signed.
    Verdict finish(std::string_view body);
    /// Compares the SHA-256 of what arrived with what was signed.
    Verdict finish(const Digest &digest);
    /// The body is over the limit.
    Verdict too_large();
};

/// It must not run. Signed (`code`) where its MAC was good, else it names itself in the header oscartoki-error.
class Refusal : public detail::Judged {
  public:
    explicit Refusal(detail::Judged &&judged) : Judged(std::move(judged)), sentence_(oscar_last_detail()) {}

    /// The name of the error.
    std::string_view name() const noexcept { return oscar_error_name(raw().status); }
    /// The code of the answer's toki, where it is signed.
    std::optional<int> code() const noexcept { return raw().code < 0 ? std::nullopt : std::optional<int>(raw().code); }
    /// The HTTP status of the answer.
    int status() const noexcept { return raw().http_status; }
    bool is_signed() const noexcept { return raw().code >= 0; }
    /// Whether the answer carries WWW-Authenticate: oscartoki.
    bool www_authenticate() const noexcept { return raw().www_authenticate != 0; }
    /// 2, or 1 for OscarToki v1.
    int version() const noexcept { return raw().version; }
    OscarError error() const { return OscarError(raw().status, sentence_, known()); }
    void throw_for_refusal() const { detail::raise(raw().status, sentence_, known()); }
    /// The body of the answer where it is not signed: clients of OscarToki v1 read their refusals there.
    std::string body() const {
        if (is_signed() || version() != 1) return {};
        return "{\"status\":\"error\",\"message\":\"" + std::string(name()) + "\"}";
    }

  private:
    Known known() const { return {std::nullopt, is_signed(), status()}; }

    std::string sentence_;
};

/// The first step of OscarToki v1: nothing runs, `reply` is its answer.
class Handshake : public detail::Judged {
  public:
    explicit Handshake(detail::Judged &&judged) noexcept : Judged(std::move(judged)) {}

    Id kid() const noexcept { return detail::id(raw().kid); }
    /// The header oscartoki and the JSON body of the answer, which has status 200; once.
    std::pair<std::string, std::string> reply() {
        char toki[OSCAR_ANSWER_TOKI_MAX_LEN], body[OSCAR_HANDSHAKE_BODY_MAX_LEN];
        detail::check(oscar_service_handshake(use(), toki, sizeof toki, body, sizeof body));
        return {toki, body};
    }
};

/// What a service says to a request.
class Verdict {
  public:
    Verdict(VerifiedRequest &&request) noexcept : what_(std::move(request)) {}
    Verdict(PendingBody &&pending) noexcept : what_(std::move(pending)) {}
    Verdict(Refusal &&refusal) noexcept : what_(std::move(refusal)) {}
    Verdict(Handshake &&handshake) noexcept : what_(std::move(handshake)) {}

    /// Whether it may run.
    bool accepted() const noexcept { return verified() != nullptr; }
    /// Each of these is null unless the verdict is that.
    VerifiedRequest *verified() noexcept { return std::get_if<VerifiedRequest>(&what_); }
    const VerifiedRequest *verified() const noexcept { return std::get_if<VerifiedRequest>(&what_); }
    PendingBody *pending() noexcept { return std::get_if<PendingBody>(&what_); }
    Refusal *refusal() noexcept { return std::get_if<Refusal>(&what_); }
    const Refusal *refusal() const noexcept { return std::get_if<Refusal>(&what_); }
    Handshake *handshake() noexcept { return std::get_if<Handshake>(&what_); }

    /// Why it is refused.
    std::optional<OscarError> error() const { return refusal() == nullptr ? std::nullopt : std::optional<OscarError>(refusal()->error()); }
    /// Throws why it is refused.
    void throw_for_refusal() const {
        if (refusal() != nullptr) refusal()->throw_for_refusal();
    }

    /// What was judged, for `Service::answer`.
    detail::Judged &judged() noexcept {
        return std::visit([](auto &what) -> detail::Judged & { return what; }, what_);
    }

  private:
    std::variant<VerifiedRequest, PendingBody, Refusal, Handshake> what_;
};

namespace detail {

inline Verdict verdict_of(Judged &&judged) {
    switch (judged.raw().status) {
    case OSCAR_OK: return VerifiedRequest(std::move(judged));
    case OSCAR_PENDING: return PendingBody(std::move(judged));
    case OSCAR_HANDSHAKE: return Handshake(std::move(judged));
    default: return Refusal(std::move(judged));
    }
}

} // namespace detail

inline Verdict PendingBody::finish(std::string_view body) {
    Judged judged;
    oscar_service_finish(use(), detail::bytes(body), body.size(), nullptr, judged.put());
    return detail::verdict_of(std::move(judged));
}

inline Verdict PendingBody::finish(const Digest &digest) {
    Judged judged;
    oscar_service_finish(use(), nullptr, 0, digest.data(), judged.put());
    return detail::verdict_of(std::move(judged));
}

inline Verdict PendingBody::too_large() {
    Judged judged;
    oscar_service_too_large(use(), judged.put());
    return detail::verdict_of(std::move(judged));
}

} // namespace oscartoki

#endif
