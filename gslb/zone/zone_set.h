// All zones a server is authoritative for, found by the longest matching suffix.
#pragma once

#include <memory>
#include <vector>

#include "gslb/dns/name.h"
#include "gslb/zone/zone.h"

namespace gslb::zone {

// Immutable; thread-safe.
class ZoneSet {
 public:
  // REQUIRES: no two zones have the same apex.
  explicit ZoneSet(std::vector<std::shared_ptr<const Zone>> zones);

  // The zone with the longest apex that is `qname` or an ancestor of it; null when there is none.
  // For QTYPE DS at an apex the parent zone is preferred when it is served here too
  // (RFC 4035 3.1.4.1): pass the qtype.
  const Zone* find(const dns::QuestionName& qname, dns::RrType qtype) const noexcept;

  const std::vector<std::shared_ptr<const Zone>>& zones() const noexcept { return zones_; }

 private:
  const Zone* find_apex(Octets lower_wire, dns::NameHash hash) const noexcept;

  std::vector<std::shared_ptr<const Zone>> zones_;
  struct Slot {
    dns::NameHash hash = 0;
    const Zone* zone = nullptr;
  };
  std::vector<Slot> slots_;     // open addressing, size a power of two
  std::size_t max_labels_ = 0;  // of any apex: longer suffixes are not probed
};

}  // namespace gslb::zone
