#include "gslb/zone/name_table.h"

#include <algorithm>

namespace gslb::zone {
namespace {

constexpr std::size_t kFewestSlots = 8;  // most zones have half a dozen names

}  // namespace

NodeIndex NameTableBuilder::insert(Octets lower_wire, NameTable::Hash hash) {
  const auto node = static_cast<NodeIndex>(hashes_.size());
  octets_.insert(octets_.end(), lower_wire.begin(), lower_wire.end());
  starts_.push_back(static_cast<std::uint32_t>(octets_.size()));
  hashes_.push_back(hash);
  if (hashes_.size() * 4 > slots_.size() * 3) {
    grow();
  } else {
    place(hash, node);
  }
  return node;
}

void NameTableBuilder::place(NameTable::Hash hash, NodeIndex node) noexcept {
  const std::size_t mask = slots_.size() - 1;
  std::size_t at = hash & mask;
  while (slots_[at].node != kNoNode) { at = (at + 1) & mask; }
  slots_[at] = {NameTable::tag_of(hash), node};
}

void NameTableBuilder::grow() {
  slots_.assign(std::max(kFewestSlots, slots_.size() * 2), NameTable::Slot{});
  for (NodeIndex node = 0; node < hashes_.size(); ++node) { place(hashes_[node], node); }
}

}  // namespace gslb::zone
