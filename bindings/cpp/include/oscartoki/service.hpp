// The side that is asked: `Service::verify` says whether a request may run, `answer` mints the headers of what it is answered.
#ifndef OSCARTOKI_SERVICE_HPP
#define OSCARTOKI_SERVICE_HPP

#include <functional>
#include <iostream>
#include <map>
#include <oscartoki/carried.hpp>
#include <oscartoki/memory.hpp>
#include <oscartoki/verdict.hpp>

namespace oscartoki {

/// How a service is configured.
struct ServiceOptions {
    /// `oa2.` texts, or lines of a key file.
    std::vector<std::string> keys = {};
    /// The names that a request may be sent to.
    std::vector<std::string> authorities = {};
    /// The audience of the keys; the first name when absent.
    std::optional<std::string> audience = std::nullopt;
    /// A ring that the program holds already.
    std::shared_ptr<Keyring> keyring = nullptr;
    /// Key files: a change is in force within two seconds, in every process.
    std::vector<std::string> keys_file = {};
    /// The file of revocations, likewise; one that is not there yet is an empty one.
    std::optional<std::string> revocations_file = std::nullopt;
    /// Without it, a mapped file of this user is used (`MappedReplayLog::default_path`).
    std::shared_ptr<ReplayLog> memory = nullptr;
    /// No earlier process accepted these keys: for a first start, and tests.
    bool first_start = false;
    /// The one name that stands for Host, which is then ignored.
    std::optional<std::string> fixed_authority = std::nullopt;
    /// How old a request may be; equal on all nodes.
    std::int64_t window_ms = 30'000;
    /// The longest life that a grant may have.
    std::int64_t max_ttl_s = 600;
    /// The life of the grants that are made here.
    std::int64_t grant_ttl_s = 600;
    /// The covered headers of requests, in the clients' order.
    std::vector<std::string> ext = {};
    /// The covered headers of answers, in the clients' order.
    std::vector<std::string> answer_ext = {};
    std::int64_t max_body = 1 << 20;
    /// The longest answer that is buffered and digested.
    std::int64_t max_answer = 1 << 20;
    /// Whether the server hides an empty `?` of the target.
    bool empty_query_hidden = false;
    /// Told of a file that is not taken over, once; what was good stays in force.
    std::function<void(const OscarError &)> on_fault = [](const OscarError &fault) { std::clog << "oscartoki: " << fault.what() << std::endl; };
    Time now_ms = std::nullopt;
};

/// The headers of an answer.
class SignedAnswer {
  public:
    /// The header oscartoki.
    std::string_view toki() const noexcept { return raw_.toki; }
    /// The header oscartokikey, where there is a grant.
    std::optional<std::string_view> grant() const noexcept {
        return raw_.grant[0] == 0 ? std::nullopt : std::optional<std::string_view>(raw_.grant);
    }
    /// What to send; the caller adds `Cache-Control: no-store, no-transform`.
    OwnHeaders headers() const {
        OwnHeaders headers = {{"oscartoki", raw_.toki}};
        if (raw_.grant[0] != 0) headers.emplace_back("oscartokikey", raw_.grant);
        return headers;
    }

  private:
    friend class Service;
    SignedAnswer() = default;

    oscar_answered raw_;
};

/// One service: its names, its keys, its replay memory. Used from many threads; the processes of one machine share a mapped memory.
class Service {
  public:
    explicit Service(const ServiceOptions &options)
        : keyring_(ring_of(options)), memory_(options.memory), max_body_(options.max_body), max_answer_(options.max_answer), on_fault_(options.on_fault) {
        std::string fixed;
        for (const std::string &key : options.keys) {
            keyring_->add(key);
            fixed += key + '\n';
        }
        if (!options.keys_file.empty() || options.revocations_file) {
            detail::Pack paths;
            for (const std::string &path : options.keys_file) paths.field(path);
            // Keys that stand in no file go on beside those that do.
            if (options.keys_file.empty()) fixed.clear();
            const std::string revocations = options.revocations_file.value_or("");
            detail::check(oscar_ring_files_open(keyring_->get(), paths.data(), paths.size(), fixed.data(), fixed.size(), revocations.data(),
                                                revocations.size(), files_.put()));
        }
        if (memory_ == nullptr) memory_ = std::make_shared<MappedReplayLog>(MappedReplayLog::default_path(*keyring_));

        const detail::Names authorities(options.authorities), ext(options.ext), answer_ext(options.answer_ext);
        oscar_service_settings settings;
        oscar_service_settings_init(&settings);
        settings.authorities = authorities.data();
        settings.authorities_len = authorities.size();
        settings.fixed_authority = options.fixed_authority ? options.fixed_authority->c_str() : nullptr;
        settings.ext = ext.data();
        settings.ext_len = ext.size();
        settings.answer_ext = answer_ext.data();
        settings.answer_ext_len = answer_ext.size();
        settings.window_ms = options.window_ms;
        settings.max_ttl_s = options.max_ttl_s;
        settings.grant_ttl_s = options.grant_ttl_s;
        settings.max_body = options.max_body;
        settings.max_answer = options.max_answer;
        settings.first_start = options.first_start;
        settings.empty_query_hidden = options.empty_query_hidden;
        detail::check(oscar_service_new(&settings, keyring_->get(), memory_->get(), wall_clock_ms(options.now_ms), service_.put()));
    }

    // The primitives.

    /// Judges one request by its fields. A `Request::digest` stands for Content-Digest and makes the verdict pending.
    Verdict verify(const Request &request, std::optional<std::string_view> toki, std::optional<std::string_view> grant = std::nullopt,
                   Time now_ms = std::nullopt) const {
        refresh();
        detail::Judged judged;
        detail::Pack pack;
        pack.request(request).proofs(toki, grant);
        const std::string_view body = detail::content(request.body, request.digest);
        oscar_service_verify_packed(get(), pack.data(), pack.size(), detail::bytes(body), body.size(), wall_clock_ms(now_ms), judged.put());
        return finished(std::move(judged), pack);
    }
    /// Judges one request by its raw head: what layers call. `authority` is HTTP/2's, where there is one; Host is among the headers.
    Verdict verify_head(std::string_view method, std::string_view target, const Headers &headers, std::string_view body = {},
                        std::string_view authority = {}, Time now_ms = std::nullopt) const {
        refresh();
        detail::Judged judged;
        detail::Pack pack;
        pack.field(method).field(authority).field(target).headers(headers);
        oscar_service_verify_head(get(), pack.data(), pack.size(), detail::bytes(body), body.size(), wall_clock_ms(now_ms), judged.put());
        return finished(std::move(judged), pack);
    }
    /// Whether the body is to be read, at most `max_body` bytes and one more, before `verify_head`.
    bool wants_body(std::string_view method, std::string_view target, const Headers &headers, std::string_view authority = {}) const {
        detail::Pack pack;
        pack.field(method).field(authority).field(target).headers(headers);
        return oscar_service_wants_body(get(), pack.data(), pack.size()) == 1;
    }
    /// Mints the headers of the answer to a request that was verified, or refused with a code; once, the second time is `replayed`.
    SignedAnswer answer(detail::Judged &judged, const Answer &answer, Time now_ms = std::nullopt) const {
        SignedAnswer made;
        detail::Pack pack;
        pack.answer(answer);
        const std::string_view body = detail::content(answer.body, answer.digest);
        const oscar_status status = oscar_service_answer_packed(get(), judged.use(), pack.data(), pack.size(), detail::bytes(body), body.size(),
                                                                wall_clock_ms(now_ms), &made.raw_);
        pack.fits(OSCAR_UNSIGNABLE);
        detail::check(status);
        return made;
    }
    SignedAnswer answer(Verdict &verdict, const Answer &answer, Time now_ms = std::nullopt) const {
        return this->answer(verdict.judged(), answer, now_ms);
    }
    /// `answer` from the answer's head, whose configured headers are covered. No body: a stream, which is then not covered.
    SignedAnswer answer_head(detail::Judged &judged, int status, const Headers &headers, std::string_view body = {},
                             Time now_ms = std::nullopt) const {
        SignedAnswer made;
        detail::Pack pack;
        pack.number(status).headers(headers);
        const oscar_status minted = oscar_service_answer_head(get(), judged.use(), pack.data(), pack.size(), detail::bytes(body), body.size(),
                                                              wall_clock_ms(now_ms), &made.raw_);
        pack.fits(OSCAR_UNSIGNABLE);
        detail::check(minted);
        return made;
    }
    SignedAnswer answer_head(Verdict &verdict, int status, const Headers &headers, std::string_view body = {}, Time now_ms = std::nullopt) const {
        return answer_head(verdict.judged(), status, headers, body, now_ms);
    }

    // What travels elsewhere.

    /// Verifies a message of a queue. `max_ttl_s`: the longest life that this consumer takes.
    VerifiedMessage verify_message(const Message &message, std::optional<std::string_view> toki, const MessageMemory *memory = nullptr,
                                   std::int64_t max_ttl_s = 86'400, Time now_ms = std::nullopt) const {
        refresh();
        oscar_verified_message raw;
        detail::Pack pack;
        pack.field(message.destination).field(message.type).field(message.ext).digest(message.digest).optional(toki).fits(OSCAR_MALFORMED);
        const std::string_view body = detail::content(message.body, message.digest);
        detail::check(oscar_service_verify_message(get(), pack.data(), pack.size(), detail::bytes(body), body.size(),
                                                   memory == nullptr ? 0 : memory->get(), max_ttl_s, wall_clock_ms(now_ms), &raw));
        return VerifiedMessage(raw);
    }
    /// Verifies a presigned target, given with its parameter. `toki`: the header, which beside a URL is malformed.
    VerifiedUrl verify_url(std::string_view method, std::string_view authority, std::string_view target, std::string_view ext = {},
                           std::optional<std::string_view> toki = std::nullopt, Time now_ms = std::nullopt) const {
        refresh();
        oscar_verified_url raw;
        detail::Pack pack;
        pack.request(Request{method, authority, target, {}, ext}).optional(toki).fits(OSCAR_MALFORMED);
        detail::check(oscar_service_verify_url(get(), pack.data(), pack.size(), wall_clock_ms(now_ms), &raw));
        return VerifiedUrl(raw, target);
    }
    /// Verifies a presigned request by its raw head, as `verify_head` is given it.
    VerifiedUrl verify_url_head(std::string_view method, std::string_view target, const Headers &headers, std::string_view authority = {},
                                Time now_ms = std::nullopt) const {
        refresh();
        oscar_verified_url raw;
        detail::Pack pack;
        pack.field(method).field(authority).field(target).headers(headers).fits(OSCAR_MALFORMED);
        detail::check(oscar_service_verify_url_head(get(), pack.data(), pack.size(), wall_clock_ms(now_ms), &raw));
        return VerifiedUrl(raw, target);
    }
    /// Verifies a websocket ticket and spends it. `require_origin` demands that one is bound.
    VerifiedTicket verify_ticket(std::optional<std::string_view> ticket, std::optional<std::string_view> origin = std::nullopt,
                                 bool require_origin = false, Time now_ms = std::nullopt) const {
        refresh();
        oscar_verified_ticket raw;
        detail::check(oscar_service_verify_ticket(get(), detail::address(ticket), detail::size(ticket), detail::address(origin),
                                                  detail::size(origin), require_origin, wall_clock_ms(now_ms), &raw));
        return VerifiedTicket(raw);
    }

    // Revoking: in this process at once and, through the file of revocations, in every other within two seconds.

    void revoke_key(const Id &kid) const { file(keyring_->revoke_key(kid)); }
    void revoke_session(const Id &kid, const Id &sid) const { file(keyring_->revoke_session(kid, sid)); }
    /// Revokes the sessions of a kid that were issued before a second; one issued at it is good.
    void revoke_issued_before(const Id &kid, std::int64_t before_s) const { file(keyring_->revoke_issued_before(kid, before_s)); }

    // Its state.

    /// When it is ready; before that, everything is refused as stale.
    std::int64_t ready_at_ms() const {
        std::int64_t at = 0;
        detail::check(oscar_service_ready_at(get(), &at));
        return at;
    }
    /// At and below this time nothing is accepted.
    std::int64_t floor_ms() const {
        std::int64_t floor = 0;
        detail::check(oscar_service_floor(get(), &floor));
        return floor;
    }
    /// What happened so far: accepted, unremembered, v1_accepted, and refused_ with each name.
    std::map<std::string, std::int64_t> counters() const {
        oscar_counters raw;
        detail::check(oscar_service_counters(get(), &raw));
        std::map<std::string, std::int64_t> named = {
            {"accepted", raw.accepted}, {"unremembered", raw.unremembered}, {"v1_accepted", raw.v1_accepted}};
        for (int status = 1; status <= OSCAR_REFLECTED; status++) named[std::string("refused_") + oscar_error_name(status)] = raw.refused[status];
        return named;
    }
    /// Its keys, as its files say now.
    const Keyring &keyring() const {
        refresh();
        return *keyring_;
    }
    const ReplayLog &memory() const noexcept { return *memory_; }
    std::int64_t max_body() const noexcept { return max_body_; }
    std::int64_t max_answer() const noexcept { return max_answer_; }

    /// The handle, for the C API; the service keeps it.
    oscar_handle get() const noexcept { return service_.get(); }

  private:
    static std::shared_ptr<Keyring> ring_of(const ServiceOptions &options) {
        if (options.keyring != nullptr) return options.keyring;
        if (options.audience) return std::make_shared<Keyring>(*options.audience);
        const std::string first = options.authorities.empty() ? options.fixed_authority.value_or("") : options.authorities.front();
        return std::make_shared<Keyring>(normalise_authority(first));
    }

    /// The files behind the ring: a look at the clock, and every 400 ms one at the files.
    void refresh() const {
        if (files_.get() == 0) return;
        const oscar_status status = oscar_ring_files_refresh(files_.get());
        if (status != OSCAR_OK && on_fault_) on_fault_(OscarError(status, oscar_last_detail()));
    }
    void file(const std::string &line) const {
        if (files_.get() != 0) detail::check(oscar_ring_files_append(files_.get(), line.data(), line.size()));
    }
    static Verdict finished(detail::Judged &&judged, const detail::Pack &pack) {
        if (pack.failed() && judged.raw().status == OSCAR_BAD_PACKED) {
            judged.put()->status = OSCAR_MALFORMED;
            judged.put()->http_status = 400;
        }
        return detail::verdict_of(std::move(judged));
    }

    std::shared_ptr<Keyring> keyring_;
    std::shared_ptr<ReplayLog> memory_;
    std::int64_t max_body_, max_answer_;
    std::function<void(const OscarError &)> on_fault_;
    detail::Owned<oscar_ring_files_free> files_;
    detail::Owned<oscar_service_free> service_;
};

} // namespace oscartoki

#endif
