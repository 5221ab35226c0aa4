#include "edge/cache/key.h"

#include <algorithm>
#include <array>

#include "edge/cache/key_rules.h"
#include "edge/http/accept_encoding.h"
#include "edge/http/reference.h"
#include "gslb/base/hash.h"

namespace edge::cache {
namespace {

// Clients send few different values, and each hit of a response that varies by it needs one.
const std::string& normal_codings(std::string_view value) {
  struct Known {
    std::string value;
    std::string normal;
  };
  static thread_local std::array<Known, 16> table;
  Known& known = table.at(gslb::hash_text(value) % table.size());
  if (known.normal.empty() || known.value != value) {
    known = {std::string(value), http::normal_accept_encoding(value)};
  }
  return known.normal;
}

// Whether the list, in normal form, is `normal`.
bool is_same_list(std::string_view list, std::string_view normal) {
  for (bool is_first = true; const auto element = http::next_element(list); is_first = false) {
    if (!is_first && !normal.starts_with(',')) { return false; }
    if (!is_first) { normal.remove_prefix(1); }
    if (!normal.starts_with(*element)) { return false; }
    normal.remove_prefix(element->size());
  }
  return normal.empty();
}

std::string normal_value(const http::Fields& fields, std::string_view name) {
  // Absent and empty are different requests: mark presence.
  if (!fields.has(name)) { return {}; }
  const std::string joined = fields.joined(name);
  if (name == "accept-encoding") { return '+' + http::normal_accept_encoding(joined); }
  std::string result = "+";
  std::string_view rest = joined;
  while (const auto element = http::next_element(rest)) {
    if (result.size() > 1) { result += ','; }
    result += *element;
  }
  return result;
}

}  // namespace

std::string primary_key(std::string_view host, std::string_view target, bool secure) {
  // A space stands in no part.
  const std::string_view scheme = secure ? "https " : "";
  std::string key;
  key.reserve(scheme.size() + host.size() + 1 + target.size());
  key.append(scheme).append(host).append(" ").append(target);
  return key;
}

Variant variant_of(const http::Fields& request, const http::Fields& response) {
  Variant variant;
  const std::string vary = response.joined("Vary");
  std::string_view rest = vary;
  while (const auto element = http::next_element(rest)) {
    const std::string name = http::to_lower(*element);
    variant.selected.push_back({name, normal_value(request, name)});
  }
  std::sort(variant.selected.begin(), variant.selected.end(),
            [](const http::Field& a, const http::Field& b) { return a.name < b.name; });
  variant.selected.erase(std::unique(variant.selected.begin(), variant.selected.end()),
                         variant.selected.end());
  return variant;
}

bool matches(const Variant& variant, const http::Fields& request) {
  return std::all_of(variant.selected.begin(), variant.selected.end(), [&](const auto& field) {
    const std::string* const value = request.find(field.name);
    if (value == nullptr || field.value.empty()) { return value == nullptr && field.value.empty(); }
    if (request.count(field.name) > 1) { return normal_value(request, field.name) == field.value; }
    const std::string_view normal = std::string_view(field.value).substr(1);  // behind the "+"
    return field.name == "accept-encoding" ? normal_codings(*value) == normal
                                           : is_same_list(*value, normal);
  });
}

std::vector<std::string> invalidated_keys(const http::RequestHead& request,
                                          const http::Fields& response,
                                          const config::KeyRules& rules) {
  std::vector<std::string> keys = {key_of(rules, request)};
  for (const std::string_view name : {"Location", "Content-Location"}) {
    const std::string* value = response.find(name);
    if (value == nullptr) { continue; }
    const auto other = http::resolve_reference(*value, request.host, request.target);
    if (other && other->host == request.host) {
      keys.push_back(key_of(rules, other->host, other->target, request.secure));
    }
  }
  return keys;
}

}  // namespace edge::cache
