// For development: what altered a request whose MAC does not fit.
#ifndef OSCARTOKI_EXPLAIN_HPP
#define OSCARTOKI_EXPLAIN_HPP

#include <oscartoki/keys.hpp>

namespace oscartoki {

/// What is different between a request as it arrived and as it was signed, in a sentence; nothing when its toki is good or nothing usual explains
/// it. `keys` by a label each, the service's own first. For development, never for an answer.
inline std::optional<std::string> explain(const std::vector<std::pair<std::string, AudienceKey>> &keys, const Request &request,
                                          std::optional<std::string_view> toki, std::optional<std::string_view> grant = std::nullopt) {
    detail::Pack at_hand, pack;
    for (const auto &[label, key] : keys) at_hand.field(label).field(key.to_text());
    pack.request(request).proofs(toki, grant).fits(OSCAR_MALFORMED);
    const std::string_view body = detail::content(request.body, request.digest);
    oscar_handle told = 0;
    detail::check(oscar_explain(at_hand.data(), at_hand.size(), pack.data(), pack.size(), detail::bytes(body), body.size(), &told));
    if (told == 0) return std::nullopt;
    return detail::text_of(told);
}

} // namespace oscartoki

#endif
