#include "edge/http/cache_status.h"

#include <algorithm>
#include <array>

namespace edge::http {
namespace {

constexpr std::array<std::string_view, 8> kForwardNames = {
    "", "bypass", "method", "uri-miss", "vary-miss", "stale", "request", "partial"};

// sf-token: stricter at its start than an HTTP token.
bool is_sf_token(std::string_view text) noexcept {
  const auto is_alpha = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  return !text.empty() && is_alpha(text.front()) &&
         std::all_of(text.begin(), text.end(), [&](char c) {
           return is_alpha(c) || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
         });
}

}  // namespace

std::string write_cache_status(std::string_view cache, const CacheStatus& status) {
  std::string text(cache);
  if (!is_sf_token(cache)) {
    std::erase_if(text, [](char c) { return c < ' ' || c > '~' || c == '"' || c == '\\'; });
    text = '"' + text + '"';
  }
  if (status.hit) { text += "; hit"; }
  if (status.forward != Forward::kNone) {
    text.append("; fwd=").append(kForwardNames[static_cast<std::size_t>(status.forward)]);
  }
  if (status.forward_status) { text += "; fwd-status=" + std::to_string(*status.forward_status); }
  if (status.ttl_s) { text += "; ttl=" + std::to_string(*status.ttl_s); }
  if (status.stored) { text += "; stored"; }
  if (status.collapsed) { text += "; collapsed"; }
  if (!status.detail.empty()) { text.append("; detail=").append(status.detail); }
  return text;
}

}  // namespace edge::http
