// The side that asks. `Client::sign` and `accept` are the primitives; `Call` is the loop over them, on which the adapters stand.
#ifndef OSCARTOKI_CLIENT_HPP
#define OSCARTOKI_CLIENT_HPP

#include <oscartoki/carried.hpp>
#include <oscartoki/keys.hpp>

namespace oscartoki {

class Call;

/// When a client asks for the next grant: past half of a session's life, or on every request.
enum class Roll { automatic, every };
/// Whether the service signs its answers. `none`: an edge that only asks; nothing then counts as authentic.
enum class Answers { are_signed, none };

/// How a client behaves.
struct ClientOptions {
    /// The covered headers of requests, in the service's order.
    std::vector<std::string> ext = {};
    /// The covered headers of answers, in the service's order.
    std::vector<std::string> answer_ext = {};
    Roll roll = Roll::automatic;
    /// The machine's clock is known to be right: unsafe requests need no probe.
    bool trust_clock = false;
    Answers answers = Answers::are_signed;
    /// An answer with more bytes of content is `policy`.
    std::int64_t max_answer = 1 << 20;
    /// The generation of the audience key.
    std::int64_t generation = 0;
    /// The kid that the application registered for this generation.
    std::optional<Id> kid = std::nullopt;
    /// Whether a call sends Content-Digest with any content.
    bool send_content_digest = true;
};

/// How one request is to be treated.
struct CallOptions {
    /// A probe goes first, whatever the clock says.
    bool verify_first = false;
    /// The clock is known to be right: no probe.
    bool trust_clock = false;
    /// May be resent although its method is unsafe: it has an idempotency-key among the covered headers.
    bool repeatable = false;
    /// An answer is taken whose content is not covered.
    bool stream = false;
    /// This is the resend of a request: its answer never asks for another.
    bool resend = false;

    std::uint32_t bits() const noexcept {
        return (verify_first ? OSCAR_SIGN_VERIFY_FIRST : 0u) | (trust_clock ? OSCAR_SIGN_TRUST_CLOCK : 0u) |
               (repeatable ? OSCAR_SIGN_REPEATABLE : 0u) | (stream ? OSCAR_SIGN_STREAM : 0u) | (resend ? OSCAR_SIGN_RESEND : 0u);
    }
};

/// One signed request, or the probe that must go before it. Its answer is accepted once.
class SignedRequest {
  public:
    /// The header oscartoki.
    std::string_view toki() const noexcept { return raw_.toki; }
    /// The header oscartokikey, in a session.
    std::optional<std::string_view> grant() const noexcept {
        return in_session() ? std::optional<std::string_view>(raw_.grant) : std::nullopt;
    }
    /// What to send.
    OwnHeaders headers() const {
        OwnHeaders headers = {{"oscartoki", raw_.toki}};
        if (in_session()) headers.emplace_back("oscartokikey", raw_.grant);
        return headers;
    }
    /// Send HEAD with the same target and covered headers, without content; accept its answer; sign again.
    bool is_probe() const noexcept { return raw_.probe != 0; }
    bool in_session() const noexcept { return raw_.grant[0] != 0; }

    /// What the C API gives, for hazmat.
    oscar_signed *put() noexcept { return &raw_; }
    detail::Once<oscar_sign_context_free> &context() noexcept { return context_; }

  private:
    oscar_signed raw_{};
    detail::Once<oscar_sign_context_free> context_;
};

/// What became of a request, as far as the client can know.
class Outcome {
  public:
    Outcome() = default;
    explicit Outcome(const oscar_outcome &raw) : raw_(raw), sentence_(raw.status == OSCAR_OK ? "" : oscar_last_detail()) {}

    /// Whether the answer is authentic and accepted.
    bool accepted() const noexcept { return raw_.status == OSCAR_OK; }
    /// Why it is refused.
    std::optional<OscarError> error() const {
        if (accepted()) return std::nullopt;
        return OscarError(raw_.status, sentence_, known());
    }
    /// The name of the error.
    std::optional<std::string_view> name() const {
        if (accepted()) return std::nullopt;
        return oscar_error_name(raw_.status);
    }
    /// The code of an authentic answer, 0 to 7.
    std::optional<int> code() const noexcept { return raw_.code < 0 ? std::nullopt : std::optional<int>(raw_.code); }
    /// The HTTP status; of an answer that is not authentic it is hearsay.
    std::optional<int> status() const noexcept { return raw_.http_status < 0 ? std::nullopt : std::optional<int>(raw_.http_status); }
    /// False only where it is certain that the request had no effect.
    bool may_have_run() const noexcept { return raw_.may_have_run != 0; }
    /// Whether the answer is authentic.
    bool is_signed() const noexcept { return raw_.authentic != 0; }
    /// Sign and send the request once more, with `CallOptions::resend`.
    bool resend() const noexcept { return raw_.resend != 0; }
    /// How far the service's clock is ahead.
    std::optional<std::int64_t> offset_ms() const noexcept {
        return raw_.has_offset == 0 ? std::nullopt : std::optional<std::int64_t>(raw_.offset_ms);
    }
    /// The session id of an adopted grant.
    std::optional<Id> adopted_sid() const noexcept { return raw_.adopted == 0 ? std::nullopt : std::optional<Id>(detail::id(raw_.sid)); }
    /// `bad_grant` when the answer's grant was dropped.
    std::optional<std::string_view> grant_error() const {
        if (raw_.grant_error == OSCAR_OK) return std::nullopt;
        return oscar_error_name(raw_.grant_error);
    }
    /// Whether the content, or that there is none, is authentic.
    bool content_authentic() const noexcept { return raw_.content_authentic != 0; }
    /// Whether this is the outcome of a probe.
    bool is_probe() const noexcept { return raw_.probe != 0; }
    /// Throws what made the answer refused.
    void throw_for_refusal() const {
        if (!accepted()) detail::raise(raw_.status, sentence_, known());
    }

  private:
    Known known() const { return {may_have_run(), is_signed(), status()}; }

    oscar_outcome raw_{};
    std::string sentence_;
};

/// One client: it probes, keeps one clock and the newest grant for each audience, signs, and accepts each answer once.
class Client {
  public:
    /// Speaks to one audience, used byte for byte; with an empty one each request's normalised authority is its audience.
    explicit Client(const Secret &secret, std::string_view audience = {}, const ClientOptions &options = {})
        : Client(secret.to_text(), audience, options) {}
    /// From the `os2.` text of a secret.
    explicit Client(std::string_view secret, std::string_view audience = {}, const ClientOptions &options = {}) : Client(options) {
        const Settings settings(options);
        detail::check(oscar_client_new(secret.data(), secret.size(), audience.data(), audience.size(), &settings.raw, client_.put()));
    }
    explicit Client(const char *secret, std::string_view audience = {}, const ClientOptions &options = {})
        : Client(std::string_view(secret), audience, options) {}
    /// From one audience key (`oa2.` text), whose kid it uses.
    static Client from_audience_key(std::string_view key, const ClientOptions &options = {}) {
        Client made(options);
        const Settings settings(options);
        detail::check(oscar_client_from_audience_key(key.data(), key.size(), &settings.raw, made.client_.put()));
        return made;
    }
    static Client from_audience_key(const AudienceKey &key, const ClientOptions &options = {}) { return from_audience_key(key.to_text(), options); }
    /// A delegate, from a handed-out session (`oz2.` text).
    static Client from_session(std::string_view session, const ClientOptions &options = {}) {
        Client made(options);
        const Settings settings(options);
        detail::check(oscar_client_from_session(session.data(), session.size(), &settings.raw, made.client_.put()));
        return made;
    }
    static Client from_session(const Session &session, const ClientOptions &options = {}) { return from_session(session.to_text(), options); }
    /// The same client for one audience: configuration, clock and grants are shared with every handle on it.
    Client for_audience(std::string_view audience) const {
        Client bound{ClientOptions{}};
        bound.max_answer_ = max_answer_;
        bound.covers_ = covers_;
        detail::check(oscar_client_for_audience(get(), audience.data(), audience.size(), bound.client_.put()));
        return bound;
    }

    // The primitives.

    /// Signs a request, or the probe that must go before it. Every error means that nothing was sent.
    SignedRequest sign(const Request &request, const CallOptions &options = {}, Time now_ms = std::nullopt, Time mono_ms = std::nullopt) const {
        SignedRequest made;
        detail::Pack pack;
        pack.request(request).fits(OSCAR_UNSIGNABLE, Known{false});
        const std::string_view body = detail::content(request.body, request.digest);
        detail::check(oscar_client_sign_packed(get(), pack.data(), pack.size(), detail::bytes(body), body.size(), options.bits(),
                                               wall_clock_ms(now_ms), monotonic_clock_ms(mono_ms), made.put(), made.context().put()),
                      Known{false});
        return made;
    }
    /// Judges the answer to a signed request, once; the next is `replayed` and changes nothing. The clocks are those when its head arrived.
    Outcome accept(SignedRequest &request, const Answer &answer, Time received_ms = std::nullopt, Time mono_ms = std::nullopt) const {
        oscar_outcome raw;
        detail::Pack pack;
        pack.answer(answer).proofs(answer.toki, answer.grant);
        const std::string_view body = detail::content(answer.body, answer.digest);
        const oscar_status status = oscar_client_accept_packed(get(), request.context().use(), pack.data(), pack.size(), detail::bytes(body),
                                                               body.size(), wall_clock_ms(received_ms), monotonic_clock_ms(mono_ms), &raw);
        // What fits no field is no answer of this protocol.
        if (pack.failed() && status == OSCAR_BAD_PACKED) raw.status = OSCAR_MALFORMED;
        return Outcome(raw);
    }
    /// `accept` from the head of an HTTP answer: finds toki and grant and makes ext by the configured list.
    Outcome accept_head(SignedRequest &request, int status, const Headers &headers, std::string_view body = {}, Time received_ms = std::nullopt,
                        Time mono_ms = std::nullopt) const {
        oscar_outcome raw;
        detail::Pack pack;
        pack.number(status).headers(headers);
        const oscar_status judged = oscar_client_accept_head(get(), request.context().use(), pack.data(), pack.size(), detail::bytes(body),
                                                             body.size(), wall_clock_ms(received_ms), monotonic_clock_ms(mono_ms), &raw);
        if (pack.failed() && judged == OSCAR_BAD_PACKED) raw.status = OSCAR_MALFORMED;
        return Outcome(raw);
    }
    /// No answer came (no status), or one whose content is over `max_answer`.
    Outcome give_up(SignedRequest &request, std::optional<std::uint16_t> status = std::nullopt) const {
        oscar_outcome raw;
        if (status) oscar_client_accept_too_large(get(), request.context().use(), *status, &raw);
        else oscar_client_accept_none(get(), request.context().use(), &raw);
        return Outcome(raw);
    }
    /// The loop over `sign` and `accept` for one request; covered headers are taken from `headers`. <oscartoki/call.hpp>
    Call call(const Request &request, const Headers &headers = {}, const CallOptions &options = {}) const;
    /// ext of a request's headers by the configured list.
    std::string request_ext(const Headers &headers) const {
        if (!covers_) return {};
        detail::Pack pack;
        pack.headers(headers).fits(OSCAR_UNSIGNABLE, Known{false});
        std::string ext(65535, '\0');
        std::size_t len = 0;
        detail::check(oscar_client_request_ext(get(), pack.data(), pack.size(), reinterpret_cast<std::uint8_t *>(ext.data()), ext.size(), &len),
                      Known{false});
        ext.resize(len);
        return ext;
    }
    /// Whether a probe leaves the header of that name out.
    bool drops_from_probe(std::string_view name) const { return oscar_client_drops_from_probe(get(), name.data(), name.size()) == 1; }

    // The rest.

    /// The client's key id.
    Id kid() const {
        Id kid{};
        detail::check(oscar_client_kid(get(), kid.data()));
        return kid;
    }
    /// How far the service's clock is ahead, as far as answers have told.
    std::optional<std::int64_t> offset_ms() const {
        std::int64_t offset_ms = 0;
        const oscar_status status = oscar_client_offset(get(), &offset_ms);
        if (status == OSCAR_MISSING) return std::nullopt;
        detail::check(status);
        return offset_ms;
    }
    /// An answer with more bytes of content is not read.
    std::int64_t max_answer() const noexcept { return max_answer_; }
    /// A session for one browser or worker, to be used by nobody else.
    Session hand_out(std::int64_t ttl_s = 600, Time now_ms = std::nullopt) const {
        detail::Held<OSCAR_SESSION_MAX_LEN> text;
        detail::check(oscar_client_hand_out(get(), ttl_s, wall_clock_ms(now_ms), text.data(), OSCAR_SESSION_MAX_LEN));
        return Session(text.view());
    }
    /// Clock and newest grant of every audience, for another process of the same client. It holds no key.
    std::string export_state() const {
        oscar_handle state = 0;
        detail::check(oscar_client_export_state(get(), &state));
        return detail::text_of(state);
    }
    /// Takes over what `export_state` wrote.
    void import_state(std::string_view state) const { detail::check(oscar_client_import_state(get(), state.data(), state.size())); }

    /// Signs a message for a queue; its toki goes into the header oscartoki.
    SignedMessage mint_message(const Message &message, std::int64_t ttl_s = 3600, Time now_ms = std::nullopt) const {
        SignedMessage made;
        detail::Pack pack;
        pack.field(message.destination).field(message.type).field(message.ext).digest(message.digest).fits(OSCAR_UNSIGNABLE);
        const std::string_view body = detail::content(message.body, message.digest);
        detail::check(oscar_client_mint_message(get(), pack.data(), pack.size(), detail::bytes(body), body.size(), ttl_s,
                                                wall_clock_ms(now_ms), made.toki_, sizeof made.toki_, made.context_.put()));
        return made;
    }
    /// Presigns a target until `exp_ms`, seven days ahead at most (an hour when absent); returns it with its parameter.
    std::string sign_url(std::string_view authority, std::string_view target, Time exp_ms = std::nullopt, std::string_view method = "GET",
                         std::string_view ext = {}) const {
        detail::Pack pack;
        pack.request(Request{method, authority, target, {}, ext}).fits(OSCAR_UNSIGNABLE);
        std::string made(target.size() + OSCAR_URL_PARAMETER_MAX_LEN, '\0');
        const std::int64_t end = exp_ms ? *exp_ms : wall_clock_ms() + 3'600'000;
        detail::check(oscar_client_sign_url(get(), pack.data(), pack.size(), end, made.data(), made.size()));
        made.resize(made.find('\0'));
        return made;
    }
    /// The ticket that opens one websocket for a connection id of 1 to 255 bytes, bound to the page's Origin unless there is none.
    std::string mint_ticket(std::string_view connection, std::optional<std::string_view> origin = std::nullopt, Time now_ms = std::nullopt) const {
        char ticket[OSCAR_TICKET_MAX_LEN];
        detail::check(oscar_client_mint_ticket(get(), detail::bytes(connection), connection.size(), detail::address(origin), detail::size(origin),
                                               wall_clock_ms(now_ms), ticket, sizeof ticket));
        return ticket;
    }

    /// The handle, for the C API; the client keeps it.
    oscar_handle get() const noexcept { return client_.get(); }

  private:
    struct Settings {
        explicit Settings(const ClientOptions &options) : ext(options.ext), answer_ext(options.answer_ext) {
            oscar_client_settings_init(&raw);
            raw.ext = ext.data();
            raw.ext_len = ext.size();
            raw.answer_ext = answer_ext.data();
            raw.answer_ext_len = answer_ext.size();
            raw.max_answer = options.max_answer;
            raw.generation = options.generation;
            raw.kid = options.kid ? options.kid->data() : nullptr;
            raw.roll_every = options.roll == Roll::every;
            raw.trust_clock = options.trust_clock;
            raw.unsigned_answers = options.answers == Answers::none;
            raw.send_content_digest = options.send_content_digest;
        }

        detail::Names ext, answer_ext;
        oscar_client_settings raw{};
    };

    explicit Client(const ClientOptions &options) : max_answer_(options.max_answer), covers_(!options.ext.empty()) { detail::check_library(); }

    detail::Owned<oscar_client_free> client_;
    std::int64_t max_answer_;
    bool covers_;
};

} // namespace oscartoki

#endif
