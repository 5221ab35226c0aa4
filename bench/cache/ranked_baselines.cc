// GDSF (Cherkasova 1998), W-TinyLFU with the admission of aggregated victims for sizes (Einziger
// et al. 2022) and LHD (Beckmann et al., NSDI 2018).
#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <queue>

#include "gslb/base/hash.h"
#include "gslb/base/random.h"

#include "bench/cache/key_list.h"
#include "bench/cache/policy.h"

namespace bench::cache {
namespace {

class Gdsf final : public Policy {
 public:
  Gdsf(std::uint32_t keys, std::uint64_t capacity) : entries_(keys), capacity_(capacity) {}

  bool request(const Request& request, std::uint32_t) override {
    Entry& entry = entries_[request.key];
    if (entry.size != 0) {
      ++entry.count;
      rank(request.key);
      return true;
    }
    if (request.size > capacity_) { return false; }
    while (used_ + request.size > capacity_) { evict(); }
    entry = {request.size, 1, 0};
    used_ += request.size;
    rank(request.key);
    return false;
  }

 private:
  struct Entry {
    std::uint32_t size = 0;  // 0: not there
    std::uint32_t count = 0;
    double rank = 0;
  };
  using Place = std::pair<double, std::uint32_t>;

  void rank(std::uint32_t key) {
    Entry& entry = entries_[key];
    entry.rank = floor_ + static_cast<double>(entry.count) / entry.size;
    order_.emplace(entry.rank, key);
  }
  void evict() {
    const auto [rank, key] = order_.top();
    order_.pop();
    Entry& entry = entries_[key];
    if (entry.size == 0 || entry.rank != rank) { return; }  // ranked anew since
    floor_ = rank;
    used_ -= entry.size;
    entry.size = 0;
  }

  std::vector<Entry> entries_;
  std::priority_queue<Place, std::vector<Place>, std::greater<>> order_;
  double floor_ = 0;
  std::uint64_t capacity_;
  std::uint64_t used_ = 0;
};

// Counts of up to 15, halved every `period` increments.
class Sketch {
 public:
  explicit Sketch(std::size_t counters) : mask_(std::bit_ceil(counters) - 1) {
    for (auto& row : rows_) { row.resize(mask_ + 1); }
  }
  void add(std::uint32_t key) {
    const std::uint32_t least = count(key);
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      std::uint8_t& counter = rows_[i][place(key, i)];
      if (counter == least && counter < 15) { ++counter; }
    }
    if (++added_ < 10 * (mask_ + 1)) { return; }
    added_ /= 2;
    for (auto& row : rows_) {
      for (std::uint8_t& counter : row) { counter /= 2; }
    }
  }
  std::uint32_t count(std::uint32_t key) const {
    std::uint32_t least = 15;
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      least = std::min<std::uint32_t>(least, rows_[i][place(key, i)]);
    }
    return least;
  }

 private:
  std::size_t place(std::uint32_t key, std::size_t row) const {
    return gslb::hash_combine(row, key) & mask_;
  }
  std::size_t mask_;
  std::array<std::vector<std::uint8_t>, 4> rows_;
  std::size_t added_ = 0;
};

class TinyLfu final : public Policy {
 public:
  TinyLfu(std::uint32_t keys, std::uint64_t capacity)
      : links_(keys), size_(keys), where_(keys), sketch_(keys / 8 + 64), capacity_(capacity) {}

  bool request(const Request& request, std::uint32_t) override {
    sketch_.add(request.key);
    const std::uint32_t key = request.key;
    if (size_[key] != 0) {
      hit(key);
      return true;
    }
    if (request.size > capacity_) { return false; }
    size_[key] = request.size;
    push(key, kWindow);
    while (octets_[kWindow] > capacity_ / 100) {
      const std::uint32_t candidate = list_[kWindow].oldest();
      take(candidate);
      if (admits(candidate)) {
        push(candidate, kProbation);
      } else {
        size_[candidate] = 0;
      }
    }
    return false;
  }

 private:
  enum List : std::uint8_t { kWindow, kProbation, kProtected };

  void push(std::uint32_t key, List list) {
    where_[key] = list;
    octets_[list] += size_[key];
    list_[list].push(key);
  }
  void take(std::uint32_t key) {
    octets_[where_[key]] -= size_[key];
    list_[where_[key]].remove(key);
  }
  void hit(std::uint32_t key) {
    const List list = where_[key] == kWindow ? kWindow : kProtected;
    take(key);
    push(key, list);
    while (octets_[kProtected] > capacity_ / 100 * 79) {
      const std::uint32_t demoted = list_[kProtected].oldest();
      take(demoted);
      push(demoted, kProbation);
    }
  }
  // Makes room for it if it is worth more than all that has to go.
  bool admits(std::uint32_t candidate) {
    const std::uint64_t room = capacity_ / 100 * 99;
    if (size_[candidate] > room) { return false; }
    std::uint64_t held = octets_[kProbation] + octets_[kProtected];
    std::uint32_t worth = 0;
    std::vector<std::uint32_t> victims;
    std::uint32_t at = list_[kProbation].oldest();
    bool in_probation = true;
    while (held + size_[candidate] > room) {
      if (at == kNever) {
        if (!in_probation) { return false; }
        in_probation = false;
        at = list_[kProtected].oldest();
        continue;
      }
      victims.push_back(at);
      worth += sketch_.count(at);
      held -= size_[at];
      if (worth > sketch_.count(candidate)) {
        // The refused one's rival is as good as used.
        const std::uint32_t first = victims.front();
        const List list = where_[first];
        take(first);
        push(first, list);
        return false;
      }
      at = links_.newer[at];
    }
    for (const std::uint32_t victim : victims) {
      take(victim);
      size_[victim] = 0;
    }
    return true;
  }

  Links links_;
  std::vector<std::uint32_t> size_;
  std::vector<List> where_;
  std::array<KeyList, 3> list_{KeyList(links_), KeyList(links_), KeyList(links_)};
  std::array<std::uint64_t, 3> octets_{};
  Sketch sketch_;
  std::uint64_t capacity_;
};

// Classes by number of references; ages in steps that adapt to the cache; 64 sampled victims.
class Lhd final : public Policy {
 public:
  Lhd(std::uint32_t keys, std::uint64_t capacity)
      : entries_(keys), capacity_(capacity), age_step_(std::max<std::uint64_t>(1, keys / 1000)) {
    for (Class& one : classes_) {
      for (std::size_t a = 0; a < kAges; ++a) {
        one.density[a] = 1.0 / (static_cast<double>(a) + 1);
      }
    }
  }

  bool request(const Request& request, std::uint32_t position) override {
    now_ = position;
    if (position % (1 << 18) == (1 << 18) - 1) { learn(); }
    Entry& entry = entries_[request.key];
    if (entry.size != 0) {
      class_of(entry).hits[age_of(entry)] += 1;
      entry.before_last = entry.last_age;
      entry.last_age = static_cast<std::uint32_t>(now_ - entry.last);
      entry.last = now_;
      return true;
    }
    if (request.size > capacity_) { return false; }
    while (used_ + request.size > capacity_) { evict(); }
    entry = {request.size, now_, static_cast<std::uint32_t>(there_.size()), 0xffffffff, 0xffffffff};
    there_.push_back(request.key);
    used_ += request.size;
    return false;
  }

 private:
  static constexpr std::size_t kAges = 1024;
  static constexpr std::size_t kClasses = 16;
  struct Entry {
    std::uint32_t size = 0;
    std::uint64_t last = 0;
    std::uint32_t place = 0;
    std::uint32_t last_age = 0;
    std::uint32_t before_last = 0;
  };
  struct Class {
    std::array<double, kAges> hits{};
    std::array<double, kAges> evictions{};
    std::array<double, kAges> density{};
  };

  std::size_t age_of(const Entry& entry) const {
    return std::min<std::size_t>((now_ - entry.last) / age_step_, kAges - 1);
  }
  // As in the paper's code: by the sum of the last two ages, in powers of two.
  Class& class_of(const Entry& entry) {
    if (entry.last_age == 0xffffffff) { return classes_[kClasses - 1]; }
    const std::uint64_t sum = std::uint64_t{entry.last_age} + entry.before_last;
    const auto width = static_cast<int>(std::bit_width(sum / age_step_ / 4));
    return classes_[static_cast<std::size_t>(std::min(width, int{kClasses} - 2))];
  }
  double rank(const Entry& entry) { return class_of(entry).density[age_of(entry)] / entry.size; }
  void evict() {
    std::uint32_t worst = there_[random_.below(there_.size())];
    for (int i = 1; i < 64; ++i) {
      const std::uint32_t key = there_[random_.below(there_.size())];
      if (rank(entries_[key]) < rank(entries_[worst])) { worst = key; }
    }
    Entry& entry = entries_[worst];
    class_of(entry).evictions[age_of(entry)] += 1;
    there_[entry.place] = there_.back();
    entries_[there_.back()].place = entry.place;
    there_.pop_back();
    used_ -= entry.size;
    entry.size = 0;
  }
  void learn() {
    for (Class& one : classes_) {
      double hits = 0;
      double events = 0;
      double lives = 0;
      for (std::size_t a = kAges; a-- > 0;) {
        hits += one.hits[a];
        events += one.hits[a] + one.evictions[a];
        lives += events;
        one.density[a] = events > 1e-5 ? hits / lives : 0;
        one.hits[a] *= 0.9;
        one.evictions[a] *= 0.9;
      }
    }
  }

  std::vector<Entry> entries_;
  std::vector<std::uint32_t> there_;
  std::array<Class, kClasses> classes_;
  gslb::Random random_{1};
  std::uint64_t capacity_;
  std::uint64_t used_ = 0;
  std::uint64_t now_ = 0;
  std::uint64_t age_step_;
};

template <typename T>
std::unique_ptr<Policy> make(std::uint32_t keys, std::uint64_t capacity) {
  return std::make_unique<T>(keys, capacity);
}

}  // namespace

std::vector<Contender> ranked_baselines() {
  return {{"W-TinyLFU", &make<TinyLfu>}, {"LHD", &make<Lhd>}, {"GDSF", &make<Gdsf>}};
}

}  // namespace bench::cache
