#include "edge/cache/key.h"

#include <algorithm>

namespace edge::cache {
namespace {

std::string normal_value(const http::Fields& fields, std::string_view name) {
  const std::string joined = fields.joined(name);
  std::string result;
  std::string_view rest = joined;
  while (const auto element = http::next_element(rest)) {
    if (!result.empty()) { result += ','; }
    result += *element;
  }
  // Absent and empty are different requests: mark presence.
  return fields.has(name) ? '+' + result : std::string();
}

// The key of an URI reference, or nothing when it is elsewhere or relative to a path.
std::optional<std::string> key_of_reference(std::string_view text, const std::string& host) {
  text = http::trim(text);
  text = text.substr(0, text.find('#'));
  if (text.starts_with('/') && !text.starts_with("//")) { return primary_key(host, text); }
  const std::size_t scheme = text.find("://");
  if (scheme == std::string_view::npos) { return std::nullopt; }
  const std::string_view rest = text.substr(scheme + 3);
  const std::size_t slash = std::min(rest.find('/'), rest.size());
  if (http::to_lower(rest.substr(0, slash)) != host) { return std::nullopt; }
  return primary_key(host, slash == rest.size() ? "/" : rest.substr(slash));
}

}  // namespace

std::string primary_key(std::string_view host, std::string_view target) {
  // A space stands in neither part.
  std::string key;
  key.reserve(host.size() + 1 + target.size());
  key.append(host).append(" ").append(target);
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
  std::vector<std::string> keys = {primary_key(request.host, request.target)};
  for (const std::string_view name : {"Location", "Content-Location"}) {
    const std::string* value = response.find(name);
    if (value == nullptr) { continue; }
    if (auto key = key_of_reference(*value, request.host)) { keys.push_back(std::move(*key)); }
  }
  return keys;
}

}  // namespace edge::cache
