// Doubly linked lists over dense keys: any number of lists, a key is in at most one.
#pragma once

#include <cstdint>
#include <vector>

#include "bench/cache/trace.h"

namespace bench::cache {

struct Links {
  explicit Links(std::uint32_t keys) : newer(keys, kNever), older(keys, kNever) {}
  std::vector<std::uint32_t> newer;
  std::vector<std::uint32_t> older;
};

// Thread-compatible; `links` is shared by the lists of one policy and outlives them.
class KeyList {
 public:
  explicit KeyList(Links& links) : links_(&links) {}
  bool empty() const { return oldest_ == kNever; }
  std::uint32_t oldest() const { return oldest_; }
  std::uint32_t newest() const { return newest_; }
  void push(std::uint32_t key) {
    links_->older[key] = newest_;
    links_->newer[key] = kNever;
    (newest_ == kNever ? oldest_ : links_->newer[newest_]) = key;
    newest_ = key;
  }
  void remove(std::uint32_t key) {
    const std::uint32_t newer = links_->newer[key];
    const std::uint32_t older = links_->older[key];
    (newer == kNever ? newest_ : links_->older[newer]) = older;
    (older == kNever ? oldest_ : links_->newer[older]) = newer;
  }
  std::uint32_t pop() {
    const std::uint32_t key = oldest_;
    remove(key);
    return key;
  }

 private:
  Links* links_;
  std::uint32_t oldest_ = kNever;
  std::uint32_t newest_ = kNever;
};

}  // namespace bench::cache
