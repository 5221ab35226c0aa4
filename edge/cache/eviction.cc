#include "edge/cache/eviction.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

namespace edge::cache {
namespace {
constexpr std::size_t kSampled = 1024;  // of what waits, in a survey
}

Eviction::Eviction(const ReuseRates& rates, Favour favour) : rates_(rates) {
  for (std::size_t step = 0; step < kSizeSteps; ++step) {
    size_factor_[step] = std::exp2(-favour.exponent * static_cast<float>(step) / 2);
  }
  used_.reserve(queues_.size());
}

std::size_t Eviction::size_step(std::uint64_t octets) noexcept {
  constexpr unsigned kFirst = 7;  // bits of 64
  const auto width = static_cast<unsigned>(std::bit_width(octets));
  if (width < kFirst) { return 0; }
  const std::size_t step = (width - kFirst) * 2 + ((octets >> (width - 2)) & 1U);
  return std::min(step, kSizeSteps - 1);
}

float Eviction::worth(std::size_t queue, Tick last, Tick now) const {
  return rates_.rate(queue / kSizeSteps, age_step(now - last)) * size_factor_[queue % kSizeSteps];
}

Eviction::Handle Eviction::insert(std::uint64_t hash, std::uint64_t octets, Tick now) {
  Handle handle = free_;
  if (handle == kNone) {
    handle = static_cast<Handle>(nodes_.size());
    nodes_.emplace_back();
    ghosts_.make_room_for(2 * nodes_.size());
  } else {
    free_ = nodes_[handle].newer;
  }
  Node& node = nodes_[handle];
  node = {};
  node.hash = hash;
  node.octets = octets;
  node.count = 1;
  node.last = now;
  if (const auto ghost = ghosts_.take(hash)) {
    node.count = ghost->count;
    node.last = ghost->last;
    count_request(node, now);
  }
  ++size_;
  enqueue(handle);
  return handle;
}

void Eviction::count_request(Node& node, Tick now) {
  requests_[count_class(node.count)][age_step(now - node.last)] += 1;
  if (node.count < 255) { ++node.count; }
  node.last = now;
}

void Eviction::touch(Handle handle, Tick now) {
  Node& node = nodes_[handle];
  count_request(node, now);
  node.touched = true;
  if (node.older == kNone) { settle(node.queue); }
}

void Eviction::resize(Handle handle, std::uint64_t octets) {
  Node& node = nodes_[handle];
  node.octets = octets;
  // It is found in its new queue when it gets to the front, unless it is there now.
  node.touched = true;
  if (node.older == kNone) { settle(node.queue); }
}

void Eviction::remove(Handle handle) {
  const std::size_t queue = nodes_[handle].queue;
  unlink(handle);
  settle(queue);
  release(handle);
}

void Eviction::release(Handle handle) {
  nodes_[handle].count = 0;
  nodes_[handle].newer = free_;
  free_ = handle;
  --size_;
}

Eviction::Handle Eviction::coldest(Tick now) {
  float least = std::numeric_limits<float>::infinity();
  Handle coldest = kNone;
  for (std::size_t i = 0; i < used_.size();) {
    Queue& queue = queues_[used_[i]];
    if (queue.oldest == kNone) {
      queue.listed = false;
      used_[i] = used_.back();
      used_.pop_back();
      continue;
    }
    const float here = worth(used_[i], queue.oldest_last, now);
    if (here < least) {
      least = here;
      coldest = queue.oldest;
    }
    ++i;
  }
  return coldest;
}

void Eviction::evict(Handle handle, Tick now) {
  const Node& node = nodes_[handle];
  if (const auto lost = ghosts_.put(node.hash, node.last, node.count, now)) {
    lost_[count_class(lost->count)][age_step(now - lost->last)] += 1;
  }
  remove(handle);
}

void Eviction::survey(ReuseSurvey& into, Tick now) {
  for (std::size_t c = 0; c < kCountClasses; ++c) {
    for (std::size_t a = 0; a < kAgeSteps; ++a) {
      into.requests[c][a] += requests_[c][a];
      into.lost[c][a] += lost_[c][a];
    }
  }
  requests_ = {};
  lost_ = {};
  ++surveys_;
  const auto add = [&](const auto& all) {
    const std::size_t stride = 1 + all.size() / kSampled;
    for (std::size_t i = surveys_ % stride; i < all.size(); i += stride) {
      if (all[i].count == 0) { continue; }
      into.waiting[count_class(all[i].count)][age_step(now - all[i].last)] +=
          static_cast<float>(stride);
    }
  };
  add(nodes_);
  add(ghosts_.slots());
}

void Eviction::enqueue(Handle handle) {
  Node& node = nodes_[handle];
  node.queue =
      static_cast<std::uint16_t>(count_class(node.count) * kSizeSteps + size_step(node.octets));
  node.touched = false;
  Queue& queue = queues_[node.queue];
  node.newer = kNone;
  node.older = queue.newest;
  queue.newest = handle;
  if (node.older != kNone) {
    nodes_[node.older].newer = handle;
    return;
  }
  queue.oldest = handle;
  queue.oldest_last = node.last;
  if (!queue.listed) {
    queue.listed = true;
    used_.push_back(node.queue);  // reserved for all of them
  }
}

void Eviction::unlink(Handle handle) {
  const Node& node = nodes_[handle];
  Queue& queue = queues_[node.queue];
  (node.newer == kNone ? queue.newest : nodes_[node.newer].older) = node.older;
  (node.older == kNone ? queue.oldest : nodes_[node.older].newer) = node.newer;
}

// Whatever has come to the front of a queue was not touched since it was queued.
void Eviction::settle(std::size_t at) {
  Queue& queue = queues_[at];
  while (queue.oldest != kNone && nodes_[queue.oldest].touched) {
    const Handle moved = queue.oldest;
    unlink(moved);
    enqueue(moved);  // clears the mark, so one that stays in this queue ends the loop as well
  }
  if (queue.oldest != kNone) { queue.oldest_last = nodes_[queue.oldest].last; }
}

}  // namespace edge::cache
