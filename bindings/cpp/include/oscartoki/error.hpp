// The errors of the protocol: one class for each name, the same names in every language.
#ifndef OSCARTOKI_ERROR_HPP
#define OSCARTOKI_ERROR_HPP

#include <oscartoki.h>

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

/// The version of these headers; the library must be of the same.
#ifndef OSCARTOKI_HPP_VERSION
#define OSCARTOKI_HPP_VERSION "0.1.0"
#endif

namespace oscartoki {

/// What is known of the request that an error belongs to.
struct Known {
    /// A client's: false only where it is certain that the request had no effect; nothing outside of a call.
    std::optional<bool> may_have_run = std::nullopt;
    /// A client's: whether the answer was authentic.
    bool is_signed = false;
    /// The HTTP status: of the answer that a client got, or the one that a service refuses with.
    std::optional<int> status = std::nullopt;
};

/// What this protocol refuses, by its stable name; wrong use of the library, and a file that can't be used, as well.
class OscarError : public std::runtime_error {
  public:
    OscarError(oscar_status number, const std::string &sentence, const Known &known = {})
        : std::runtime_error(std::string(named(number)) + ": " + (sentence.empty() ? oscar_status_message(number) : sentence)),
          number_(number), known_(known) {}

    /// The stable name, the same in every language, such as "stale".
    std::string_view name() const noexcept { return named(number_); }
    /// False only where it is certain that the request had no effect; nothing outside of a call.
    std::optional<bool> may_have_run() const noexcept { return known_.may_have_run; }
    /// Whether the answer was authentic.
    bool is_signed() const noexcept { return known_.is_signed; }
    /// The HTTP status, where there is one.
    std::optional<int> status() const noexcept { return known_.status; }
    /// The number of the name in the C header.
    oscar_status number() const noexcept { return number_; }

  private:
    static const char *named(oscar_status number) noexcept {
        const char *name = oscar_error_name(number);
        return name == nullptr ? "internal" : name;
    }

    oscar_status number_;
    Known known_;
};

namespace errors {

/// The error of one name.
template <oscar_status Number> class Of : public OscarError {
  public:
    explicit Of(const std::string &sentence = "", const Known &known = {}) : OscarError(Number, sentence, known) {}
};

/// Not in the one allowed form.
using Malformed = Of<OSCAR_MALFORMED>;
/// No toki where one is needed.
using Missing = Of<OSCAR_MISSING>;
/// A field that cannot be signed.
using Unsignable = Of<OSCAR_UNSIGNABLE>;
/// A name that is not this service's.
using UnknownAuthority = Of<OSCAR_UNKNOWN_AUTHORITY>;
/// The key id is not held here.
using UnknownKey = Of<OSCAR_UNKNOWN_KEY>;
/// Not authentic.
using BadMac = Of<OSCAR_BAD_MAC>;
/// Outside the window, or at or below the floor.
using Stale = Of<OSCAR_STALE>;
/// Seen before.
using Replayed = Of<OSCAR_REPLAYED>;
/// The session is over.
using GrantExpired = Of<OSCAR_GRANT_EXPIRED>;
/// The key, the session or its issue time is revoked.
using Revoked = Of<OSCAR_REVOKED>;
/// The content is not what was signed.
using BodyMismatch = Of<OSCAR_BODY_MISMATCH>;
/// Authentic, but not allowed here.
using Policy = Of<OSCAR_POLICY>;
/// Could not be remembered: try later.
using Busy = Of<OSCAR_BUSY>;
/// A message or URL past its end.
using Expired = Of<OSCAR_EXPIRED>;
/// A message from more than 300 seconds ahead.
using NotYet = Of<OSCAR_NOT_YET>;
/// The framework does not show the raw request target; the sentence names the fix.
using RawTargetHidden = Of<OSCAR_RAW_TARGET_HIDDEN>;
/// The answer stands, its grant is not ours.
using BadGrant = Of<OSCAR_BAD_GRANT>;
/// A key text in another's place.
using WrongKind = Of<OSCAR_WRONG_KIND>;
/// Key material is too weak.
using WeakSecret = Of<OSCAR_WEAK_SECRET>;
/// Another key stands under this key id.
using KidTaken = Of<OSCAR_KID_TAKEN>;
/// OscarToki v1: a core that this service minted came back as a request.
using Reflected = Of<OSCAR_REFLECTED>;
/// No name of the protocol: a file can't be used, of a shared memory, of keys or of revocations.
using Store = Of<OSCAR_STORE>;

} // namespace errors

namespace detail {

template <int... Numbers> [[noreturn]] void raise_one_of(oscar_status number, const std::string &sentence, const Known &known,
                                                         std::integer_sequence<int, Numbers...>) {
    ((number == static_cast<oscar_status>(Numbers + 1)
          ? throw errors::Of<static_cast<oscar_status>(Numbers + 1)>(sentence, known)
          : static_cast<void>(0)),
     ...);
    if (number == OSCAR_STORE) throw errors::Store(sentence, known);
    throw OscarError(number, sentence, known);
}

/// Throws the error of a status as its own class.
[[noreturn]] inline void raise(oscar_status number, const std::string &sentence, const Known &known = {}) {
    raise_one_of(number, sentence, known, std::make_integer_sequence<int, OSCAR_REFLECTED>());
}

/// Throws what the call before has refused.
inline void check(oscar_status number, const Known &known = {}) {
    if (number != OSCAR_OK) raise(number, oscar_last_detail(), known);
}

/// Whether these headers and the library belong together; asked by whatever is made.
inline void check_library() {
    static const bool fits = oscar_abi_version() == OSCAR_ABI_VERSION && std::string_view(oscar_version()) == OSCARTOKI_HPP_VERSION;
    if (!fits)
        throw std::runtime_error("oscartoki " OSCARTOKI_HPP_VERSION " needs its own library, but found liboscartoki " +
                                 std::string(oscar_version()) + " with ABI " + std::to_string(oscar_abi_version()) +
                                 ": install headers and library of one package");
}

} // namespace detail

/// The version of the library, such as "0.1.0".
inline std::string version() { return oscar_version(); }

} // namespace oscartoki

#endif
