// HTTP with libcurl: every request signed, every answer accepted. Link libcurl beside liboscartoki.
#ifndef OSCARTOKI_CURL_HPP
#define OSCARTOKI_CURL_HPP

#include <curl/curl.h>

#include <memory>
#include <oscartoki/call.hpp>

namespace oscartoki::curl {

/// No answer came.
class NetworkError : public std::runtime_error {
  public:
    NetworkError(CURLcode code, bool may_have_run) : std::runtime_error(curl_easy_strerror(code)), code_(code), may_have_run_(may_have_run) {}

    CURLcode code() const noexcept { return code_; }
    /// False only where it is certain that the request had no effect.
    bool may_have_run() const noexcept { return may_have_run_; }

  private:
    CURLcode code_;
    bool may_have_run_;
};

/// What came over the wire.
struct Received {
    int status = 0;
    OwnHeaders headers;
    std::string body;

    /// The first header of a name, whatever its case.
    std::optional<std::string_view> header(std::string_view name) const {
        for (const auto &[given, value] : headers)
            if (given.size() == name.size() && curl_strnequal(given.data(), name.data(), name.size())) return value;
        return std::nullopt;
    }
};

/// An answer that was accepted.
struct Response : Received {
    /// What became of the request.
    Outcome outcome;
    /// How many requests went out, the probe included.
    unsigned requests = 0;
    bool probed = false, resent = false, in_session = false;
};

/// A URL as it goes over the wire: nothing is decoded or normalised.
struct Address {
    std::string authority, target;

    /// Cuts `http(s)://authority/target`; without a path the target is `/`. A fragment is never sent: `unsignable`.
    explicit Address(std::string_view url) {
        const std::size_t scheme = url.find("://");
        if (scheme == std::string_view::npos) throw errors::Unsignable("a URL begins with http:// or https://", Known{false});
        if (url.find('#') != std::string_view::npos) throw errors::Unsignable("a URL with a fragment", Known{false});
        const std::string_view rest = url.substr(scheme + 3);
        const std::size_t end = std::min(rest.find_first_of("/?"), rest.size());
        authority = rest.substr(0, end);
        target = end < rest.size() && rest[end] == '/' ? std::string(rest.substr(end)) : '/' + std::string(rest.substr(end));
    }
};

/// One connection's worth of HTTP for a client; one thread at a time, so each thread makes its own. Redirects are not followed, and nothing is
/// resent behind the protocol's back.
class Http {
  public:
    /// The client stays the caller's. `wall_ms` is its wall clock, the machine's when absent.
    explicit Http(const Client &client, std::function<std::int64_t()> wall_ms = {}) : client_(&client), wall_ms_(std::move(wall_ms)) {
        static const CURLcode ready = curl_global_init(CURL_GLOBAL_DEFAULT);
        if (ready != CURLE_OK || easy_ == nullptr) throw NetworkError(CURLE_FAILED_INIT, false);
    }

    explicit Http(const Client &&, std::function<std::int64_t()> = {}) = delete;

    /// Sends a request by the rules of the protocol: probe, request, resend. Throws `OscarError` or `NetworkError`, both of which say whether it
    /// may have run.
    Response request(std::string_view method, const std::string &url, std::string_view body = {}, const Headers &headers = {},
                     const CallOptions &options = {}) {
        const Address address(url);
        const Call call = client_->call(Request{method, address.authority, address.target, body}, headers, options);
        Response response;
        CURLcode sent = CURLE_OK;
        for (;;) {
            Step step = call.next(now(), monotonic_clock_ms());
            if (step.kind() != Step::Kind::send) {
                if (sent != CURLE_OK && !too_large_) throw NetworkError(sent, step.outcome().may_have_run());
                step.outcome().throw_for_refusal();
                response.outcome = step.outcome();
                response.requests = step.requests();
                response.probed = step.probed();
                response.resent = step.resent();
                response.in_session = step.in_session();
                return response;
            }
            List list;
            for (const auto &[name, value] : headers)
                if (!step.is_probe() || !client_->drops_from_probe(name)) list.add(name, value);
            for (const auto &[name, value] : step.headers()) list.add(name, value);
            sent = send(step.method(), url, address.target, step.is_probe() ? std::string_view() : body, list, response);
            if (too_large_) call.too_large(static_cast<std::uint16_t>(response.status));
            else if (sent != CURLE_OK) call.failed();
            else call.received(response.status, views(response.headers), response.body, received_ms_, mono_ms_);
        }
    }

    /// Sends to one URL as it is told, for `v1::Client::request`.
    auto sender(std::string url, std::string body = {}, OwnHeaders headers = {}) {
        return [this, url = std::move(url), body = std::move(body), headers = std::move(headers)](std::string_view method, const OwnHeaders &ours,
                                                                                                  bool with_body) {
            Received received;
            List list;
            for (const auto &[name, value] : headers) list.add(name, value);
            for (const auto &[name, value] : ours) list.add(name, value);
            const CURLcode sent = send(method, url, Address(url).target, with_body ? std::string_view(body) : std::string_view(), list, received);
            if (sent != CURLE_OK) throw NetworkError(sent, true);
            return received;
        };
    }

    /// Called with the easy handle before each request, for what an application sets itself: TLS, proxy, timeouts.
    std::function<void(CURL *)> configure;

  private:
    struct Cleanup {
        void operator()(CURL *easy) const noexcept { curl_easy_cleanup(easy); }
    };

    class List {
      public:
        List() = default;
        List(const List &) = delete;
        List &operator=(const List &) = delete;
        ~List() { curl_slist_free_all(list_); }
        void add(std::string_view name, std::string_view value) {
            // libcurl takes a name without a value as one that is not to be sent; a semicolon sends it empty.
            line(std::string(name) + (value.empty() ? ";" : ": " + std::string(value)));
        }
        /// Leaves out what libcurl sends by itself.
        void none(std::string_view name) { line(std::string(name) + ":"); }
        bool has(std::string_view name) const {
            for (const curl_slist *at = list_; at != nullptr; at = at->next)
                if (curl_strnequal(at->data, name.data(), name.size()) && (at->data[name.size()] == ':' || at->data[name.size()] == ';')) return true;
            return false;
        }
        curl_slist *get() const noexcept { return list_; }

      private:
        void line(const std::string &line) {
            curl_slist *longer = curl_slist_append(list_, line.c_str());
            if (longer == nullptr) throw std::bad_alloc();
            list_ = longer;
        }

        curl_slist *list_ = nullptr;
    };

    static Headers views(const OwnHeaders &headers) { return Headers(headers.begin(), headers.end()); }

    std::int64_t now() const { return wall_ms_ ? wall_ms_() : wall_clock_ms(); }

    CURLcode send(std::string_view method, const std::string &url, const std::string &target, std::string_view body, List &list,
                  Received &received) {
        const std::string verb(method);
        received = Received();
        received_ = &received;
        too_large_ = head_done_ = false;
        curl_easy_reset(easy_.get());
        set(CURLOPT_NOSIGNAL, 1L);
        set(CURLOPT_TIMEOUT, 60L);
        if (configure) configure(easy_.get());
        set(CURLOPT_URL, url.c_str());
        set(CURLOPT_REQUEST_TARGET, target.c_str());
        set(CURLOPT_PATH_AS_IS, 1L);
        set(CURLOPT_FOLLOWLOCATION, 0L);
        // libcurl sends a request again when a kept connection turns out to be dead.
        set(CURLOPT_FRESH_CONNECT, 1L);
        list.none("Expect");
        if (verb == "HEAD") {
            set(CURLOPT_NOBODY, 1L);
        } else {
            if (!body.empty() || verb == "POST" || verb == "PUT" || verb == "PATCH") {
                if (!list.has("content-type")) list.none("Content-Type");
                set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
                set(CURLOPT_POSTFIELDS, body.empty() ? "" : body.data());
            }
            set(CURLOPT_CUSTOMREQUEST, verb.c_str());
        }
        set(CURLOPT_HTTPHEADER, list.get());
        set(CURLOPT_HEADERFUNCTION, on_header);
        set(CURLOPT_HEADERDATA, static_cast<void *>(this));
        set(CURLOPT_WRITEFUNCTION, on_body);
        set(CURLOPT_WRITEDATA, static_cast<void *>(this));
        return curl_easy_perform(easy_.get());
    }

    template <class Setting> void set(CURLoption option, Setting setting) { curl_easy_setopt(easy_.get(), option, setting); }

    static std::size_t on_header(char *line, std::size_t size, std::size_t count, void *self) {
        Http &http = *static_cast<Http *>(self);
        std::string_view text(line, size * count);
        if (text.substr(0, 5) == "HTTP/") { // a status line: what came before was an interim answer
            const std::size_t space = text.find(' ');
            http.head_done_ = false;
            http.received_->headers.clear();
            http.received_->status = space == std::string_view::npos ? 0 : std::atoi(std::string(text.substr(space + 1, 3)).c_str());
            return size * count;
        }
        // Fields behind the content are no headers.
        if (http.head_done_) return size * count;
        http.received_ms_ = http.now();
        http.mono_ms_ = monotonic_clock_ms();
        const std::size_t end = text.find_last_not_of("\r\n \t");
        if (end == std::string_view::npos) {
            http.head_done_ = true;
            return size * count;
        }
        text = text.substr(0, end + 1);
        const std::size_t colon = text.find(':');
        if (colon == std::string_view::npos) return size * count;
        const std::size_t start = text.find_first_not_of(" \t", colon + 1);
        http.received_->headers.emplace_back(text.substr(0, colon), start == std::string_view::npos ? std::string_view() : text.substr(start));
        return size * count;
    }

    static std::size_t on_body(char *chunk, std::size_t size, std::size_t count, void *self) {
        Http &http = *static_cast<Http *>(self);
        std::string &body = http.received_->body;
        if (body.size() + size * count > static_cast<std::size_t>(http.client_->max_answer())) {
            http.too_large_ = true;
            return 0; // ends the transfer
        }
        body.append(chunk, size * count);
        return size * count;
    }

    const Client *client_;
    std::function<std::int64_t()> wall_ms_;
    std::unique_ptr<CURL, Cleanup> easy_{curl_easy_init()};
    Received *received_ = nullptr;
    bool too_large_ = false, head_done_ = false;
    std::int64_t received_ms_ = 0, mono_ms_ = 0;
};

} // namespace oscartoki::curl

#endif
