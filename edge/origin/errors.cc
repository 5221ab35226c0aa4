#include <array>

#include "edge/origin/client.h"

namespace edge::origin {
namespace {

struct ErrorRow {
  int status;
  std::string_view name;
};
constexpr std::array<ErrorRow, 14> kErrors = {{
    {502, "origin-unknown"},
    {502, "origin-unreachable"},
    {504, "origin-connect-timeout"},
    {502, "origin-tls"},
    {502, "origin-send"},
    {504, "origin-timeout"},
    {502, "origin-closed"},
    {502, "origin-bad-response"},
    {504, "origin-stalled"},
    {502, "origin-short-body"},
    {502, "origin-auth"},
    {502, "tier-failed"},
    {503, "origin-busy"},
    {504, "origin-deadline"},
}};

}  // namespace

int status_for(OriginError error) noexcept {
  return kErrors[static_cast<std::size_t>(error)].status;
}
std::string_view describe(OriginError error) noexcept {
  return kErrors[static_cast<std::size_t>(error)].name;
}

}  // namespace edge::origin
