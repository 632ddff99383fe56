// A service with libmicrohttpd: every request verified, every answer signed. Link libmicrohttpd beside liboscartoki.
#ifndef OSCARTOKI_MICROHTTPD_HPP
#define OSCARTOKI_MICROHTTPD_HPP

#include <arpa/inet.h>
#include <microhttpd.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <oscartoki/service.hpp>
#include <system_error>

namespace oscartoki::microhttpd {

/// A request that was verified, as the application sees it.
struct Incoming {
    const VerifiedRequest &verified;
    std::string_view method;
    /// Path and query as they stood on the wire.
    std::string_view target;
    const OwnHeaders &headers;
    std::string_view body;

    /// The path alone.
    std::string_view path() const { return target.substr(0, target.find('?')); }
};

/// What the application answers.
struct Reply {
    int status = 200;
    std::string body = {};
    OwnHeaders headers = {};
};

/// The application: called from several threads; an exception is a 500.
using Handler = std::function<Reply(const Incoming &)>;

/// A socket that listens. Made before a fork, all children serve it.
class Listener {
  public:
    /// `HOST:PORT`; port 0 takes a free one. An IPv6 host stands in brackets.
    explicit Listener(const std::string &address) {
        const std::size_t colon = address.rfind(':');
        if (colon == std::string::npos) throw std::invalid_argument("an address is HOST:PORT");
        std::string host = address.substr(0, colon);
        const std::string port = address.substr(colon + 1);
        host_ = host;
        if (host.size() > 1 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
        addrinfo wanted{}, *found = nullptr;
        wanted.ai_socktype = SOCK_STREAM;
        wanted.ai_flags = AI_PASSIVE;
        const int resolved = getaddrinfo(host.empty() ? nullptr : host.c_str(), port.c_str(), &wanted, &found);
        if (resolved != 0) throw std::runtime_error(address + ": " + gai_strerror(resolved));
        const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> first(found, freeaddrinfo);
        const int on = 1;
        socket_ = socket(first->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (socket_ < 0 || setsockopt(socket_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
            bind(socket_, first->ai_addr, first->ai_addrlen) != 0 || listen(socket_, 1024) != 0) {
            const int why = errno;
            if (socket_ >= 0) close(socket_);
            throw std::system_error(why, std::generic_category(), address);
        }
    }
    Listener(const Listener &) = delete;
    Listener &operator=(const Listener &) = delete;
    ~Listener() { close(socket_); }

    int get() const noexcept { return socket_; }
    /// `HOST:PORT` with the port that it has.
    std::string address() const {
        sockaddr_storage bound{};
        socklen_t len = sizeof bound;
        getsockname(socket_, reinterpret_cast<sockaddr *>(&bound), &len);
        const in_port_t port = bound.ss_family == AF_INET6 ? reinterpret_cast<sockaddr_in6 *>(&bound)->sin6_port
                                                           : reinterpret_cast<sockaddr_in *>(&bound)->sin_port;
        return host_ + ':' + std::to_string(ntohs(port));
    }

  private:
    std::string host_;
    int socket_ = -1;
};

/// Serves until it goes. Verifies every request before the handler sees it, and signs every answer.
class Server {
  public:
    /// Service and listener stay the caller's.
    Server(const Service &service, const Listener &listener, Handler handler, unsigned threads = 4)
        : service_(service), handler_(std::move(handler)) {
        // The daemon closes its socket in the end.
        const int own = dup(listener.get());
        if (own < 0) throw std::system_error(errno, std::generic_category(), "dup");
        daemon_ = MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_AUTO, 0, nullptr, nullptr, on_request, this, MHD_OPTION_LISTEN_SOCKET,
                                   own, MHD_OPTION_URI_LOG_CALLBACK, on_target, this, MHD_OPTION_NOTIFY_COMPLETED, on_end, this,
                                   MHD_OPTION_THREAD_POOL_SIZE, threads, MHD_OPTION_CONNECTION_TIMEOUT, 60u, MHD_OPTION_END);
        if (daemon_ == nullptr) {
            close(own);
            throw std::runtime_error("libmicrohttpd does not start");
        }
    }
    Server(const Server &) = delete;
    Server &operator=(const Server &) = delete;
    /// Requests in flight are finished.
    ~Server() { MHD_stop_daemon(daemon_); }

  private:
    /// A request on its way in.
    struct Exchange {
        /// Raw, as libmicrohttpd's log callback sees it: its `url` is decoded already.
        std::string target;
        std::string method, body;
        OwnHeaders headers;
        std::optional<Verdict> verdict;
        bool begun = false;

        Headers views() const { return Headers(headers.begin(), headers.end()); }
    };

    static void *on_target(void *, const char *target, MHD_Connection *) noexcept {
        try {
            auto exchange = std::make_unique<Exchange>();
            exchange->target = target;
            return exchange.release();
        } catch (...) {
            return nullptr;
        }
    }

    static void on_end(void *, MHD_Connection *, void **state, MHD_RequestTerminationCode) noexcept {
        delete static_cast<Exchange *>(*state);
        *state = nullptr;
    }

    static MHD_Result on_header(void *headers, MHD_ValueKind, const char *name, const char *value) noexcept {
        try {
            static_cast<OwnHeaders *>(headers)->emplace_back(name, value == nullptr ? "" : value);
            return MHD_YES;
        } catch (...) {
            return MHD_NO;
        }
    }

    static MHD_Result on_request(void *self, MHD_Connection *connection, const char *, const char *method, const char *, const char *chunk,
                                 size_t *chunk_len, void **state) noexcept {
        auto *exchange = static_cast<Exchange *>(*state);
        if (exchange == nullptr) return MHD_NO;
        try {
            return static_cast<Server *>(self)->take(connection, *exchange, method, chunk, chunk_len);
        } catch (...) {
            return MHD_NO;
        }
    }

    MHD_Result take(MHD_Connection *connection, Exchange &in, const char *method, const char *chunk, size_t *chunk_len) {
        if (!in.begun) { // the head is here, the body is not
            in.begun = true;
            in.method = method;
            MHD_get_connection_values(connection, MHD_HEADER_KIND, on_header, &in.headers);
            if (!service_.wants_body(in.method, in.target, in.views())) in.verdict = service_.verify_head(in.method, in.target, in.views());
            return MHD_YES;
        }
        const auto limit = static_cast<std::size_t>(service_.max_body()) + 1;
        if (*chunk_len > 0) { // at most the limit and one byte more is kept; all of it is taken off the wire
            in.body.append(chunk, std::min(*chunk_len, limit - in.body.size()));
            *chunk_len = 0;
            return MHD_YES;
        }
        if (!in.verdict) in.verdict = service_.verify_head(in.method, in.target, in.views(), in.body);
        if (auto *pending = in.verdict->pending()) in.verdict = in.body.size() == limit ? pending->too_large() : pending->finish(in.body);
        return send(connection, answer(in));
    }

    /// The answer to what was judged, with its headers.
    Reply answer(Exchange &in) const {
        Verdict &verdict = *in.verdict;
        Reply reply;
        if (auto *handshake = verdict.handshake()) {
            auto [toki, body] = handshake->reply();
            return {200, body, {{"oscartoki", toki}, {"Content-Type", "application/json"}, {"Cache-Control", "no-store, no-transform"}}};
        }
        if (const Refusal *refusal = verdict.refusal()) {
            reply.status = refusal->status();
            if (refusal->www_authenticate()) reply.headers.emplace_back("WWW-Authenticate", "oscartoki");
            if (!refusal->is_signed()) {
                reply.headers.emplace_back("oscartoki-error", refusal->name());
                reply.body = in.method == "HEAD" ? std::string() : refusal->body();
                if (!reply.body.empty()) reply.headers.emplace_back("Content-Type", "application/json");
                return reply;
            }
        } else {
            try {
                reply = handler_(Incoming{*verdict.verified(), in.method, in.target, in.headers, in.body});
            } catch (const std::exception &) {
                reply = {500, {}, {}};
            }
        }
        reply.headers.emplace_back("Cache-Control", "no-store, no-transform");
        const std::string_view body = in.method == "HEAD" || reply.status == 204 || reply.status == 304 ? std::string_view() : reply.body;
        const SignedAnswer signed_answer = service_.answer_head(verdict, reply.status, Headers(reply.headers.begin(), reply.headers.end()), body);
        for (auto &header : signed_answer.headers()) reply.headers.push_back(std::move(header));
        return reply;
    }

    static MHD_Result send(MHD_Connection *connection, const Reply &reply) {
        const std::unique_ptr<MHD_Response, decltype(&MHD_destroy_response)> response(
            MHD_create_response_from_buffer(reply.body.size(), const_cast<char *>(reply.body.data()), MHD_RESPMEM_MUST_COPY), MHD_destroy_response);
        if (response == nullptr) return MHD_NO;
        for (const auto &[name, value] : reply.headers) MHD_add_response_header(response.get(), name.c_str(), value.c_str());
        return MHD_queue_response(connection, static_cast<unsigned>(reply.status), response.get());
    }

    const Service &service_;
    Handler handler_;
    MHD_Daemon *daemon_ = nullptr;
};

} // namespace oscartoki::microhttpd

#endif
