// Collects metric families in the order they are to be shown and writes them as text.
//
// Source: Prometheus exposition format 0.0.4.
//
// Why not prometheus-cpp's registry: the counters are the workers' own atomics, read once a scrape;
// only its data model and its writer are used, and this header keeps them out of the other files.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gslb::metrics {

using Labels = std::initializer_list<std::pair<const char*, std::string_view>>;

// Thread-compatible.  A family without samples is not shown.
class Exposition {
 public:
  Exposition();
  ~Exposition();
  Exposition(const Exposition&) = delete;
  Exposition& operator=(const Exposition&) = delete;

  // Starts a family; the samples that follow are its own.  REQUIRES: a name not used before.
  void counter(const char* name, const char* help);
  void gauge(const char* name, const char* help);
  // One of a counter or a gauge.  REQUIRES: no two samples of a family with equal labels.
  void sample(double value, Labels labels = {});
  // A gauge or a counter that has no labels.
  void gauge(const char* name, const char* help, double value);
  void counter(const char* name, const char* help, double value);

  struct Bucket {
    double upper_bound = 0;  // inclusive
    std::uint64_t count = 0;
  };
  // A family of one histogram.  `buckets` in ascending order, not cumulative; the last one's bound
  // is taken for +Inf.
  void histogram(const char* name, const char* help, const std::vector<Bucket>& buckets,
                 double sum);

  std::string text();

 private:
  struct Families;
  std::unique_ptr<Families> families_;
};

}  // namespace gslb::metrics
