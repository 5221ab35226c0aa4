#include "edge/cache/key.h"

#include <algorithm>

#include "edge/http/accept_encoding.h"
#include "edge/http/reference.h"

namespace edge::cache {
namespace {

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
  return std::all_of(
      variant.selected.begin(), variant.selected.end(),
      [&](const http::Field& field) { return normal_value(request, field.name) == field.value; });
}

std::vector<std::string> invalidated_keys(const http::RequestHead& request,
                                          const http::Fields& response) {
  std::vector<std::string> keys = {primary_key(request.host, request.target, request.secure)};
  for (const std::string_view name : {"Location", "Content-Location"}) {
    const std::string* value = response.find(name);
    if (value == nullptr) { continue; }
    const auto other = http::resolve_reference(*value, request.host, request.target);
    if (other && other->host == request.host) {
      keys.push_back(primary_key(other->host, other->target, request.secure));
    }
  }
  return keys;
}

}  // namespace edge::cache
