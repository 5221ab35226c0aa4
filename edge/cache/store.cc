#include "edge/cache/store.h"

#include <algorithm>

#include "gslb/base/check.h"
#include "gslb/base/hash.h"

namespace edge::cache {
namespace {

// Beside the octets counted one by one: list node, map node with its copy of the key, vector of
// iterators, object and body with their control blocks, the body's deque (whose first block alone
// is 512) and malloc's headers.
constexpr std::size_t kEntryOverhead =
    sizeof(Object) + sizeof(Body) + 512 /* deque block */ + 256 /* nodes and headers */;

std::size_t cost_of(const std::string& key, const Object& object) {
  std::size_t total = kEntryOverhead + 2 * key.capacity() + object.head.fields.memory_octets() +
                      object.body->memory_octets();
  for (const http::Field& field : object.variant.selected) {
    total += sizeof(field) + field.name.capacity() + field.value.capacity();
  }
  return total;
}

}  // namespace

Store::Store(std::uint64_t budget_octets, std::size_t shards)
    : shard_budget_(budget_octets / shards) {
  for (std::size_t i = 0; i < shards; ++i) { shards_.push_back(std::make_unique<Shard>()); }
}

Store::Shard& Store::shard_of(const std::string& key) {
  return *shards_[gslb::hash_text(key) % shards_.size()];
}

Store::Found Store::find(const std::string& key, const http::Fields& request) {
  Shard& shard = shard_of(key);
  const std::lock_guard lock(shard.mutex);
  const auto variants = shard.index.find(key);
  if (variants == shard.index.end()) { return {}; }
  // The newest is last; RFC 9111 4.1 wants the most recent of those that match.
  for (auto entry = variants->second.rbegin(); entry != variants->second.rend(); ++entry) {
    if (!matches((*entry)->object->variant, request)) { continue; }
    (*entry)->visited = true;
    return {(*entry)->object, false};
  }
  return {nullptr, true};
}

void Store::insert(const std::string& key, const http::Fields& request, ObjectRef object) {
  DCHECK(object->body->complete());
  const std::size_t octets = cost_of(key, *object);
  Shard& shard = shard_of(key);
  const std::lock_guard lock(shard.mutex);
  drop_replaced(shard, key, request);
  if (!make_room(shard, octets)) { return; }
  shard.queue.push_front({key, std::move(object), octets, false});
  shard.octets += octets;
  shard.index[key].push_back(shard.queue.begin());
}

void Store::drop_replaced(Shard& shard, const std::string& key, const http::Fields& request) {
  const auto variants = shard.index.find(key);
  if (variants == shard.index.end()) { return; }
  std::vector<Queue::iterator> gone;
  for (const Queue::iterator entry : variants->second) {
    if (matches(entry->object->variant, request)) { gone.push_back(entry); }
  }
  if (gone.empty() && variants->second.size() >= kMaxVariants) {
    gone.push_back(variants->second.front());
  }
  for (const Queue::iterator entry : gone) { erase(shard, entry); }
}

void Store::remove(const std::string& key) {
  Shard& shard = shard_of(key);
  const std::lock_guard lock(shard.mutex);
  const auto variants = shard.index.find(key);
  if (variants == shard.index.end()) { return; }
  const std::vector<Queue::iterator> all = variants->second;
  for (const Queue::iterator entry : all) { erase(shard, entry); }
}

bool Store::reserve(const std::string& key, std::size_t octets) {
  Shard& shard = shard_of(key);
  const std::lock_guard lock(shard.mutex);
  if (!make_room(shard, octets)) { return false; }
  shard.octets += octets;
  return true;
}

void Store::release(const std::string& key, std::size_t octets) {
  Shard& shard = shard_of(key);
  const std::lock_guard lock(shard.mutex);
  DCHECK(shard.octets >= octets);
  shard.octets -= octets;
}

void Store::erase(Shard& shard, Queue::iterator entry) {
  auto variants = shard.index.find(entry->key);
  std::erase(variants->second, entry);
  if (variants->second.empty()) { shard.index.erase(variants); }
  shard.octets -= entry->octets;
  // The hand moves from old to new, against the list's order; past the newest it starts again.
  if (shard.hand == entry) {
    shard.hand = entry == shard.queue.begin() ? shard.queue.end() : std::prev(entry);
  }
  shard.queue.erase(entry);
}

bool Store::make_room(Shard& shard, std::size_t octets) {
  if (octets > shard_budget_) { return false; }
  while (shard.octets + octets > shard_budget_) {
    if (shard.queue.empty()) { return false; }
    if (shard.hand == shard.queue.end()) { shard.hand = std::prev(shard.queue.end()); }
    // Each pass clears bits, so this ends within two rounds.
    if (shard.hand->visited) {
      shard.hand->visited = false;
      shard.hand = shard.hand == shard.queue.begin() ? shard.queue.end() : std::prev(shard.hand);
      continue;
    }
    erase(shard, shard.hand);
    ++shard.evictions;
  }
  return true;
}

Store::Stats Store::stats() const {
  Stats total;
  for (const auto& shard : shards_) {
    const std::lock_guard lock(shard->mutex);
    total.octets += shard->octets;
    total.objects += shard->queue.size();
    total.evictions += shard->evictions;
    total.budget_octets += shard_budget_;
  }
  return total;
}

}  // namespace edge::cache
