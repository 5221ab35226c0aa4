// Compact denials that have been signed: read by workers, written by the thread that signs them.
//
// Source: RFC 9824 3.
//
// Why a table and a way to ask for more: a name nobody knew before can't be denied compactly
// without a signature, which is not made on the query path.  So answer() takes what is here; what
// is not is asked for (Deferred::kDenial), or the zone's NSEC3 chain denies it.  Why fixed slots:
// readers copy 64-bit words that are atomic by themselves, and a number before and after tells a
// torn copy.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>

#include "gslb/base/bytes.h"
#include "gslb/dns/name.h"
#include "gslb/dns/rrset.h"

namespace gslb::answer {

// What a worker has read, or wants to: kept in its Scratch.
struct CompactDenial {
  static constexpr std::size_t kMaxOctets = 736;

  std::uint64_t zone_id = 0;  // Zone::compact_id()
  std::uint16_t name_octets = 0;
  std::uint16_t nsec_octets = 0;
  std::uint16_t signature_octets = 0;
  std::uint16_t signatures = 0;
  // The name, one NSEC record and its RRSIG records, these behind their lengths as RrsetView has
  // them.
  alignas(8) std::array<std::uint8_t, kMaxOctets> octets;  // NOLINT: valid below the sizes

  Octets name() const noexcept { return Octets(octets).first(name_octets); }
  dns::RrsetView nsec(std::uint32_t ttl_s) const noexcept {
    return {dns::RrType::kNsec, ttl_s, 1, Octets(octets).subspan(name_octets, nsec_octets)};
  }
  dns::RrsetView rrsig(std::uint32_t ttl_s) const noexcept {
    return {dns::RrType::kRrsig, ttl_s, signatures,
            Octets(octets).subspan(std::size_t{name_octets} + nsec_octets, signature_octets)};
  }
};

// One writer, any number of readers.  768 octets a slot.
class CompactDenials {
 public:
  // A name has one place among the slots: a newer one takes it.  REQUIRES: slots > 0
  explicit CompactDenials(std::size_t slots)
      : slot_count_(slots), slots_(std::make_unique<Slot[]>(slots)) {}

  // False: nothing under that zone's version and name (lower case).  No lock, no allocation.
  bool find(std::uint64_t zone_id, Octets name, CompactDenial& found) const noexcept;
  // The writer.  `nsec` and `rrsigs` as RrsetView has them.  False: too large to be kept.
  bool put(std::uint64_t zone_id, Octets name, Octets nsec, Octets rrsigs);

 private:
  static constexpr std::size_t kWords = 2 + CompactDenial::kMaxOctets / 8;
  struct Slot {
    std::atomic<std::uint64_t> version{0};  // odd: being written
    std::array<std::atomic<std::uint64_t>, kWords> words{};
  };
  Slot& slot_of(std::uint64_t zone_id, Octets name) const noexcept;

  const std::size_t slot_count_;
  const std::unique_ptr<Slot[]> slots_;
};

}  // namespace gslb::answer
