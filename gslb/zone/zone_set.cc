#include "gslb/zone/zone_set.h"

#include <algorithm>
#include <bit>

#include "gslb/base/check.h"
#include "gslb/base/hash.h"

namespace gslb::zone {
namespace {

// Of the names' labels from the root leftwards, so that all suffixes of a QNAME cost one pass.
std::uint64_t extend(std::uint64_t parent, Octets label) noexcept {
  return hash_octets(label, parent);
}

Octets label_at(const dns::QuestionName& name, std::size_t index) noexcept {
  const std::size_t at = name.label_offset(index);
  return name.wire().subspan(at, std::size_t{1} + name.wire()[at]);
}

}  // namespace

ZoneSet::ZoneSet(std::vector<std::shared_ptr<const Zone>> zones)
    : zones_(std::move(zones)), slots_(std::bit_ceil(zones_.size() * 2 + 1)) {
  for (const auto& zone : zones_) {
    dns::QuestionName apex;
    apex.assign(zone->apex().wire());
    max_labels_ = std::max(max_labels_, apex.label_count());
    std::uint64_t hash = 0;
    for (std::size_t label = apex.label_count(); label-- > 0;) {
      hash = extend(hash, label_at(apex, label));
    }
    std::size_t at = hash & (slots_.size() - 1);
    while (slots_[at].zone != nullptr) {
      CHECK(!(slots_[at].zone->apex() == zone->apex()));
      at = (at + 1) & (slots_.size() - 1);
    }
    slots_[at] = {hash, zone.get()};
  }
}

const Zone* ZoneSet::find(const dns::QuestionName& qname, dns::RrType qtype) const noexcept {
  const Zone* found = nullptr;
  std::uint64_t hash = 0;
  const std::size_t labels = qname.label_count();
  for (std::size_t depth = 0; depth <= std::min(labels, max_labels_); ++depth) {
    if (depth > 0) { hash = extend(hash, label_at(qname, labels - depth)); }
    const Octets suffix = qname.suffix(labels - depth);
    std::size_t at = hash & (slots_.size() - 1);
    while (slots_[at].zone != nullptr &&
           !(slots_[at].hash == hash &&
             std::ranges::equal(slots_[at].zone->owner(Zone::kApexNode), suffix))) {
      at = (at + 1) & (slots_.size() - 1);
    }
    const Zone* zone = slots_[at].zone;
    const bool parent_side = depth == labels && qtype == dns::RrType::kDs && found != nullptr;
    if (zone != nullptr && !parent_side) { found = zone; }
  }
  return found;
}

}  // namespace gslb::zone
