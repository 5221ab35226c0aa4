#include "gslb/answer/https_record.h"

#include <algorithm>

namespace gslb::answer {

namespace {

constexpr std::uint16_t kIpv4Hint = 4;
constexpr std::uint16_t kIpv6Hint = 6;

}  // namespace

void HttpsRdata::add_record(std::uint16_t priority, Octets target, Octets parameters) noexcept {
  record_ = used_;
  used_ += 2;  // the length is known in the end
  put_u16(priority);
  put(target);
  put(parameters);
  store_u16(octets_.data() + record_, static_cast<std::uint16_t>(used_ - record_ - 2));
}

void HttpsRdata::add_hints(std::span<const Address> addresses) noexcept {
  add_hints(addresses, false);
  add_hints(addresses, true);
  store_u16(octets_.data() + record_, static_cast<std::uint16_t>(used_ - record_ - 2));
}

void HttpsRdata::add_hints(std::span<const Address> addresses, bool ipv6) noexcept {
  const auto is_of_family = [ipv6](const Address& address) { return address.is_v6() == ipv6; };
  const auto count = static_cast<std::size_t>(std::ranges::count_if(addresses, is_of_family));
  if (count == 0) { return; }
  put_u16(ipv6 ? kIpv6Hint : kIpv4Hint);
  put_u16(static_cast<std::uint16_t>(std::min(count, kMaxAnswers) * (ipv6 ? 16 : 4)));
  std::size_t left = kMaxAnswers;
  for (const Address& address : addresses) {
    if (is_of_family(address) && left > 0) {
      put(address.octets());
      --left;
    }
  }
}

void HttpsRdata::put(Octets from) noexcept {
  std::copy(from.begin(), from.end(), octets_.begin() + static_cast<std::ptrdiff_t>(used_));
  used_ += from.size();
}

void HttpsRdata::put_u16(std::uint16_t value) noexcept {
  store_u16(octets_.data() + used_, value);
  used_ += 2;
}

}  // namespace gslb::answer
