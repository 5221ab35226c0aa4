// Belady's rule for sizes: of 64 sampled objects, the one whose size times the way to its next
// request is largest goes first (for objects); the farthest one goes first (for octets).  Told the
// future; in practice no one gets above, though for sizes neither is proven to be the best.
#include <cmath>

#include "gslb/base/random.h"

#include "bench/cache/policy.h"

namespace bench::cache {
namespace {

template <bool kBySize>
class Belady final : public Policy {
 public:
  Belady(std::uint32_t keys, std::uint64_t capacity) : entries_(keys), capacity_(capacity) {}

  bool request(const Request& request, std::uint32_t position) override {
    now_ = position;
    Entry& entry = entries_[request.key];
    if (entry.size != 0) {
      entry.next = request.next;
      if (request.next == kNever) { leave(request.key); }
      return true;
    }
    if (request.size > capacity_ || request.next == kNever) { return false; }
    entry = {request.size, request.next, static_cast<std::uint32_t>(there_.size())};
    there_.push_back(request.key);
    used_ += request.size;
    while (used_ > capacity_) { evict(request.key); }
    return false;
  }

 private:
  struct Entry {
    std::uint32_t size = 0;  // 0: not there
    std::uint32_t next = 0;
    std::uint32_t place = 0;
  };
  double cost(const Entry& entry) const {
    const double way = entry.next - now_;
    return kBySize ? way * entry.size : way;
  }
  // The newest is always among those looked at: it need not come in.
  void evict(std::uint32_t newest) {
    std::uint32_t worst =
        entries_[newest].size != 0 ? newest : there_[random_.below(there_.size())];
    for (int i = 0; i < 64; ++i) {
      const std::uint32_t key = there_[random_.below(there_.size())];
      if (cost(entries_[key]) > cost(entries_[worst])) { worst = key; }
    }
    leave(worst);
  }
  void leave(std::uint32_t key) {
    Entry& entry = entries_[key];
    there_[entry.place] = there_.back();
    entries_[there_.back()].place = entry.place;
    there_.pop_back();
    used_ -= entry.size;
    entry.size = 0;
  }

  std::vector<Entry> entries_;
  std::vector<std::uint32_t> there_;
  gslb::Random random_{1};
  std::uint64_t capacity_;
  std::uint64_t used_ = 0;
  std::uint32_t now_ = 0;
};

template <bool kBySize>
std::unique_ptr<Policy> make(std::uint32_t keys, std::uint64_t capacity) {
  return std::make_unique<Belady<kBySize>>(keys, capacity);
}

}  // namespace

std::vector<Contender> offline_bounds() {
  return {{"Belady (size)", &make<true>}, {"Belady", &make<false>}};
}

}  // namespace bench::cache
