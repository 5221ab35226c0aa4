// Tells whether what is stored under a key changed while somebody was looking elsewhere.
//
// Two tiers can't be changed in one step: an old response that is being read from disk must not
// come into memory after it was invalidated or replaced there.  Who changes a key holds a Change
// for as long as the tiers may disagree; who carries a response from one tier to the other asks
// before and after.
//
// Thread-safe.  A fixed number of slots: keys that share one only forbid each other a few
// promotions.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

namespace edge::cache {

class KeyVersions {
 public:
  class Change {
   public:
    Change(KeyVersions& versions, std::uint64_t key) : slot_(versions.slot(key)) {
      slot_.fetch_add(kVersion + kChanging);
    }
    ~Change() { slot_.fetch_add(kVersion - kChanging); }
    Change(const Change&) = delete;
    Change& operator=(const Change&) = delete;

   private:
    std::atomic<std::uint64_t>& slot_;
  };

  // Equal to another answer for the same key: nothing changed between.  is_steady() is false while
  // somebody holds a Change: then nothing may be carried over.
  std::uint64_t of(std::uint64_t key) const noexcept { return slots_[key % kSlots].load(); }
  static bool is_steady(std::uint64_t version) noexcept { return version % kVersion == 0; }

 private:
  // The low half counts the changes under way, the high one those that were.
  static constexpr std::uint64_t kChanging = 1;
  static constexpr std::uint64_t kVersion = std::uint64_t{1} << 24;
  static constexpr std::size_t kSlots = 4096;
  std::atomic<std::uint64_t>& slot(std::uint64_t key) noexcept { return slots_[key % kSlots]; }

  std::array<std::atomic<std::uint64_t>, kSlots> slots_{};
};

}  // namespace edge::cache
