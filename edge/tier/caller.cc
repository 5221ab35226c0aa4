#include "edge/tier/caller.h"

#include <array>
#include <charconv>
#include <chrono>
#include <optional>

#include "gslb/fleet/report.h"

namespace edge::tier {
namespace {

constexpr std::string_view kVersion = "v1";
constexpr std::size_t kParts = 6;
using Parts = std::array<std::string_view, kParts>;

// Line by line: none of these has a line end in it.  A heartbeat's body begins with "{", so a
// signature of the one is never one of the other, should both have the same key.
std::string signed_text(std::string_view claims, const http::RequestHead& head) {
  std::string text = "edge\n";
  text.append(claims).append("\n");
  text.append(head.method).append("\n");
  text.append(head.host).append("\n");
  text.append(head.target).append("\n");
  return text + head.fields.joined("X-Forwarded-For");
}

std::optional<Parts> split(std::string_view value) {
  Parts parts;
  for (std::size_t i = 0; i < kParts; ++i) {
    const std::size_t end = value.find(';');
    if ((end == value.npos) != (i + 1 == kParts)) { return std::nullopt; }
    parts[i] = value.substr(0, end);
    value.remove_prefix(end == value.npos ? value.size() : end + 1);
  }
  return parts;
}

}  // namespace

std::string sign_caller(std::string_view key, const Caller& caller, const http::RequestHead& head,
                        gslb::WallTime now) {
  const auto since = std::chrono::duration_cast<gslb::milliseconds>(now.time_since_epoch());
  const std::string time = std::to_string(since.count());
  const std::string claims =
      caller.name + ';' + std::to_string(caller.level) + (caller.secure ? ";https" : ";http");
  return std::string(kVersion) + ';' + time + ';' + claims + ';' +
         gslb::fleet::sign_report(key, time, signed_text(claims, head));
}

gslb::Result<Caller, CallerError> verify_caller(std::string_view key, const http::RequestHead& head,
                                                gslb::WallTime now) {
  const std::string value = head.fields.joined(kEdgeField);
  const auto parts = split(value);
  if (!parts) { return gslb::Unexpected(CallerError::kMalformed); }
  const auto& [version, time, name, level, scheme, signature] = *parts;
  Caller caller;
  const auto end = std::from_chars(level.data(), level.data() + level.size(), caller.level);
  if (version != kVersion || name.empty() || end.ec != std::errc{} ||
      end.ptr != level.data() + level.size() || (scheme != "http" && scheme != "https")) {
    return gslb::Unexpected(CallerError::kMalformed);
  }
  const std::string claims =
      std::string(name) + ';' + std::string(level) + ';' + std::string(scheme);
  const std::string text = signed_text(claims, head);
  const auto verdict = gslb::fleet::verify_report(key, {time, signature, text}, now, kMaxSkew);
  if (!verdict) {
    using Error = gslb::fleet::SignatureError;
    return gslb::Unexpected(verdict.error() == Error::kMalformed ? CallerError::kMalformed
                            : verdict.error() == Error::kSkew    ? CallerError::kSkew
                                                                 : CallerError::kMismatch);
  }
  caller.name = name;
  caller.secure = scheme == "https";
  return caller;
}

}  // namespace edge::tier
