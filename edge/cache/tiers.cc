#include "edge/cache/tiers.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace edge::cache {
namespace {

// A head that is fresh for less is not worth writing a body again for.
constexpr std::int64_t kShortLifetime = 60;

// As if its lifetime had ended with the purge, whose number is its time.
ObjectRef stale_since(const Object& object, std::uint64_t purge) {
  const auto purged = gslb::WallTime(std::chrono::microseconds(purge));
  const auto since =
      std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now() - purged);
  const std::int64_t age = age_of(object, std::chrono::steady_clock::now());
  auto copy = std::make_shared<Object>(object);
  const std::int64_t then = std::clamp<std::int64_t>(age - since.count(), 0, age);
  copy->freshness.lifetime_s = std::min(copy->freshness.lifetime_s, then);
  return copy;
}

}  // namespace

Store::Found Tiers::find(const std::string& key, const http::Fields& request) {
  Store::Found found = memory_.find(key, request);
  if (!found.object && has_pins()) { found.object = pins_->find(key, request); }
  if (!found.object) { return found; }
  const ObjectRef stored = found.object;
  if (is_judged_gone(key, found)) {
    remove(key);
    return {};
  }
  if (disk_ == nullptr) { return found; }
  if (!stored->body->can_be_read()) { return {}; }  // evicted from disk meanwhile
  if (found.object == stored && !stored->seen_by_disk.is_set()) { offer(key, request, stored); }
  return found;
}

// What was purged softly is given out as a copy that is stale since then: what is stored stays as
// it is until it is validated, so that nothing newer is ever replaced by it.
bool Tiers::is_judged_gone(const std::string& key, Store::Found& found) {
  const Object& object = *found.object;
  if (purges_ == nullptr || purges_->is_current(object.purged_until)) { return false; }
  const PurgeBook::Judgement judgement =
      purges_->judge(key, object.head.fields, object.purged_until);
  if (judgement.standing == PurgeStanding::kGone) { return true; }
  if (judgement.standing == PurgeStanding::kStale) {
    found.object = stale_since(object, judgement.number);
  }
  return false;
}

void Tiers::offer(const std::string& key, const http::Fields& request, const ObjectRef& object) {
  const std::uint64_t version = versions_.of(disk_->hash_of(key));
  // Looked up again: the version is that of what memory has now.
  const bool still = memory_.find(key, request).object == object;
  if (!still || !KeyVersions::is_steady(version) || !object->seen_by_disk.set()) { return; }
  disk_->put_hit(key, object);
  // Replaced while it was offered: then the disk must not have it.
  if (versions_.of(disk_->hash_of(key)) != version) { disk_->remove(key); }
}

void Tiers::insert(const std::string& key, const http::Fields& request, const ObjectRef& object) {
  if (disk_ == nullptr) {
    insert_in_memory(key, request, object);
    return;
  }
  const KeyVersions::Change change(versions_, disk_->hash_of(key));
  disk_->put(key, object);
  insert_in_memory(key, request, object);
}

void Tiers::insert_in_memory(const std::string& key, const http::Fields& request,
                             const ObjectRef& object) {
  memory_.insert(key, request, object);
  if (has_pins()) { pins_->keep(key, request, object); }
}

bool Tiers::pin(const std::string& key) {
  if (pins_ == nullptr || !pins_->pin(key)) { return false; }
  const ObjectRef stored = memory_.find(key, {}).object;
  if (stored) { pins_->keep(key, {}, stored); }
  return true;
}

void Tiers::remove(const std::string& key) {
  if (has_pins()) { pins_->drop(key); }
  if (disk_ == nullptr) {
    memory_.remove(key);
    return;
  }
  const KeyVersions::Change change(versions_, disk_->hash_of(key));
  disk_->remove(key);
  memory_.remove(key);
}

void Tiers::update(const std::string& key, const http::Fields& request, const ObjectRef& object,
                   const Object& stale) {
  const bool expired = !is_usable(stale.freshness, age_of(stale, object->received), {});
  const bool costly = object->freshness.lifetime_s < kShortLifetime || !object->body->in_memory();
  if (disk_ == nullptr || !expired || !costly || object->variant != stale.variant) {
    insert(key, request, object);
    return;
  }
  const KeyVersions::Change change(versions_, disk_->hash_of(key));
  insert_in_memory(key, request, object);
}

void Tiers::find_on_disk(const std::string& key, const http::Fields& request, Done done) {
  const std::uint64_t hash = disk_->hash_of(key);
  const std::uint64_t version = versions_.of(hash);
  disk_->find(key, request, [=, this, done = std::move(done)](const Disk::Found& found) {
    const bool steady = KeyVersions::is_steady(version) && versions_.of(hash) == version;
    if (!steady) {
      done({});
      return;
    }
    Store::Found given{found.object, found.other_variant};
    if (found.object) {
      if (is_judged_gone(key, given)) {
        remove(key);
        done({});
        return;
      }
      insert_in_memory(key, request, found.object);
      if (versions_.of(hash) != version) {
        memory_.remove(key);
        given = {};
      }
    }
    done(std::move(given));
  });
}

}  // namespace edge::cache
