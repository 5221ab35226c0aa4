// Where on disk which response is: the disk tier's index, in memory.
//
// Open addressing with linear probing, grown by half, so that an object costs 30 to 45 octets,
// 36 on average.  A place in a segment that is gone is not removed when the segment goes (which
// would touch every one of its entries) but when it is met, or at the next growth: sequences of
// segments only rise, so one comparison tells.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "edge/cache/disk_format.h"

namespace edge::cache {

// Thread-compatible.
class DiskIndex {
 public:
  struct Slot {
    std::uint64_t key = 0;
    std::uint32_t sequence = 0;  // of the segment; 0: the slot is empty
    std::uint32_t at = 0;
    std::uint32_t units : 30 = 0;
    std::uint32_t hits : 2 = 0;  // saturates
    std::uint16_t names = 0;
    std::uint16_t values = 0;

    friend bool operator==(const Slot&, const Slot&) = default;
  };
  static_assert(sizeof(Slot) == 24);

  // At most this many responses of one key; the oldest gives way.
  static constexpr std::size_t kMaxVariants = 16;

  // The key's responses, newest first.
  void find(std::uint64_t key, std::vector<Slot>& out) const;
  bool has(std::uint64_t key) const;
  bool has(const RecordName& name) const;
  // There are responses of the key whose Vary has other names.
  bool has_other_names(const RecordName& name) const;
  // REQUIRES: slot.sequence > 0; no slot of the same name.
  void insert(const Slot& slot);
  // These return how many were erased.
  std::size_t erase_key(std::uint64_t key);
  std::size_t erase(const RecordName& name);
  // Those of the key whose Vary has other names than `names`.
  std::size_t erase_other_names(std::uint64_t key, std::uint16_t names);
  // Exactly this place; hits don't matter.
  std::size_t erase(const Slot& slot);
  void count_hit(const Slot& slot);
  // The slot for this place, if the index has it.
  std::optional<Slot> at(std::uint64_t key, std::uint32_t sequence, std::uint32_t at) const;

  // Segments below this one are gone.  Rises only.
  void drop_segments_before(std::uint32_t sequence) noexcept { oldest_ = sequence; }
  // A segment that is given up out of turn.  O(n).
  void drop_segment(std::uint32_t sequence);

  std::size_t memory_octets() const noexcept { return slots_.capacity() * sizeof(Slot); }
  // Slots in use; those of segments that are gone are still among them.
  std::size_t size() const noexcept { return used_; }

 private:
  bool is_live(const Slot& slot) const noexcept { return slot.sequence >= oldest_; }
  std::size_t home_of(std::uint64_t key) const noexcept;
  std::size_t next(std::size_t position) const noexcept {
    return position + 1 == slots_.size() ? 0 : position + 1;
  }
  void erase_at(std::size_t position);
  void place(const Slot& slot);
  void make_room();
  template <typename Condition>
  std::size_t erase_where(std::uint64_t key, Condition condition);
  template <typename Visit>
  void visit(std::uint64_t key, Visit visit) const;

  std::vector<Slot> slots_;
  std::size_t used_ = 0;
  std::uint32_t oldest_ = 1;
};

}  // namespace edge::cache
