#include "edge/cache/disk_index.h"

#include <algorithm>

#include "gslb/base/check.h"

namespace edge::cache {
namespace {

constexpr std::size_t kFewest = 64;

// Filled to four fifths at most: a miss then looks at some dozen neighbouring slots.
constexpr bool is_full(std::size_t used, std::size_t slots) { return used * 5 >= slots * 4; }

bool is_newer(const DiskIndex::Slot& a, const DiskIndex::Slot& b) {
  return a.sequence != b.sequence ? a.sequence > b.sequence : a.at > b.at;
}

}  // namespace

std::size_t DiskIndex::home_of(std::uint64_t key) const noexcept {
  const auto scaled = static_cast<unsigned __int128>(key) * slots_.size();
  return static_cast<std::size_t>(scaled >> 64);
}

template <typename Visit>
void DiskIndex::visit(std::uint64_t key, Visit visit) const {
  if (slots_.empty()) { return; }
  for (std::size_t i = home_of(key); slots_[i].sequence != 0; i = next(i)) {
    if (slots_[i].key == key && is_live(slots_[i]) && !visit(i)) { return; }
  }
}

void DiskIndex::find(std::uint64_t key, std::vector<Slot>& out) const {
  out.clear();
  visit(key, [&](std::size_t i) {
    out.push_back(slots_[i]);
    return true;
  });
  std::sort(out.begin(), out.end(), is_newer);
}

bool DiskIndex::has(std::uint64_t key) const {
  bool found = false;
  visit(key, [&](std::size_t) {
    found = true;
    return false;
  });
  return found;
}

bool DiskIndex::has(const RecordName& name) const {
  bool found = false;
  visit(name.key, [&](std::size_t i) {
    found = slots_[i].names == name.names && slots_[i].values == name.values;
    return !found;
  });
  return found;
}

bool DiskIndex::has_other_names(const RecordName& name) const {
  bool found = false;
  visit(name.key, [&](std::size_t i) {
    found = slots_[i].names != name.names;
    return !found;
  });
  return found;
}

std::optional<DiskIndex::Slot> DiskIndex::at(std::uint64_t key, std::uint32_t sequence,
                                             std::uint32_t at) const {
  std::optional<Slot> found;
  visit(key, [&](std::size_t i) {
    if (slots_[i].sequence == sequence && slots_[i].at == at) { found = slots_[i]; }
    return !found;
  });
  return found;
}

void DiskIndex::insert(const Slot& slot) {
  DCHECK(slot.sequence > 0);
  std::vector<Slot> variants;
  find(slot.key, variants);
  if (variants.size() >= kMaxVariants) {
    if (is_newer(variants.back(), slot)) { return; }
    erase(variants.back());
  }
  if (is_full(used_ + 1, slots_.size())) { make_room(); }
  place(slot);
}

void DiskIndex::place(const Slot& slot) {
  std::size_t i = home_of(slot.key);
  while (slots_[i].sequence != 0) { i = next(i); }
  slots_[i] = slot;
  ++used_;
}

// What is gone goes; if that does not leave much room, the table grows by half.
void DiskIndex::make_room() {
  std::vector<Slot> old;
  old.swap(slots_);
  const auto live =
      static_cast<std::size_t>(std::count_if(old.begin(), old.end(), [&](const Slot& slot) {
        return slot.sequence != 0 && is_live(slot);
      }));
  const bool roomy = live * 2 < old.size();
  slots_.resize(std::max(kFewest, roomy ? old.size() : old.size() + old.size() / 2));
  used_ = 0;
  for (const Slot& slot : old) {
    if (slot.sequence != 0 && is_live(slot)) { place(slot); }
  }
}

// The slots behind move up, so that no probe meets a gap before what it looks for.
void DiskIndex::erase_at(std::size_t position) {
  const std::size_t size = slots_.size();
  std::size_t gap = position;
  for (std::size_t i = next(gap); slots_[i].sequence != 0; i = next(i)) {
    const std::size_t home = home_of(slots_[i].key);
    // It may move when the gap lies between its home and where it is, going round.
    if ((i + size - home) % size >= (i + size - gap) % size) {
      slots_[gap] = slots_[i];
      gap = i;
    }
  }
  slots_[gap] = Slot{};
  --used_;
}

template <typename Condition>
std::size_t DiskIndex::erase_where(std::uint64_t key, Condition condition) {
  std::vector<Slot> found;
  find(key, found);
  std::size_t erased = 0;
  for (const Slot& slot : found) {
    if (condition(slot)) { erased += erase(slot); }
  }
  return erased;
}

std::size_t DiskIndex::erase_key(std::uint64_t key) {
  return erase_where(key, [](const Slot&) { return true; });
}

std::size_t DiskIndex::erase(const RecordName& name) {
  return erase_where(name.key, [&](const Slot& slot) {
    return slot.names == name.names && slot.values == name.values;
  });
}

std::size_t DiskIndex::erase_other_names(std::uint64_t key, std::uint16_t names) {
  return erase_where(key, [&](const Slot& slot) { return slot.names != names; });
}

std::size_t DiskIndex::erase(const Slot& slot) {
  std::optional<std::size_t> position;
  visit(slot.key, [&](std::size_t i) {
    if (slots_[i].sequence == slot.sequence && slots_[i].at == slot.at) { position = i; }
    return !position;
  });
  if (!position) { return 0; }
  erase_at(*position);
  return 1;
}

void DiskIndex::count_hit(const Slot& slot) {
  visit(slot.key, [&](std::size_t i) {
    const bool same = slots_[i].sequence == slot.sequence && slots_[i].at == slot.at;
    if (same && slots_[i].hits < 3) { slots_[i].hits = (slots_[i].hits + 1) & 3U; }
    return !same;
  });
}

void DiskIndex::drop_segment(std::uint32_t sequence) {
  std::vector<Slot> gone;
  for (const Slot& slot : slots_) {
    if (slot.sequence == sequence) { gone.push_back(slot); }
  }
  for (const Slot& slot : gone) { erase(slot); }
}

}  // namespace edge::cache
