// Up to which purge a response is known to be good.
#pragma once

#include <atomic>
#include <cstdint>

namespace edge::cache {

// Thread-safe.  A copy is as good as what it was copied from.
class PurgeStamp {
 public:
  PurgeStamp() = default;
  explicit PurgeStamp(std::uint64_t number) noexcept : number_(number) {}
  PurgeStamp(const PurgeStamp& other) noexcept : number_(other.value()) {}
  PurgeStamp& operator=(const PurgeStamp& other) noexcept {
    number_.store(other.value(), std::memory_order_relaxed);
    return *this;
  }

  std::uint64_t value() const noexcept { return number_.load(std::memory_order_relaxed); }
  // It was checked against all purges up to `number`.
  void raise(std::uint64_t number) const noexcept {
    std::uint64_t before = value();
    while (before < number &&
           !number_.compare_exchange_weak(before, number, std::memory_order_relaxed)) {}
  }

 private:
  mutable std::atomic<std::uint64_t> number_{0};
};

}  // namespace edge::cache
