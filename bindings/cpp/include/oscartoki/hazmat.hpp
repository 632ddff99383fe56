// Deterministic twins: the caller gives what must otherwise be random or the clock's. For vectors, tests and tools; a nonce that is used twice
// breaks the protocol.
#ifndef OSCARTOKI_HAZMAT_HPP
#define OSCARTOKI_HAZMAT_HPP

#include <oscartoki/client.hpp>

namespace oscartoki::hazmat {

/// The toki of a request, in the session of `grant` when there is one.
inline std::string mint_request(const AudienceKey &key, const Request &request, std::int64_t ts_ms, const Id &nonce, bool want = false,
                                std::optional<std::string_view> grant = std::nullopt) {
    char out[OSCAR_TOKI_MAX_LEN];
    detail::Pack pack;
    pack.request(request).fits(OSCAR_UNSIGNABLE);
    const std::string_view body = detail::content(request.body, request.digest);
    const std::string text = key.to_text();
    detail::check(oscar_hazmat_mint_request(text.data(), text.size(), detail::address(grant), detail::size(grant), pack.data(), pack.size(),
                                            detail::bytes(body), body.size(), ts_ms, nonce.data(), want, out, sizeof out));
    return out;
}

/// The grant that answers a request's toki.
inline std::string mint_grant(const AudienceKey &key, std::string_view request_toki, const Id &sid, std::int64_t exp_s, std::int64_t ttl_s) {
    char out[OSCAR_GRANT_MAX_LEN];
    const std::string text = key.to_text();
    detail::check(oscar_hazmat_mint_grant(text.data(), text.size(), request_toki.data(), request_toki.size(), sid.data(), exp_s, ttl_s, out,
                                          sizeof out));
    return out;
}

/// The toki of an answer; `Answer::grant` is the one that is attached.
inline std::string mint_answer(const AudienceKey &key, std::string_view request_toki, const Answer &answer, int code, std::int64_t ts_ms,
                               std::optional<std::string_view> session_grant = std::nullopt) {
    char out[OSCAR_TOKI_MAX_LEN];
    detail::Pack pack;
    pack.answer(answer).optional(answer.grant).fits(OSCAR_UNSIGNABLE);
    const std::string_view body = detail::content(answer.body, answer.digest);
    const std::string text = key.to_text();
    detail::check(oscar_hazmat_mint_answer(text.data(), text.size(), detail::address(session_grant), detail::size(session_grant),
                                           request_toki.data(), request_toki.size(), code, ts_ms, pack.data(), pack.size(), detail::bytes(body),
                                           body.size(), out, sizeof out));
    return out;
}

/// What an answer says to who holds the key.
struct Judged : Outcome {
    using Outcome::Outcome;
    /// The service's clock, in milliseconds.
    std::int64_t ts_ms = 0;
};

/// Judges an answer to a request that some other client of the key signed; throws what makes it not authentic.
inline Judged accept(const AudienceKey &key, std::string_view request_toki, const Answer &answer,
                     std::optional<std::string_view> session_grant = std::nullopt) {
    oscar_outcome raw;
    detail::Pack pack;
    pack.answer(answer).proofs(answer.toki, answer.grant).fits(OSCAR_MALFORMED);
    const std::string_view body = detail::content(answer.body, answer.digest);
    const std::string text = key.to_text();
    const oscar_status status =
        oscar_hazmat_accept(text.data(), text.size(), detail::address(session_grant), detail::size(session_grant), request_toki.data(),
                            request_toki.size(), pack.data(), pack.size(), detail::bytes(body), body.size(), &raw);
    if (raw.authentic == 0) detail::check(status == OSCAR_OK ? OSCAR_INTERNAL : status);
    Judged judged(raw);
    oscar_answer_claims claims;
    detail::check(oscar_answer_toki_parse(answer.toki->data(), answer.toki->size(), &claims));
    judged.ts_ms = claims.ts_ms;
    return judged;
}

/// The toki of a message.
inline std::string mint_message(const AudienceKey &key, const Message &message, std::int64_t ts_ms, const Id &nonce, std::int64_t ttl_s) {
    char out[OSCAR_MESSAGE_TOKI_MAX_LEN];
    detail::Pack pack;
    pack.field(message.destination).field(message.type).field(message.ext).digest(message.digest).fits(OSCAR_UNSIGNABLE);
    const std::string_view body = detail::content(message.body, message.digest);
    const std::string text = key.to_text();
    detail::check(oscar_hazmat_mint_message(text.data(), text.size(), pack.data(), pack.size(), detail::bytes(body), body.size(), ts_ms,
                                            nonce.data(), ttl_s, out, sizeof out));
    return out;
}

/// A presigned target.
inline std::string mint_url(const AudienceKey &key, std::string_view method, std::string_view authority, std::string_view target,
                            std::int64_t exp_ms, std::string_view ext = {}) {
    detail::Pack pack;
    pack.request(Request{method, authority, target, {}, ext}).fits(OSCAR_UNSIGNABLE);
    std::string made(target.size() + OSCAR_URL_PARAMETER_MAX_LEN, '\0');
    const std::string text = key.to_text();
    detail::check(oscar_hazmat_mint_url(text.data(), text.size(), pack.data(), pack.size(), exp_ms, made.data(), made.size()));
    made.resize(made.find('\0'));
    return made;
}

/// A websocket ticket.
inline std::string mint_ticket(const AudienceKey &key, std::string_view connection, std::int64_t ts_ms, const Id &nonce,
                               std::optional<std::string_view> origin = std::nullopt) {
    char out[OSCAR_TICKET_MAX_LEN];
    const std::string text = key.to_text();
    detail::check(oscar_hazmat_mint_ticket(text.data(), text.size(), detail::bytes(connection), connection.size(), detail::address(origin),
                                           detail::size(origin), ts_ms, nonce.data(), out, sizeof out));
    return out;
}

/// `Client::sign` with a nonce that the caller gives; `Client::accept` judges its answer.
inline SignedRequest sign(const Client &client, const Request &request, const Id &nonce, std::int64_t now_ms, const CallOptions &options = {},
                          std::int64_t mono_ms = 0) {
    SignedRequest made;
    detail::Pack pack;
    pack.request(request).fits(OSCAR_UNSIGNABLE, Known{false});
    const std::string_view body = detail::content(request.body, request.digest);
    detail::check(oscar_hazmat_client_sign(client.get(), pack.data(), pack.size(), detail::bytes(body), body.size(), options.bits(), now_ms,
                                           mono_ms, nonce.data(), made.put(), made.context().put()),
                  Known{false});
    return made;
}

/// Key material: the 32 bytes of an audience key.
inline Digest expose(const AudienceKey &key) {
    Id kid{};
    Digest raw{};
    const std::string text = key.to_text();
    detail::check(oscar_audience_key_read(text.data(), text.size(), kid.data(), raw.data()));
    return raw;
}

} // namespace oscartoki::hazmat

#endif
