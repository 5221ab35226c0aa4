#include "edge/serve/range_plan.h"

#include <chrono>

#include "edge/cache/parts.h"
#include "edge/cache/slices.h"

namespace edge::serve {

std::string lane_of(const FetchPlan& plan) { return plan.stale ? "" : plan.ask.range; }

bool part_answers(const cache::Object& part, const http::RequestHead& request) {
  const auto decision = http::decide_range(request.fields, part.head.fields, part.part->total,
                                           std::chrono::system_clock::now());
  return decision.kind == http::RangeKind::kUnsatisfiable ||
         (decision.kind == http::RangeKind::kPartial && cache::holds(part, decision.ranges));
}

void plan_rest(FetchPlan& plan, const cache::ObjectRef& part) {
  const auto now = std::chrono::system_clock::now();
  const auto stored = cache::extent_of(*part);
  const auto validator = http::strong_validator(part->head.fields, now);
  if (!stored || !validator) { return; }
  plan.part = part;
  http::ByteRange wanted{0, part->part->total - 1};
  if (!plan.ask.range.empty()) {
    const auto decision =
        http::decide_range(plan.request.fields, part->head.fields, part->part->total, now);
    if (decision.kind != http::RangeKind::kPartial) { return; }
    wanted = decision.ranges.front();
  }
  if (const auto missing = cache::missing_of(*stored, wanted)) {
    plan.ask = {http::range_of(*missing), *validator};
    plan.rest_only = true;
  }
}

void align_to_slices(FetchPlan& plan) {
  const std::vector<http::RangeSpec> ranges = http::parse_range(plan.request.fields);
  const config::Slices& slices = plan.config->cache.slices;
  if (!slices.enabled || !plan.origin->slices || ranges.size() != 1 ||
      plan.request.fields.has("If-Range")) {
    return;
  }
  const auto aligned = cache::aligned_range(ranges.front(), slices.octets);
  if (aligned) { plan.ask.range = *aligned; }
}

}  // namespace edge::serve
