#include "edge/cache/store.h"

#include <algorithm>
#include <utility>

#include "gslb/base/check.h"
#include "gslb/base/hash.h"

namespace edge::cache {
namespace {

// Beside what is counted one by one: object and body with their control blocks, the body's deque
// (whose first block alone is 512), the record in the eviction's order, a place in the index (both
// with room to grow), and malloc's headers.  bench/cache/store_bench.cc compares it with what is
// really taken.
constexpr std::size_t kEntryOverhead =
    sizeof(Object) + sizeof(Body) + 512 + Eviction::node_octets() + 320;

// Of the budget, left to bodies under way.
constexpr std::uint64_t kUnderWayShare = 32;

std::size_t cost_of(const std::string& key, const Object& object) {
  std::size_t total = kEntryOverhead + key.capacity() + object.head.fields.memory_octets() +
                      object.body->memory_octets();
  for (const http::Field& field : object.variant.selected) {
    total += sizeof(field) + field.name.capacity() + field.value.capacity();
  }
  return total;
}

}  // namespace

Store::Store(std::uint64_t budget_octets, std::size_t shards, Favour favour)
    : budget_(budget_octets), orders_(shards, favour) {
  for (std::size_t i = 0; i < shards; ++i) { shards_.push_back(std::make_unique<Shard>()); }
}

std::size_t Store::shards_for(std::uint64_t budget_octets) {
  return static_cast<std::size_t>(std::clamp<std::uint64_t>(budget_octets >> 24, 1, 64));
}

// The low bits chose the shard, and the high ones are the ghosts' tags.
std::size_t Store::place_of(const Shard& shard, std::uint64_t hash) {
  return (hash >> 16) & (shard.heads.size() - 1);
}

Store::Handle Store::head_of(const Shard& shard, std::uint64_t hash) {
  return shard.heads[place_of(shard, hash)];
}

Store::Found Store::find(const std::string& key, const http::Fields& request) {
  const std::uint64_t hash = gslb::hash_text(key);
  Shard& shard = shard_of(hash);
  Found found;
  {
    const std::lock_guard lock(shard.mutex);
    const Tick now = orders_.tick(hash % shards_.size());
    // The newest comes first; RFC 9111 4.1 wants the most recent of those that match.
    for (Handle at = head_of(shard, hash); at != Eviction::kNone; at = shard.entries[at].next) {
      const Entry& entry = shard.entries[at];
      if (entry.hash != hash || entry.key != key) { continue; }
      found.other_variant = true;
      if (!matches(entry.object->variant, request)) { continue; }
      order_of(hash).touch(at, now);
      found = {entry.object, false};
      break;
    }
  }
  if (orders_.is_learning_due()) { learn(); }
  return found;
}

void Store::insert(const std::string& text, const http::Fields& request, const ObjectRef& object) {
  DCHECK(object->body->complete());
  Newcomer newcomer{{text, gslb::hash_text(text)}, request, object};
  std::uint64_t credit = 0;
  Gone gone;
  while (true) {
    std::uint64_t wanting = 0;
    {
      const std::lock_guard lock(shard_of(newcomer.key.hash).mutex);
      // Each time: a coding may have joined it.
      newcomer.octets = cost_of(text, *object);
      wanting = put(newcomer, credit, gone);
    }
    if (wanting == 0) { break; }
    if (!take(wanting)) {
      // What it would have replaced is out of date all the same.
      give_back(credit);
      remove(text);
      return;
    }
    credit += wanting;
  }
  const std::uint64_t budget = budget_.load(std::memory_order_relaxed);
  const std::uint64_t room = budget - budget / kUnderWayShare;
  while (octets_.load(std::memory_order_relaxed) >
         room + reserved_.load(std::memory_order_relaxed)) {
    if (!evict_one()) { break; }
  }
}

// The variants it replaces, or the oldest when there are too many.
std::vector<Store::Handle> Store::gives_way_to(const Shard& shard, const Newcomer& newcomer,
                                               bool& same) {
  const std::vector<Handle> variants = of_key(shard, newcomer.key);
  std::vector<Handle> replaced;
  for (const Handle handle : variants) {
    const Variant& variant = shard.entries[handle].object->variant;
    if (matches(variant, newcomer.request)) { replaced.push_back(handle); }
  }
  same = !replaced.empty();
  if (!same && variants.size() >= kMaxVariants) { replaced.push_back(variants.back()); }
  return replaced;
}

std::uint64_t Store::put(const Newcomer& newcomer, std::uint64_t credit, Gone& gone) {
  const Key& key = newcomer.key;
  Shard& shard = shard_of(key.hash);
  Eviction& order = order_of(key.hash);
  bool same = false;
  const std::vector<Handle> replaced = gives_way_to(shard, newcomer, same);
  // What is replaced hands its past on; what has to give way does not.
  const Handle kept = same ? replaced.front() : Eviction::kNone;
  std::uint64_t paid = credit;
  for (const Handle handle : replaced) { paid += order.octets_of(handle); }
  if (paid < newcomer.octets) { return newcomer.octets - paid; }
  for (const Handle handle : replaced) {
    gone.push_back(unlink(shard, handle));
    if (handle != kept) { order.remove(handle); }
  }
  if (same) {
    order.resize(kept, newcomer.octets);
    link(shard, kept, key, newcomer.object);
  } else {
    link(shard, order.insert(key.hash, newcomer.octets, orders_.now()), key, newcomer.object);
  }
  give_back(paid - newcomer.octets);
  return 0;
}

void Store::remove(const std::string& text) {
  const Key key{text, gslb::hash_text(text)};
  Gone gone;
  Shard& shard = shard_of(key.hash);
  const std::lock_guard lock(shard.mutex);
  for (const Handle handle : of_key(shard, key)) {
    give_back(order_of(key.hash).octets_of(handle));
    order_of(key.hash).remove(handle);
    gone.push_back(unlink(shard, handle));
  }
}

bool Store::recount(const std::string& text, const Body& body) {
  const Key key{text, gslb::hash_text(text)};
  std::uint64_t credit = 0;
  while (true) {
    std::uint64_t wanting = 0;
    {
      const std::lock_guard lock(shard_of(key.hash).mutex);
      wanting = settle(key, body, credit);
    }
    if (wanting == 0) { return true; }
    if (!take(wanting)) {
      give_back(credit);
      return false;
    }
    credit += wanting;
  }
}

std::uint64_t Store::settle(const Key& key, const Body& body, std::uint64_t credit) {
  const Shard& shard = shard_of(key.hash);
  for (const Handle handle : of_key(shard, key)) {
    const Object& object = *shard.entries[handle].object;
    if (object.body.get() != &body) { continue; }
    const std::uint64_t cost = cost_of(key.text, object);
    const std::uint64_t paid = order_of(key.hash).octets_of(handle) + credit;
    if (paid < cost) { return cost - paid; }
    order_of(key.hash).resize(handle, cost);
    give_back(paid - cost);
    return 0;
  }
  give_back(credit);
  return 0;
}

std::vector<Store::Handle> Store::of_key(const Shard& shard, const Key& key) {
  std::vector<Handle> found;
  for (Handle at = head_of(shard, key.hash); at != Eviction::kNone; at = shard.entries[at].next) {
    const Entry& entry = shard.entries[at];
    if (entry.hash == key.hash && entry.key == key.text) { found.push_back(at); }
  }
  return found;
}

void Store::link(Shard& shard, Handle handle, const Key& key, ObjectRef object) {
  if (handle >= shard.entries.size()) { shard.entries.resize(handle + 1); }
  if (shard.entries.size() > shard.heads.size()) { widen(shard); }
  Entry& entry = shard.entries[handle];
  entry.key = key.text;
  entry.object = std::move(object);
  entry.hash = key.hash;
  push_front(shard, handle);
}

void Store::widen(Shard& shard) {
  const std::vector<Handle> old =
      std::exchange(shard.heads, std::vector<Handle>(2 * shard.heads.size(), Eviction::kNone));
  std::vector<Handle> chain;
  for (Handle at : old) {
    for (; at != Eviction::kNone; at = shard.entries[at].next) { chain.push_back(at); }
    // From the oldest on, so that variants keep their order.
    for (; !chain.empty(); chain.pop_back()) { push_front(shard, chain.back()); }
  }
}

void Store::push_front(Shard& shard, Handle handle) {
  Entry& entry = shard.entries[handle];
  Handle& head = shard.heads[place_of(shard, entry.hash)];
  entry.next = std::exchange(head, handle);
}

ObjectRef Store::unlink(Shard& shard, Handle handle) {
  Entry& entry = shard.entries[handle];
  Handle* link = &shard.heads[place_of(shard, entry.hash)];
  while (*link != handle) { link = &shard.entries[*link].next; }
  *link = entry.next;
  entry.key = {};  // with its memory
  return std::exchange(entry.object, nullptr);
}

void Store::resize(std::uint64_t budget_octets) {
  budget_.store(budget_octets, std::memory_order_relaxed);
  while (octets_.load(std::memory_order_relaxed) > budget_octets && evict_one()) {}
}

bool Store::take(std::uint64_t octets) {
  const std::uint64_t budget = budget_.load(std::memory_order_relaxed);
  if (octets > budget) { return false; }
  std::uint64_t before = octets_.load(std::memory_order_relaxed);
  while (true) {
    if (before > budget - octets) {
      if (!evict_one()) { return false; }
      before = octets_.load(std::memory_order_relaxed);
    } else if (octets_.compare_exchange_weak(before, before + octets, std::memory_order_relaxed)) {
      return true;
    }
  }
}

bool Store::evict_one() {
  for (std::size_t tries = 0; tries < shards_.size(); ++tries) {
    const std::size_t at = orders_.next_to_give();
    Shard& shard = *shards_[at];
    ObjectRef gone;  // freed after the lock is given back
    const std::lock_guard lock(shard.mutex);
    Eviction& order = orders_.order(at);
    const Handle handle = order.coldest(orders_.now());
    if (handle == Eviction::kNone) { continue; }
    give_back(order.octets_of(handle));
    order.evict(handle, orders_.now());
    gone = unlink(shard, handle);
    ++shard.evictions;
    return true;
  }
  return false;
}

bool Store::reserve(std::size_t octets) {
  if (!take(octets)) { return false; }
  reserved_.fetch_add(octets, std::memory_order_relaxed);
  return true;
}

void Store::release(std::size_t octets) {
  DCHECK(reserved_.load(std::memory_order_relaxed) >= octets);
  reserved_.fetch_sub(octets, std::memory_order_relaxed);
  give_back(octets);
}

void Store::learn() {
  orders_.learn([this](std::size_t at, const std::function<void()>& survey) {
    const std::lock_guard lock(shards_[at]->mutex);
    survey();
  });
}

Store::Stats Store::stats() const {
  Stats total;
  total.octets = octets_.load(std::memory_order_relaxed);
  total.budget_octets = budget_;
  for (std::size_t at = 0; at < shards_.size(); ++at) {
    const std::lock_guard lock(shards_[at]->mutex);
    total.objects += orders_.order(at).size();
    total.evictions += shards_[at]->evictions;
  }
  return total;
}

}  // namespace edge::cache
