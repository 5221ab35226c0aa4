#include "edge/http/reference.h"

#include <algorithm>
#include <vector>

#include "edge/http/fields.h"

namespace edge::http {
namespace {

// RFC 3986 5.2.4, of an absolute path without query.
std::string without_dot_segments(std::string_view path) {
  std::vector<std::string_view> segments;
  bool open = false;  // the last segment was a dot: the result ends with "/"
  while (!path.empty()) {
    path.remove_prefix(1);  // the "/" before each segment
    const std::size_t end = std::min(path.find('/'), path.size());
    const std::string_view segment = path.substr(0, end);
    path.remove_prefix(end);
    open = segment == "." || segment == "..";
    if (segment == ".." && !segments.empty()) { segments.pop_back(); }
    if (!open) { segments.push_back(segment); }
  }
  std::string result;
  for (const std::string_view segment : segments) { result.append("/").append(segment); }
  if (open || result.empty()) { result += '/'; }
  return result;
}

std::string_view path_of(std::string_view target) { return target.substr(0, target.find('?')); }

// "http:" and the like; empty when the reference is relative.
std::string_view scheme_of(std::string_view reference) {
  const std::size_t colon = reference.find(':');
  if (colon == std::string_view::npos ||
      reference.substr(0, colon).find_first_of("/?") != std::string_view::npos) {
    return {};
  }
  return reference.substr(0, colon + 1);
}

std::string merged(std::string_view rest, std::string_view base) {
  const std::string_view query = rest.substr(path_of(rest).size());
  const std::string_view path = path_of(rest);
  std::string whole;
  if (path.empty()) { return std::string(query.empty() ? base : path_of(base)).append(query); }
  if (path.front() != '/') { whole = path_of(base).substr(0, path_of(base).rfind('/') + 1); }
  if (path.front() != '/' && whole.empty()) { whole = "/"; }
  return without_dot_segments(whole.append(path)).append(query);
}

}  // namespace

std::optional<Resolved> resolve_reference(std::string_view reference, std::string_view host,
                                          std::string_view target) {
  std::string_view rest = trim(reference);
  rest = rest.substr(0, rest.find('#'));
  if (!std::all_of(rest.begin(), rest.end(), [](char c) { return c > ' ' && c < 0x7f; })) {
    return std::nullopt;
  }
  const std::string scheme = to_lower(scheme_of(rest));
  if (!scheme.empty() && scheme != "http:" && scheme != "https:") { return std::nullopt; }
  rest.remove_prefix(scheme.size());
  if (!rest.starts_with("//")) {
    // "http:path" names no host (RFC 3986 5.2.2, strict).
    if (!scheme.empty()) { return std::nullopt; }
    return Resolved{std::string(host), merged(rest, target)};
  }
  rest.remove_prefix(2);
  const std::size_t end = std::min(rest.find_first_of("/?"), rest.size());
  Resolved result{to_lower(rest.substr(0, end)), {}};
  if (result.host.empty() || result.host.find('@') != std::string::npos) { return std::nullopt; }
  for (const std::string_view port : {scheme == "https:" ? ":443" : ":80", ":"}) {
    if (result.host.ends_with(port)) { result.host.resize(result.host.size() - port.size()); }
  }
  rest.remove_prefix(end);
  result.target = merged(rest.starts_with('/') ? std::string(rest) : '/' + std::string(rest), "/");
  return result;
}

}  // namespace edge::http
