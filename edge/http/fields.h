// Header fields as an ordered list, and the list syntax most of them share.
//
// Source: RFC 9110 5 (fields), 5.6 (lists, tokens, quoted strings), 7.6.1 (hop-by-hop fields).
//
// A flat vector: a message has some twenty fields, and order and case have to survive the passage.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace edge::http {

struct Field {
  std::string name;  // as received; compared without case
  std::string value;
  friend bool operator==(const Field&, const Field&) = default;
};

// ASCII only, as RFC 9110 compares names and most tokens.
bool equals_ignoring_case(std::string_view a, std::string_view b) noexcept;
std::string to_lower(std::string_view text);
// Without leading and trailing spaces and tabs (OWS).
std::string_view trim(std::string_view text) noexcept;
// RFC 9110 5.6.2; false for the empty string.
bool is_token(std::string_view text) noexcept;
// 1*DIGIT without overflow of 63 bits; nullopt for everything else (signs, spaces, empty).
std::optional<std::uint64_t> parse_number(std::string_view text) noexcept;

// Takes the next element of a comma-separated list off the front of `rest`: quoted strings are
// kept whole, empty elements are skipped, OWS is trimmed.  nullopt at the end.
std::optional<std::string_view> next_element(std::string_view& rest) noexcept;

// Thread-compatible.
class Fields {
 public:
  void add(std::string name, std::string value);
  // Replaces every field of that name by one.
  void set(std::string_view name, std::string value);
  void remove(std::string_view name);

  bool has(std::string_view name) const noexcept { return find(name) != nullptr; }
  std::size_t count(std::string_view name) const noexcept;
  // The first of that name, or null.  Valid until the list changes.
  const std::string* find(std::string_view name) const noexcept;
  // All values of that name joined by ", " (RFC 9110 5.3); "" when there is none.
  std::string joined(std::string_view name) const;
  // True if any element of the list-valued field equals `token` without case.
  bool has_element(std::string_view name, std::string_view token) const;
  // The same of a list whose elements have parameters (";…").
  bool has_member(std::string_view name, std::string_view token) const;

  const std::vector<Field>& list() const noexcept { return list_; }
  std::vector<Field>& list() noexcept { return list_; }
  // Octets held on the heap and in the vector: what a store has to account for.
  std::size_t memory_octets() const noexcept;

 private:
  std::vector<Field> list_;
};

// Removes Connection, every field it names, and the fields that are about one connection only
// (RFC 9110 7.6.1).  Of a request, Host, Content-Length and the fields caching relies on survive
// being named: a client must not be able to strip what framing, routing and caching need.  Of a
// response only Content-Length survives.
void remove_hop_by_hop_of_request(Fields& fields);
void remove_hop_by_hop_of_response(Fields& fields);

}  // namespace edge::http
