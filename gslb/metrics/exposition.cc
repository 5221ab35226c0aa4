#include "gslb/metrics/exposition.h"

#include <limits>
#include <sstream>

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include "gslb/base/check.h"

namespace gslb::metrics {

struct Exposition::Families {
  std::vector<prometheus::MetricFamily> list;

  void start(const char* name, const char* help, prometheus::MetricType type) {
    drop_if_empty();
    list.push_back({name, help, type, {}});
  }
  void drop_if_empty() {
    if (!list.empty() && list.back().metric.empty()) { list.pop_back(); }
  }
};

Exposition::Exposition() : families_(std::make_unique<Families>()) {}
Exposition::~Exposition() = default;

void Exposition::counter(const char* name, const char* help) {
  families_->start(name, help, prometheus::MetricType::Counter);
}

void Exposition::gauge(const char* name, const char* help) {
  families_->start(name, help, prometheus::MetricType::Gauge);
}

void Exposition::sample(double value, Labels labels) {
  CHECK(!families_->list.empty());
  prometheus::MetricFamily& family = families_->list.back();
  prometheus::ClientMetric& metric = family.metric.emplace_back();
  for (const auto& [name, label] : labels) { metric.label.push_back({name, std::string(label)}); }
  if (family.type == prometheus::MetricType::Counter) {
    metric.counter.value = value;
  } else {
    metric.gauge.value = value;
  }
}

void Exposition::counter(const char* name, const char* help, double value) {
  counter(name, help);
  sample(value);
}

void Exposition::gauge(const char* name, const char* help, double value) {
  gauge(name, help);
  sample(value);
}

void Exposition::histogram(const char* name, const char* help, const std::vector<Bucket>& buckets,
                           double sum) {
  families_->start(name, help, prometheus::MetricType::Histogram);
  auto& histogram = families_->list.back().metric.emplace_back().histogram;
  for (const Bucket& bucket : buckets) {
    histogram.sample_count += bucket.count;
    histogram.bucket.push_back({histogram.sample_count, bucket.upper_bound});
  }
  histogram.bucket.back().upper_bound = std::numeric_limits<double>::infinity();
  histogram.sample_sum = sum;
}

std::string Exposition::text() {
  families_->drop_if_empty();
  std::ostringstream out;
  prometheus::TextSerializer().Serialize(out, families_->list);
  return std::move(out).str();
}

}  // namespace gslb::metrics
