// Counters by name for one writer and many readers, where reloads bring names.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <memory>
#include <string_view>

namespace edge::report {

// Names are never forgotten, for sums must not fall.  `Counters` has a std::string `name`.
template <typename Counters>
class NamedCounters {
 public:
  static constexpr std::size_t kMost = 1024;
  // The counters of that name; of "*", all others, when there is no more room.  The writer only.
  Counters& of(std::string_view name) {
    const std::size_t size = size_.load(std::memory_order_relaxed);
    for (std::size_t i = 0; i < size; ++i) {
      if (list_[i]->name == name) { return *list_[i]; }
    }
    // The last place is kept for "*".
    if (size + 1 >= kMost && name != "*") { return of("*"); }
    list_[size] = std::make_unique<Counters>();
    list_[size]->name = name;
    size_.store(size + 1, std::memory_order_release);
    return *list_[size];
  }
  std::size_t size() const noexcept { return size_.load(std::memory_order_acquire); }
  // REQUIRES: index < size().
  const Counters& operator[](std::size_t index) const noexcept { return *list_[index]; }

 private:
  std::array<std::unique_ptr<Counters>, kMost> list_;
  std::atomic<std::size_t> size_{0};
};

}  // namespace edge::report
