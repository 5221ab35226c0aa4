#include "edge/serve/orders.h"

#include <chrono>
#include <utility>

#include "edge/serve/keyed_purge.h"
#include "gslb/base/hash.h"
#include "gslb/base/log.h"

namespace edge::serve {
namespace {

// What is fetched from another edge that has not heard of a purge yet is what was purged: so it is
// purged again when all that are there have heard of it.
constexpr std::chrono::seconds kEcho{3};

std::optional<cache::Purge> as_named(const gslb::fleet::Order& order) {
  using cache::PurgeKind;
  using gslb::fleet::OrderKind;
  switch (order.kind) {
    case OrderKind::kUrl:
    case OrderKind::kPrefix: {
      std::string target = cache::purge_target(order.value);
      if (target.empty()) { return std::nullopt; }
      const bool url = order.kind == OrderKind::kUrl;
      return cache::Purge{url ? PurgeKind::kUrl : PurgeKind::kPrefix, order.soft,
                          std::move(target)};
    }
    case OrderKind::kHost:
      return cache::Purge{PurgeKind::kHost, order.soft, http::to_lower(order.value)};
    case OrderKind::kKey:
      return cache::Purge{PurgeKind::kTag, order.soft, order.value};
    case OrderKind::kAll:
      return cache::Purge{PurgeKind::kAll, order.soft, ""};
    case OrderKind::kPrefetch:
      break;
  }
  return std::nullopt;
}

}  // namespace

std::optional<cache::Purge> purge_of(const config::Config& config,
                                     const gslb::fleet::Order& order) {
  auto purge = as_named(order);
  if (!purge) { return std::nullopt; }
  return keyed(config, *std::move(purge));
}

gslb::fleet::OrdersSeen Orders::seen(const std::string& gslb) const {
  const cache::OrderCursor cursor = purger_.cursor(gslb::hash_text(gslb));
  return {cursor.journal, cursor.seen, empty_ms_};
}

void Orders::take(const std::string& gslb, const gslb::fleet::OrderPage& page,
                  std::function<void(bool)> done) {
  const config::ConfigRef config = config_();
  const cache::OrderCursor cursor{gslb::hash_text(gslb), page.journal, page.seen};
  std::vector<cache::Purge> purges;
  Prefetcher::List list;
  {
    const std::lock_guard lock(mutex_);
    const cache::OrderCursor before = taken_[gslb];
    for (const gslb::fleet::Order& order : page.orders) {
      // A journal that has gone back knows less than was followed: that is no repetition.
      const bool repeated =
          before.journal == page.journal && page.seen >= before.seen && order.id <= before.seen;
      if (repeated) { continue; }
      if (auto purge = purge_of(*config, order)) { purges.push_back(*std::move(purge)); }
      if (order.kind != gslb::fleet::OrderKind::kPrefetch) { continue; }
      if (auto url = parse_prefetch_url(order.value)) { list.urls.push_back(*std::move(url)); }
    }
  }
  if (config->tier && !purges.empty()) {
    purger_.submit_again(purges, std::chrono::steady_clock::now() + kEcho);
  }
  const std::size_t count = purges.size();
  const bool taken = purger_.submit(std::move(purges), cursor, std::move(done));
  if (!taken) { return; }
  prefetcher_.submit(std::move(list));  // what there is no room for is fetched when asked for
  gslb::log_info("purge", "ordered", {{"gslb", gslb}, {"purges", count}, {"seen", page.seen}});
  const std::lock_guard lock(mutex_);
  taken_[gslb] = cursor;
}

}  // namespace edge::serve
