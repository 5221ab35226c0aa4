#include "bench/cache/synthetic.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <memory>
#include <numbers>
#include <queue>

#include "gslb/base/check.h"
#include "gslb/base/random.h"

namespace bench::cache {
namespace {

using gslb::Random;

double normal(Random& random) {
  const double radius = std::sqrt(-2 * std::log(1 - random.unit()));
  return radius * std::cos(2 * std::numbers::pi * random.unit());
}

double exponential(Random& random, double mean) { return -mean * std::log(1 - random.unit()); }

// Most objects are lognormal; some are of a Pareto tail that begins a hundred medians up.
struct Sizes {
  double median = 12e3;
  double sigma = 1.6;
  double tail_share = 0.02;
  double tail_exponent = 1.15;
  double largest = 512e6;

  // `lean`: standard deviations the object is moved up or down.
  std::uint32_t draw(Random& random, double lean = 0) const {
    double size = median * std::exp(sigma * (normal(random) + lean));
    if (random.unit() < tail_share) {
      size = 100 * median * std::pow(1 - random.unit(), -1 / tail_exponent);
    }
    return static_cast<std::uint32_t>(std::clamp(size, 64.0, largest));
  }
};

// Ranks by Zipf's law: weights 1/rank^s, drawn by inversion of the running sum.
class Zipf {
 public:
  Zipf(std::size_t ranks, double exponent) : sums_(ranks) {
    double sum = 0;
    for (std::size_t i = 0; i < ranks; ++i) {
      sum += std::pow(static_cast<double>(i + 1), -exponent);
      sums_[i] = sum;
    }
  }
  std::size_t draw(Random& random) const {
    const double at = random.unit() * sums_.back();
    return static_cast<std::size_t>(std::upper_bound(sums_.begin(), sums_.end(), at) -
                                    sums_.begin());
  }

 private:
  std::vector<double> sums_;
};

// One source of requests; asked for the next one.
class Source {
 public:
  virtual ~Source() = default;
  struct Item {
    std::uint64_t object;
    std::uint32_t size;
  };
  virtual Item next(Random& random) = 0;
};

// A fixed catalogue whose popularity never changes (the independent reference model).
class Catalogue : public Source {
 public:
  // `correlation` in [-1, 1]: above 0 popular objects are larger.
  Catalogue(Random& random, std::size_t objects, double exponent, Sizes sizes, double correlation)
      : zipf_(objects, exponent), base_(random.next()), sizes_(objects) {
    for (std::size_t i = 0; i < objects; ++i) {
      const double rank = static_cast<double>(i) / static_cast<double>(objects);
      sizes_[i] = sizes.draw(random, correlation * (1 - 2 * rank) * 1.7);
    }
  }
  Item next(Random& random) override {
    const std::size_t rank = zipf_.draw(random);
    return {base_ + rank, sizes_[rank]};
  }

 private:
  Zipf zipf_;
  std::uint64_t base_;
  std::vector<std::uint32_t> sizes_;
};

// Shot noise: objects are born, are asked for so and so often (Pareto, so that most are asked
// once), ever less often, and die.  `life` is in requests of this source.
class Shots : public Source {
 public:
  struct Shape {
    double exponent = 0.9;   // Pareto exponent of the number of requests
    double most = 1e5;       // requests of one object
    double life = 100'000;   // mean; exponential over objects
    double decay = 3;        // requests come at u^decay of the life: above 1 early
    double correlation = 0;  // of (log) requests and size
  };
  Shots(std::uint64_t base, Shape shape, Sizes sizes)
      : next_object_(base), shape_(shape), sizes_(sizes) {}

  Item next(Random& random) override {
    while (due_.empty() || due_.top().time > time_) { bear(random); }
    const Due due = due_.top();
    due_.pop();
    // Births keep up with requests: about as many wait as a life is long.
    time_ = std::max(time_, due.time) + rate_;
    return {due.object, due.size};
  }

 private:
  struct Due {
    double time;
    std::uint64_t object;
    std::uint32_t size;
    bool operator>(const Due& other) const { return time > other.time; }
  };
  void bear(Random& random) {
    const double times = std::pow(1 - random.unit(), -1 / shape_.exponent);
    const auto count = static_cast<std::uint64_t>(std::min(times, shape_.most));
    const double lean = shape_.correlation * (std::log2(times) - 1) / 2;
    const std::uint32_t size = sizes_.draw(random, lean);
    const double life = exponential(random, shape_.life);
    due_.push({time_, next_object_, size});
    for (std::uint64_t i = 1; i < count; ++i) {
      due_.push({time_ + life * std::pow(random.unit(), shape_.decay), next_object_, size});
    }
    ++next_object_;
  }

  static constexpr double rate_ = 1;
  std::uint64_t next_object_;
  Shape shape_;
  Sizes sizes_;
  double time_ = 0;
  std::priority_queue<Due, std::vector<Due>, std::greater<>> due_;
};

// The same objects over and over in the same order (a crawler, a playlist).
class Loop : public Source {
 public:
  Loop(Random& random, std::size_t objects, Sizes sizes) : base_(random.next()), sizes_(objects) {
    for (std::uint32_t& size : sizes_) { size = sizes.draw(random); }
  }
  Item next(Random&) override {
    at_ = (at_ + 1) % sizes_.size();
    return {base_ + at_, sizes_[at_]};
  }

 private:
  std::uint64_t base_;
  std::vector<std::uint32_t> sizes_;
  std::size_t at_ = 0;
};

// Viewers of films in slices of one size: each begins a film by popularity, takes slices in order
// and leaves after a geometric number of them.  Some 100 watch at a time.
class Viewers : public Source {
 public:
  Viewers(Random& random, std::size_t films, double exponent, std::uint32_t slice)
      : zipf_(films, exponent), base_(random.next()), slice_(slice), viewers_(100) {}
  Item next(Random& random) override {
    Viewer& viewer = viewers_[random.below(viewers_.size())];
    if (viewer.left == 0) {
      viewer.object = base_ + zipf_.draw(random) * 4096;
      viewer.left = 1 + static_cast<std::uint64_t>(exponential(random, 60));
    }
    --viewer.left;
    return {viewer.object++, slice_};
  }

 private:
  struct Viewer {
    std::uint64_t object = 0;
    std::uint64_t left = 0;
  };
  Zipf zipf_;
  std::uint64_t base_;
  std::uint32_t slice_;
  std::vector<Viewer> viewers_;
};

// Objects nobody asks for twice.
class Once : public Source {
 public:
  Once(Random& random, Sizes sizes) : next_(random.next()), sizes_(sizes) {}
  Item next(Random& random) override { return {next_++, sizes_.draw(random)}; }

 private:
  std::uint64_t next_;
  Sizes sizes_;
};

// Several sources; the share of each may go up and down with the time of day.
class Mixture {
 public:
  void add(std::unique_ptr<Source> source, double share, double swing = 0, double phase = 0) {
    parts_.push_back({std::move(source), share, swing, phase});
  }
  // `days`: how many the trace lasts.
  void write(TraceBuilder& out, std::size_t requests, double days, Random& random) {
    std::vector<double> sums(parts_.size());
    for (std::size_t i = 0; i < requests; ++i) {
      const double day = days * static_cast<double>(i) / static_cast<double>(requests);
      double sum = 0;
      for (std::size_t p = 0; p < parts_.size(); ++p) {
        const Part& part = parts_[p];
        const double wave = std::sin(2 * std::numbers::pi * (day + part.phase));
        sum += part.share * (1 + part.swing * wave);
        sums[p] = sum;
      }
      const double at = random.unit() * sum;
      const auto part = std::upper_bound(sums.begin(), sums.end() - 1, at) - sums.begin();
      const Source::Item item = parts_[static_cast<std::size_t>(part)].source->next(random);
      out.add(item.object, item.size);
    }
  }

 private:
  struct Part {
    std::unique_ptr<Source> source;
    double share;
    double swing;
    double phase;
  };
  std::vector<Part> parts_;
};

constexpr Sizes kPages{};
constexpr Sizes kPictures{30e3, 1.0, 0.01, 1.3, 64e6};
constexpr Sizes kDownloads{300e3, 2.2, 0.03, 1.05, 1e9};
constexpr Sizes kMedia{20e3, 1.0, 0.0, 1, 8e6};
constexpr Sizes kSmall{700, 1.2, 0.0, 1, 1e6};

void fixed(Mixture& mixture, Random& random, std::size_t requests, double exponent,
           double correlation) {
  mixture.add(std::make_unique<Catalogue>(random, requests / 4, exponent, kPages, correlation), 1);
}

void shots(Mixture& mixture, Random& random, Shots::Shape shape, Sizes sizes, double share,
           double swing = 0, double phase = 0) {
  mixture.add(std::make_unique<Shots>(random.next(), shape, sizes), share, swing, phase);
}

void mixed(Mixture& mixture, Random& random, std::size_t requests) {
  const auto n = static_cast<double>(requests);
  shots(mixture, random, {0.95, 1e5, n / 10, 3, -0.1}, kPages, 0.45, 0.4);
  mixture.add(std::make_unique<Catalogue>(random, requests / 8, 0.85, kPictures, -0.1), 0.25, 0.3);
  mixture.add(std::make_unique<Once>(random, kPages), 0.1);
  mixture.add(std::make_unique<Viewers>(random, 4000, 0.9, 1 << 20), 0.15, 0.8, 0.5);
  mixture.add(std::make_unique<Catalogue>(random, requests / 50, 0.7, kDownloads, 0), 0.05, 0.5,
              0.5);
}

void fill(Mixture& mixture, Random& random, std::string_view kind, std::size_t requests) {
  const auto n = static_cast<double>(requests);
  if (kind == "zipf06") { return fixed(mixture, random, requests, 0.6, 0); }
  if (kind == "zipf08") { return fixed(mixture, random, requests, 0.8, -0.3); }
  if (kind == "zipf09") { return fixed(mixture, random, requests, 0.9, 0); }
  if (kind == "zipf11") { return fixed(mixture, random, requests, 1.1, 0.3); }
  if (kind == "churn") { return shots(mixture, random, {0.9, 1e5, n / 5, 3, 0}, kPages, 1); }
  if (kind == "burst") { return shots(mixture, random, {1.0, 1e4, n / 50, 4, 0.2}, kDownloads, 1); }
  if (kind == "proxy") {
    shots(mixture, random, {1.4, 1e3, n / 300, 2, 0}, kMedia, 0.30);
    shots(mixture, random, {1.2, 1e4, n / 3, 2, 0}, kMedia, 0.50);
    mixture.add(std::make_unique<Once>(random, kMedia), 0.2);
    return;
  }
  if (kind == "photos") {
    shots(mixture, random, {0.8, 1e4, n / 2, 2, -0.1}, kPictures, 0.7);
    mixture.add(std::make_unique<Once>(random, kPictures), 0.3);
    return;
  }
  if (kind == "video") {
    mixture.add(std::make_unique<Viewers>(random, 8000, 0.8, 2 << 20), 1);
    return;
  }
  if (kind == "scan") {
    mixture.add(std::make_unique<Catalogue>(random, requests / 8, 0.9, kPages, 0), 0.7);
    mixture.add(std::make_unique<Loop>(random, requests / 12, kPages), 0.3);
    return;
  }
  if (kind == "small") {
    shots(mixture, random, {1.1, 1e5, n / 4, 3, 0}, kSmall, 0.5);
    mixture.add(std::make_unique<Catalogue>(random, requests / 10, 0.8, kSmall, 0), 0.4);
    mixture.add(std::make_unique<Loop>(random, requests / 200, kSmall), 0.1);
    return;
  }
  CHECK(kind == "mixed");
  mixed(mixture, random, requests);
}

}  // namespace

const std::vector<Kind>& kinds() {
  static const std::vector<Kind> all = {
      {"zipf06", "a fixed catalogue, Zipf 0.6; pages"},
      {"zipf08", "Zipf 0.8, popular objects smaller"},
      {"zipf09", "Zipf 0.9"},
      {"zipf11", "Zipf 1.1, popular objects larger"},
      {"churn", "objects are born, fade and die; two thirds are asked for once"},
      {"burst", "downloads with short lives, popular ones larger"},
      {"proxy",
       "lives short and long, few asked for often, a fifth just once; sizes within bounds"},
      {"photos", "pictures with long lives, and as many asked for just once"},
      {"video", "viewers of films in slices of 2 MiB"},
      {"scan", "Zipf 0.9 and a crawler that goes round and round"},
      {"small", "objects of about 700 octets: churn, Zipf and a loop"},
      {"mixed", "churn, catalogue, once, video and downloads, by the time of day"},
  };
  return all;
}

Trace make_trace(std::string_view kind, std::size_t requests, std::uint64_t seed) {
  Random random(seed);
  Mixture mixture;
  fill(mixture, random, kind, requests);
  TraceBuilder out;
  mixture.write(out, requests, 4, random);
  return out.take(std::string(kind));
}

}  // namespace bench::cache
