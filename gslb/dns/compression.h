// Name compression of one message: writes names, remembers where their suffixes stand.
//
// Source: RFC 1035 4.1.4.
//
// Why hash chains: a suffix is found by one hash per label instead of a comparison with every name
// written so far, so a big message costs no more a name than a small one.  Most answers never get
// there: their owner is the QNAME or one of its suffixes, which is compared directly.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "gslb/base/bytes.h"
#include "gslb/dns/name.h"

namespace gslb::dns {

// Worker-confined; lives as long as the message is written.  Never allocates.  Cheap to make: the
// table is first touched by a name that is not a suffix of the QNAME.
class NameCompressor {
 public:
  // `message` is where the response is written, the question already in it at octet 12; `qname` is
  // that question's name.  Both must outlive this object, `qname` unchanged.
  NameCompressor(std::uint8_t* message, const QuestionName& qname) noexcept
      : message_(message), qname_(qname) {}

  // Writes `name` (uncompressed wire form) at octet `position`, compressed against the QNAME and
  // all names put before, in any case.  Returns the octets written, or 0 when they would be more
  // than `room` (nothing is written).
  std::size_t put(Octets name, std::size_t position, std::size_t room) noexcept;

  // For an RRset that turns out not to fit: rollback(mark()) forgets names put since mark().
  std::size_t mark() const noexcept { return target_count_; }
  void rollback(std::size_t mark) noexcept;

 private:
  static constexpr std::size_t kMaxTargets = 250;      // then names compress against these only
  static constexpr std::size_t kBuckets = 128;         // a power of two
  static constexpr std::size_t kMaxQnameTargets = 32;  // a long QNAME leaves room for others

  struct Target {
    std::uint16_t offset;
    std::uint16_t tag;
    std::uint8_t next;  // index + 1 of the next in this bucket, 0: none
  };
  struct Suffixes;

  static void index(Octets name, Suffixes* suffixes) noexcept;
  std::size_t offset_in_question(Octets name) const noexcept;
  void start() noexcept;
  std::size_t find(std::uint32_t hash, Octets suffix) const noexcept;
  void insert(std::uint32_t hash, std::size_t offset) noexcept;
  bool stands_at(std::size_t offset, Octets suffix) const noexcept;

  std::uint8_t* message_;
  const QuestionName& qname_;
  std::size_t target_count_ = 0;
  bool started_ = false;
  // Not cleared on construction: start() does, when a name needs them.
  std::array<std::uint8_t, kBuckets> buckets_;  // NOLINT: index + 1 of the newest target, 0: none
  std::array<Target, kMaxTargets> targets_;     // NOLINT: valid below target_count_
};

}  // namespace gslb::dns
