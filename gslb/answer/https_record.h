// RDATA of HTTPS records for routed names, in the making.
//
// Source: RFC 9460 2.2 (RDATA), 2.4 (ServiceMode), 7.3 (hints).
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "gslb/answer/nodes.h"
#include "gslb/base/bytes.h"
#include "gslb/base/ip.h"
#include "gslb/dns/name.h"

namespace gslb::answer {

// The TargetName that means the owner itself.
inline constexpr std::array<std::uint8_t, 1> kOwnerTarget = {0};

// A value; no allocation.  Holds the records of a decision: that of the chosen cluster and that of
// a runner-up, each with hints of at most kMaxAnswers addresses a family.
class HttpsRdata {
 public:
  // `target`: wire form; `parameters`: alpn and port in wire form, at most 265 octets.
  void add_record(std::uint16_t priority, Octets target, Octets parameters) noexcept;
  // Those of the last record: ipv4hint, then ipv6hint (keys ascend).  Nothing for a family that
  // `addresses` has none of.  Once a record.
  void add_hints(std::span<const Address> addresses) noexcept;
  // The records, each behind its 16-bit length as RrsetView has them.
  Octets octets() const noexcept { return {octets_.data(), used_}; }

 private:
  // Length, priority, target, alpn and port, two hints.
  static constexpr std::size_t kMaxRecordOctets =
      4 + dns::kMaxNameOctets + (4 + 255) + 6 + (4 + kMaxAnswers * 4) + (4 + kMaxAnswers * 16);

  void put(Octets from) noexcept;
  void put_u16(std::uint16_t value) noexcept;
  void add_hints(std::span<const Address> addresses, bool ipv6) noexcept;

  std::array<std::uint8_t, 2 * kMaxRecordOctets> octets_;  // NOLINT: valid below used_
  std::size_t used_ = 0;
  std::size_t record_ = 0;  // where the last one begins
};

}  // namespace gslb::answer
