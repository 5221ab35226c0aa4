#include "gslb/zone/name_table.h"

#include <algorithm>

namespace gslb::zone {
namespace {

std::uint32_t tag_of(NameTable::Hash hash) noexcept {
  return static_cast<std::uint32_t>(hash >> 32);
}

}  // namespace

NodeIndex NameTable::find(Octets lower_wire, Hash hash) const noexcept {
  if (slots_.empty()) { return kNoNode; }
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t at = hash & mask; slots_[at].node != kNoNode; at = (at + 1) & mask) {
    const Slot& slot = slots_[at];
    if (slot.tag == tag_of(hash) && std::ranges::equal(name(slot.node), lower_wire)) {
      return slot.node;
    }
  }
  return kNoNode;
}

NodeIndex NameTable::insert(Octets lower_wire, Hash hash) {
  if ((size() + 1) * 4 > slots_.size() * 3) { grow(); }
  const auto node = static_cast<NodeIndex>(size());
  octets_.insert(octets_.end(), lower_wire.begin(), lower_wire.end());
  starts_.push_back(static_cast<std::uint32_t>(octets_.size()));
  hashes_.push_back(hash);
  place(hash, node);
  return node;
}

void NameTable::place(Hash hash, NodeIndex node) noexcept {
  const std::size_t mask = slots_.size() - 1;
  std::size_t at = hash & mask;
  while (slots_[at].node != kNoNode) { at = (at + 1) & mask; }
  slots_[at] = {tag_of(hash), node};
}

void NameTable::grow() {
  slots_.assign(slots_.empty() ? 16 : slots_.size() * 2, Slot{});
  for (NodeIndex node = 0; node < hashes_.size(); ++node) { place(hashes_[node], node); }
}

std::size_t NameTable::memory_octets() const noexcept {
  return octets_.capacity() + starts_.capacity() * sizeof(std::uint32_t) +
         slots_.capacity() * sizeof(Slot);
}

void NameTable::finish() {
  octets_.shrink_to_fit();
  starts_.shrink_to_fit();
  hashes_ = {};
}

}  // namespace gslb::zone
