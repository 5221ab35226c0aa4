#include "gslb/zone/zone_set.h"

#include <algorithm>
#include <bit>

#include "gslb/base/check.h"

namespace gslb::zone {

ZoneSet::ZoneSet(std::vector<std::shared_ptr<const Zone>> zones)
    : zones_(std::move(zones)), slots_(std::bit_ceil(zones_.size() * 2 + 1)) {
  for (const auto& zone : zones_) {
    dns::QuestionName apex;
    apex.assign(zone->apex().wire());
    max_labels_ = std::max(max_labels_, apex.label_count());
    const dns::NameHash hash = apex.suffix_hash(0);
    std::size_t at = hash & (slots_.size() - 1);
    while (slots_[at].zone != nullptr) {
      CHECK(!(slots_[at].zone->apex() == zone->apex()));
      at = (at + 1) & (slots_.size() - 1);
    }
    slots_[at] = {hash, zone.get()};
  }
}

const Zone* ZoneSet::find_apex(Octets lower_wire, dns::NameHash hash) const noexcept {
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t at = hash & mask; slots_[at].zone != nullptr; at = (at + 1) & mask) {
    if (slots_[at].hash != hash) { continue; }
    const Octets apex = slots_[at].zone->owner(Zone::kApexNode);
    if (apex.size() == lower_wire.size() &&
        dns::equal_octets(apex.data(), lower_wire.data(), apex.size())) {
      return slots_[at].zone;
    }
  }
  return nullptr;
}

const Zone* ZoneSet::find(const dns::QuestionName& qname, dns::RrType qtype) const noexcept {
  const Zone* child_side = nullptr;
  const std::size_t labels = qname.label_count();
  for (std::size_t skipped = labels - std::min(labels, max_labels_); skipped <= labels; ++skipped) {
    const Zone* zone = find_apex(qname.suffix(skipped), qname.suffix_hash(skipped));
    if (zone == nullptr) { continue; }
    if (skipped != 0 || qtype != dns::RrType::kDs) { return zone; }
    child_side = zone;
  }
  return child_side;
}

}  // namespace gslb::zone
