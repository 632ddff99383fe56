// What the parts of the vectors runner share.
#ifndef OSCARTOKI_TESTS_VECTORS_HPP
#define OSCARTOKI_TESTS_VECTORS_HPP

#include <nlohmann/json.hpp>
#include <oscartoki.hpp>
#include <set>

namespace vectors {

using nlohmann::json;

/// A member or an op that the page does not name: a failing case, never a skip.
struct Unknown : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// The `in` of a case or step; absent and null are both "not given".
class Given {
  public:
    Given(const json &members, const std::set<std::string> &allowed);

    bool has(const char *name) const { return members_.contains(name) && !members_.at(name).is_null(); }
    std::string text(const char *name) const { return has(name) ? members_.at(name).get<std::string>() : std::string(); }
    std::optional<std::string> optional_text(const char *name) const { return has(name) ? std::optional(text(name)) : std::nullopt; }
    std::int64_t integer(const char *name, std::int64_t otherwise = 0) const;
    bool flag(const char *name, bool otherwise = false) const { return has(name) ? members_.at(name).get<bool>() : otherwise; }
    std::string bytes(const char *name) const;
    std::optional<std::string> optional_bytes(const char *name) const { return has(name) ? std::optional(bytes(name)) : std::nullopt; }
    oscartoki::Id id(const char *name) const;
    const json &at(const char *name) const { return members_.at(name); }

  private:
    json members_;
};

/// What the steps of a case share: one service, or one client.
class Sequence {
  public:
    virtual ~Sequence() = default;
    virtual json take(std::size_t index, const std::string &what, const json &in) = 0;
};

/// Runs an op without steps.
json evaluate(const std::string &op, const json &in);
/// The ops of TCX and Socktopus; null for another op.
json evaluate_neighbour(const std::string &op, const json &in);
/// Words between spaces.
std::set<std::string> members(const std::string &names);
/// Makes what an op with steps works on; null for another op.
std::unique_ptr<Sequence> begin(const std::string &op, const json &in);

} // namespace vectors

#endif
