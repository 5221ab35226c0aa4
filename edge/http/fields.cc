#include "edge/http/fields.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>

namespace edge::http {
namespace {

constexpr char lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

constexpr bool is_token_char(char c) noexcept {
  if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) { return true; }
  return c != '\0' && std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

constexpr std::array<std::string_view, 10> kHopByHop = {"Connection",
                                                        "Keep-Alive",
                                                        "Proxy-Connection",
                                                        "Proxy-Authenticate",
                                                        "Proxy-Authentication-Info",
                                                        "Proxy-Authorization",
                                                        "TE",
                                                        "Trailer",
                                                        "Upgrade",
                                                        "Transfer-Encoding"};

constexpr std::array<std::string_view, 8> kNeededOfRequest = {
    "Host", "Content-Length", "Cache-Control", "Pragma",
    "Date", "CDN-Loop",       "Authorization", "Via"};
constexpr std::array<std::string_view, 1> kNeededOfResponse = {"Content-Length"};

template <std::size_t N>
void remove_hop_by_hop(Fields& fields, const std::array<std::string_view, N>& needed) {
  const std::string named = fields.joined("Connection");
  std::string_view rest = named;
  while (const auto element = next_element(rest)) {
    const bool is_needed = std::any_of(needed.begin(), needed.end(), [&](std::string_view name) {
      return equals_ignoring_case(name, *element);
    });
    if (!is_needed) { fields.remove(*element); }
  }
  for (const std::string_view name : kHopByHop) { fields.remove(name); }
}

template <typename Test>
bool any_element(const std::vector<Field>& fields, std::string_view name, const Test& test) {
  for (const Field& field : fields) {
    if (!equals_ignoring_case(field.name, name)) { continue; }
    std::string_view rest = field.value;
    while (const auto element = next_element(rest)) {
      if (test(*element)) { return true; }
    }
  }
  return false;
}

}  // namespace

bool equals_ignoring_case(std::string_view a, std::string_view b) noexcept {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(),
                                            [](char x, char y) { return lower(x) == lower(y); });
}

std::string to_lower(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(), lower);
  return result;
}

std::string_view trim(std::string_view text) noexcept {
  const auto is_space = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && is_space(text.front())) { text.remove_prefix(1); }
  while (!text.empty() && is_space(text.back())) { text.remove_suffix(1); }
  return text;
}

bool is_token(std::string_view text) noexcept {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_token_char);
}

std::optional<std::uint64_t> parse_number(std::string_view text) noexcept {
  if (text.empty()) { return std::nullopt; }
  constexpr auto kMax = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  std::uint64_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') { return std::nullopt; }
    const auto digit = static_cast<std::uint64_t>(c - '0');
    if (value > (kMax - digit) / 10) { return std::nullopt; }
    value = value * 10 + digit;
  }
  return value;
}

std::optional<std::string_view> next_element(std::string_view& rest) noexcept {
  while (!rest.empty()) {
    bool quoted = false;
    std::size_t end = 0;
    for (; end < rest.size(); ++end) {
      const char c = rest[end];
      if (quoted && c == '\\') {
        ++end;  // quoted-pair: whatever follows is not a delimiter
      } else if (c == '"') {
        quoted = !quoted;
      } else if (c == ',' && !quoted) {
        break;
      }
    }
    end = std::min(end, rest.size());
    const std::string_view element = trim(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (!element.empty()) { return element; }
  }
  return std::nullopt;
}

void Fields::add(std::string name, std::string value) {
  list_.push_back({std::move(name), std::move(value)});
}

void Fields::set(std::string_view name, std::string value) {
  remove(name);
  add(std::string(name), std::move(value));
}

void Fields::remove(std::string_view name) {
  std::erase_if(list_, [&](const Field& field) { return equals_ignoring_case(field.name, name); });
}

std::size_t Fields::count(std::string_view name) const noexcept {
  return static_cast<std::size_t>(
      std::count_if(list_.begin(), list_.end(),
                    [&](const Field& field) { return equals_ignoring_case(field.name, name); }));
}

const std::string* Fields::find(std::string_view name) const noexcept {
  for (const Field& field : list_) {
    if (equals_ignoring_case(field.name, name)) { return &field.value; }
  }
  return nullptr;
}

std::string Fields::joined(std::string_view name) const {
  std::string all;
  bool first = true;
  for (const Field& field : list_) {
    if (!equals_ignoring_case(field.name, name)) { continue; }
    if (!first) { all += ", "; }
    all += field.value;
    first = false;
  }
  return all;
}

bool Fields::has_element(std::string_view name, std::string_view token) const {
  return any_element(list_, name, [&](std::string_view element) {
    return equals_ignoring_case(element, token);
  });
}

bool Fields::has_member(std::string_view name, std::string_view token) const {
  return any_element(list_, name, [&](std::string_view element) {
    return equals_ignoring_case(trim(element.substr(0, element.find(';'))), token);
  });
}

std::size_t Fields::memory_octets() const noexcept {
  std::size_t total = list_.capacity() * sizeof(Field);
  for (const Field& field : list_) {
    // Short strings live inside the object; 15 is libstdc++'s limit.
    total += field.name.capacity() > 15 ? field.name.capacity() + 1 : 0;
    total += field.value.capacity() > 15 ? field.value.capacity() + 1 : 0;
  }
  return total;
}

void remove_hop_by_hop_of_request(Fields& fields) { remove_hop_by_hop(fields, kNeededOfRequest); }
void remove_hop_by_hop_of_response(Fields& fields) { remove_hop_by_hop(fields, kNeededOfResponse); }

}  // namespace edge::http
