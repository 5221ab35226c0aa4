// Vectors on huge pages, for tables of many megabytes that are read at random.
//
// Why: a table of 60 MB is 15,000 pages of 4 KiB, five times what the processor's page tables
// cache holds; every look-up then walks page tables too.  madvise is a wish: where the kernel has
// no huge pages the vector is an ordinary one.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <new>
#include <vector>

#include <sys/mman.h>

namespace gslb {

constexpr std::size_t kHugePageOctets = std::size_t{2} << 20;

// Allocations under a huge page are ordinary ones.  Allocators convert into each other.
template <typename T>
struct HugePageAllocator {
  using value_type = T;
  HugePageAllocator() = default;
  template <typename U>
  HugePageAllocator(const HugePageAllocator<U>&) noexcept {}  // NOLINT(google-explicit-constructor)

  T* allocate(std::size_t count) {
    const std::size_t octets = count * sizeof(T);
    if (octets < kHugePageOctets) { return static_cast<T*>(::operator new(octets)); }
    const std::size_t whole = (octets + kHugePageOctets - 1) & ~(kHugePageOctets - 1);
    void* const memory = std::aligned_alloc(kHugePageOctets, whole);
    if (memory == nullptr) { throw std::bad_alloc(); }
    ::madvise(memory, whole, MADV_HUGEPAGE);
    return static_cast<T*>(memory);
  }
  void deallocate(T* memory, std::size_t count) noexcept {
    if (count * sizeof(T) < kHugePageOctets) {
      ::operator delete(memory);
    } else {
      std::free(memory);
    }
  }
  friend bool operator==(const HugePageAllocator&, const HugePageAllocator&) { return true; }
};

template <typename T>
using HugeVector = std::vector<T, HugePageAllocator<T>>;

}  // namespace gslb
