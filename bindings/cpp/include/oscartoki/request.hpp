// What is signed and verified, as views of what the caller holds: requests, answers, headers; and what every part stands on.
#ifndef OSCARTOKI_REQUEST_HPP
#define OSCARTOKI_REQUEST_HPP

#include <array>
#include <chrono>
#include <cstddef>
#include <cstring>
#include <oscartoki/error.hpp>
#include <vector>

namespace oscartoki {

/// A kid, sid or nonce.
using Id = std::array<std::uint8_t, OSCAR_ID_LEN>;
/// A SHA-256.
using Digest = std::array<std::uint8_t, 32>;
/// Headers that the caller holds: name and value of each, in order.
using Headers = std::vector<std::pair<std::string_view, std::string_view>>;
/// Headers that are given.
using OwnHeaders = std::vector<std::pair<std::string, std::string>>;
/// Wall or monotonic milliseconds; nothing: the machine's clock now.
using Time = std::optional<std::int64_t>;

/// A request as it goes over the wire.
struct Request {
    /// Upper case.
    std::string_view method;
    /// The Host value.
    std::string_view authority;
    /// Path and query as written on the wire.
    std::string_view target;
    /// The content.
    std::string_view body = {};
    /// Of `Client::request_ext`; empty without covered headers.
    std::string_view ext = {};
    /// In place of the content its SHA-256; for a service, what Content-Digest says.
    std::optional<Digest> digest = std::nullopt;
};

/// An answer as it goes over the wire.
struct Answer {
    /// The HTTP status.
    int status = 0;
    /// The content.
    std::string_view body = {};
    /// For a client: the header oscartoki.
    std::optional<std::string_view> toki = std::nullopt;
    /// For a client: the header oscartokikey.
    std::optional<std::string_view> grant = std::nullopt;
    /// The covered headers, encoded.
    std::string_view ext = {};
    /// In place of the content its SHA-256.
    std::optional<Digest> digest = std::nullopt;
};

/// The machine's wall clock, unless a time is given.
inline std::int64_t wall_clock_ms(const Time &given = std::nullopt) {
    using namespace std::chrono;
    return given ? *given : duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

/// The machine's monotonic clock, unless a time is given.
inline std::int64_t monotonic_clock_ms(const Time &given = std::nullopt) {
    using namespace std::chrono;
    return given ? *given : duration_cast<milliseconds>(steady_clock::now().time_since_epoch()).count();
}

/// Lower-case hex, for kids and sids.
inline std::string hex(const std::uint8_t *data, std::size_t len) {
    static const char digits[] = "0123456789abcdef";
    std::string text;
    text.reserve(2 * len);
    for (std::size_t at = 0; at < len; at++) {
        text += digits[data[at] >> 4];
        text += digits[data[at] & 15];
    }
    return text;
}

/// Lower-case hex, for kids, sids and digests.
template <std::size_t Len> std::string hex(const std::array<std::uint8_t, Len> &bytes) { return hex(bytes.data(), Len); }

/// SHA-256 of a body.
inline Digest sha256(std::string_view body) {
    Digest digest{};
    detail::check(oscar_sha256(reinterpret_cast<const std::uint8_t *>(body.data()), body.size(), digest.data()));
    return digest;
}

/// A to Z folded, one trailing :80 or :443 removed.
inline std::string normalise_authority(std::string_view name) {
    char out[OSCAR_AUTHORITY_MAX_LEN];
    detail::check(oscar_authority_normalise(name.data(), name.size(), out, sizeof out));
    return out;
}

namespace detail {

inline const std::uint8_t *bytes(std::string_view text) noexcept { return reinterpret_cast<const std::uint8_t *>(text.data()); }

/// The address of what may be absent: null is absent, which an empty text is not.
inline const char *address(const std::optional<std::string_view> &text) noexcept {
    return !text ? nullptr : text->data() == nullptr ? "" : text->data();
}

inline std::size_t size(const std::optional<std::string_view> &text) noexcept { return text ? text->size() : 0; }

inline Id id(const std::uint8_t *bytes) noexcept {
    Id made;
    std::memcpy(made.data(), bytes, made.size());
    return made;
}

/// A handle of the library, freed by `Free`.
template <oscar_status (*Free)(oscar_handle)> class Owned {
  public:
    explicit Owned(oscar_handle handle = 0) noexcept : handle_(handle) {}
    Owned(Owned &&other) noexcept : handle_(std::exchange(other.handle_, 0)) {}
    Owned &operator=(Owned &&other) noexcept {
        std::swap(handle_, other.handle_);
        return *this;
    }
    ~Owned() {
        if (handle_ != 0) Free(handle_);
    }

    oscar_handle get() const noexcept { return handle_; }
    /// Where a call puts a new handle.
    oscar_handle *put() noexcept { return &handle_; }

  private:
    oscar_handle handle_;
};

/// A context, which one call uses up; asking again is `replayed`.
template <oscar_status (*Free)(oscar_handle)> class Once {
  public:
    explicit Once(oscar_handle handle = 0) noexcept : handle_(handle) {}
    Once(Once &&other) noexcept : handle_(other.handle_), used_(std::exchange(other.used_, true)) {}
    Once &operator=(Once &&other) noexcept {
        std::swap(handle_, other.handle_);
        std::swap(used_, other.used_);
        return *this;
    }
    ~Once() {
        if (!used_ && handle_ != 0) Free(handle_);
    }

    oscar_handle use() noexcept {
        used_ = true;
        return handle_;
    }
    oscar_handle get() const noexcept { return handle_; }
    oscar_handle *put() noexcept { return &handle_; }

  private:
    oscar_handle handle_;
    bool used_ = false;
};

/// A text whose length nobody knows beforehand.
inline std::string text_of(oscar_handle handle) {
    Owned<oscar_text_free> text(handle);
    std::size_t len = 0;
    check(oscar_text_len(text.get(), &len));
    std::string copy(len, '\0');
    check(oscar_text_copy(text.get(), copy.data(), copy.size()));
    return copy;
}

/// Packed fields. `refusal` is what a field that fits no field is.
class Pack {
  public:
    Pack() noexcept { oscar_pack_begin(&pack_); }
    Pack(const Pack &) = delete;
    Pack &operator=(const Pack &) = delete;
    ~Pack() { oscar_pack_end(&pack_); }

    Pack &field(std::string_view field) noexcept {
        oscar_pack_field(&pack_, field.data(), field.size());
        return *this;
    }
    Pack &optional(const std::optional<std::string_view> &field) noexcept { return field ? this->field(*field) : *this; }
    Pack &digest(const std::optional<Digest> &digest) noexcept {
        oscar_pack_digest(&pack_, digest ? digest->data() : nullptr);
        return *this;
    }
    Pack &number(int number) noexcept {
        oscar_pack_be16(&pack_, number);
        return *this;
    }
    Pack &headers(const Headers &headers) noexcept {
        for (const auto &[name, value] : headers) field(name).field(value);
        return *this;
    }
    Pack &request(const Request &request) noexcept {
        return field(request.method).field(request.authority).field(request.target).field(request.ext).digest(request.digest);
    }
    Pack &answer(const Answer &answer) noexcept { return number(answer.status).field(answer.ext).digest(answer.digest); }
    /// Toki and grant stand last, and only when they are there.
    Pack &proofs(const std::optional<std::string_view> &toki, const std::optional<std::string_view> &grant) noexcept {
        return toki ? field(*toki).optional(grant) : *this;
    }

    bool failed() const noexcept { return pack_.failed != 0; }
    /// Throws when something did not fit.
    Pack &fits(oscar_status refusal, const Known &known = {}) {
        if (failed()) raise(refusal, "a field over 65,535 bytes, or a number that fits no field", known);
        return *this;
    }
    const std::uint8_t *data() const noexcept { return pack_.data; }
    /// What does not fit is given as nothing, which the library refuses.
    std::size_t size() const noexcept { return failed() ? 0 : pack_.len; }

  private:
    oscar_pack pack_;
};

/// The content beside packed fields: nothing where its digest is among them.
inline std::string_view content(std::string_view body, const std::optional<Digest> &digest) noexcept {
    return digest ? std::string_view() : body;
}

/// Texts as the settings structs take them.
class Names {
  public:
    explicit Names(const std::vector<std::string> &names) {
        for (const std::string &name : names) pointers_.push_back(name.c_str());
    }
    const char *const *data() const noexcept { return pointers_.empty() ? nullptr : pointers_.data(); }
    std::size_t size() const noexcept { return pointers_.size(); }

  private:
    std::vector<const char *> pointers_;
};

/// Key material: wiped when it goes.
template <std::size_t Capacity> class Held {
  public:
    Held() noexcept : text_{} {}
    Held(const Held &) = default;
    Held &operator=(const Held &) = default;
    ~Held() { wipe(text_, sizeof text_); }

    char *data() noexcept { return text_; }
    std::string_view view() const noexcept { return text_; }

  private:
    static void wipe(char *text, std::size_t len) noexcept {
        volatile char *at = text;
        while (len-- > 0) *at++ = 0;
    }

    char text_[Capacity];
};

} // namespace detail

} // namespace oscartoki

#endif
