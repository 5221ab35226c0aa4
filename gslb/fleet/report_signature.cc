#include <charconv>
#include <optional>

#include "gslb/fleet/report.h"
#include "gslb/fleet/signature.h"

namespace gslb::fleet {
namespace {

constexpr std::size_t kMaxTimeDigits = 15;  // until the year 33658

// Since 1970.  Not a WallTime: that counts nanoseconds, which a stranger could make overflow.
std::optional<milliseconds> parse_time(std::string_view text) {
  if (text.empty() || text.size() > kMaxTimeDigits) { return std::nullopt; }
  std::uint64_t value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure != std::errc() || end != text.data() + text.size()) { return std::nullopt; }
  return milliseconds(value);
}

static_assert(kReportVersion == 1, "the signed prefixes name the version");
constexpr std::string_view kReportKind = "v1";
constexpr std::string_view kOrdersKind = "v1-orders";

}  // namespace

std::string sign_report(std::string_view key, std::string_view time_ms, std::string_view body) {
  return sign(kReportKind, key, time_ms, body);
}

std::string sign_orders(std::string_view key, std::string_view time_ms, std::string_view body) {
  return sign(kOrdersKind, key, time_ms, body);
}

bool verify_orders(std::string_view key, std::string_view time_ms, std::string_view body,
                   std::string_view signature) {
  return is_signed(kOrdersKind, key, time_ms, body, signature);
}

std::string_view describe(SignatureError error) noexcept {
  switch (error) {
    case SignatureError::kMalformed:
      return "malformed time or signature";
    case SignatureError::kSkew:
      return "time too far from ours";
    case SignatureError::kMismatch:
      return "wrong signature";
  }
  return "unknown error";
}

Result<void, SignatureError> verify_report(std::string_view key, const SignedReport& report,
                                           WallTime now, milliseconds max_skew) {
  const std::optional<milliseconds> time = parse_time(report.time_ms);
  if (!time || !is_signature(report.signature)) {
    return Unexpected(SignatureError::kMalformed);
  }
  if (!is_signed(kReportKind, key, report.time_ms, report.body, report.signature)) {
    return Unexpected(SignatureError::kMismatch);
  }
  // Only now: "skew" then always means a true sender with a wrong clock (or a late replay).
  const auto ours = std::chrono::duration_cast<milliseconds>(now.time_since_epoch());
  if (*time < ours - max_skew || *time > ours + max_skew) {
    return Unexpected(SignatureError::kSkew);
  }
  return {};
}

}  // namespace gslb::fleet
