// LRU, CLOCK (FIFO with reinsertion), SIEVE (Zhang et al., NSDI 2024) and S3-FIFO (Yang et al.,
// SOSP 2023), each as its paper has it, counting octets.
#include <algorithm>

#include "bench/cache/key_list.h"
#include "bench/cache/policy.h"

namespace bench::cache {
namespace {

// What all share: sizes of what is there and their sum.
class Queues : public Policy {
 public:
  Queues(std::uint32_t keys, std::uint64_t capacity)
      : links_(keys), size_(keys), bits_(keys), capacity_(capacity) {}

  bool request(const Request& request, std::uint32_t) final {
    const std::uint32_t key = request.key;
    if (size_[key] != 0) {
      hit(key);
      return true;
    }
    if (request.size > capacity_) { return false; }
    while (used_ + request.size > capacity_) { evict(); }
    size_[key] = request.size;
    used_ += request.size;
    insert(key);
    return false;
  }

 protected:
  virtual void hit(std::uint32_t key) = 0;
  virtual void insert(std::uint32_t key) = 0;
  virtual void evict() = 0;  // at least one object, or gets nearer to it
  void leave(std::uint32_t key) {
    used_ -= size_[key];
    size_[key] = 0;
  }

  Links links_;
  std::vector<std::uint32_t> size_;  // 0: not there
  std::vector<std::uint8_t> bits_;
  std::uint64_t capacity_;
  std::uint64_t used_ = 0;
};

class Lru final : public Queues {
 public:
  using Queues::Queues;
  void hit(std::uint32_t key) override {
    list_.remove(key);
    list_.push(key);
  }
  void insert(std::uint32_t key) override { list_.push(key); }
  void evict() override { leave(list_.pop()); }

 private:
  KeyList list_{links_};
};

// One list, and a bit that a hit sets.
class Marking : public Queues {
 public:
  using Queues::Queues;
  void hit(std::uint32_t key) final { bits_[key] = 1; }
  void insert(std::uint32_t key) final {
    bits_[key] = 0;
    list_.push(key);
  }

 protected:
  KeyList list_{links_};
};

class Clock final : public Marking {
 public:
  using Marking::Marking;
  void evict() override {
    const std::uint32_t key = list_.pop();
    if (bits_[key] != 0) { return insert(key); }
    leave(key);
  }
};

class Sieve final : public Marking {
 public:
  using Marking::Marking;
  void evict() override {
    const std::uint32_t key = hand_ == kNever ? list_.oldest() : hand_;
    hand_ = links_.newer[key];
    if (bits_[key] != 0) {
      bits_[key] = 0;
      return;
    }
    list_.remove(key);
    leave(key);
  }

 private:
  std::uint32_t hand_ = kNever;
};

class S3Fifo final : public Queues {
 public:
  S3Fifo(std::uint32_t keys, std::uint64_t capacity) : Queues(keys, capacity), ghost_size_(keys) {}
  void hit(std::uint32_t key) override {
    bits_[key] = static_cast<std::uint8_t>(std::min(bits_[key] + 1, 3));
  }
  void insert(std::uint32_t key) override {
    bits_[key] = 0;
    if (ghost_size_[key] != 0) {
      ghosts_.remove(key);
      ghost_octets_ -= ghost_size_[key];
      ghost_size_[key] = 0;
      return main_.push(key);
    }
    small_octets_ += size_[key];
    small_.push(key);
  }
  void evict() override {
    if (!small_.empty() && (small_octets_ > capacity_ / 10 || main_.empty())) {
      const std::uint32_t key = small_.pop();
      small_octets_ -= size_[key];
      if (bits_[key] > 1) {
        bits_[key] = 0;
        return main_.push(key);
      }
      remember(key);
      return leave(key);
    }
    const std::uint32_t key = main_.pop();
    if (bits_[key] == 0) { return leave(key); }
    --bits_[key];
    main_.push(key);
  }

 private:
  // Ghosts are as many octets as the main queue may hold.
  void remember(std::uint32_t key) {
    ghost_size_[key] = size_[key];
    ghost_octets_ += size_[key];
    ghosts_.push(key);
    while (ghost_octets_ > capacity_ / 10 * 9) {
      const std::uint32_t gone = ghosts_.pop();
      ghost_octets_ -= ghost_size_[gone];
      ghost_size_[gone] = 0;
    }
  }

  KeyList small_{links_};
  KeyList main_{links_};
  KeyList ghosts_{links_};  // not there, so its links are free
  std::vector<std::uint32_t> ghost_size_;
  std::uint64_t small_octets_ = 0;
  std::uint64_t ghost_octets_ = 0;
};

template <typename T>
std::unique_ptr<Policy> make(std::uint32_t keys, std::uint64_t capacity) {
  return std::make_unique<T>(keys, capacity);
}

}  // namespace

std::vector<Contender> queue_baselines() {
  return {{"LRU", &make<Lru>},
          {"CLOCK", &make<Clock>},
          {"SIEVE", &make<Sieve>},
          {"S3-FIFO", &make<S3Fifo>}};
}

}  // namespace bench::cache
