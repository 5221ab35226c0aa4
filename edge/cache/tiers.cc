#include "edge/cache/tiers.h"

#include <utility>

namespace edge::cache {
namespace {

// A head that is fresh for less is not worth writing a body again for.
constexpr std::int64_t kShortLifetime = 60;

}  // namespace

Store::Found Tiers::find(const std::string& key, const http::Fields& request) {
  Store::Found found = memory_.find(key, request);
  if (disk_ == nullptr || !found.object) { return found; }
  if (!found.object->body->can_be_read()) { return {}; }  // evicted from disk meanwhile
  if (!found.object->seen_by_disk.is_set()) { offer(key, request, found.object); }
  return found;
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
    memory_.insert(key, request, object);
    return;
  }
  const KeyVersions::Change change(versions_, disk_->hash_of(key));
  disk_->put(key, object);
  memory_.insert(key, request, object);
}

void Tiers::remove(const std::string& key) {
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
  memory_.insert(key, request, object);
}

void Tiers::find_on_disk(const std::string& key, const http::Fields& request, Done done) {
  const std::uint64_t hash = disk_->hash_of(key);
  const std::uint64_t version = versions_.of(hash);
  disk_->find(key, request, [=, this, done = std::move(done)](Disk::Found found) {
    const bool steady = KeyVersions::is_steady(version) && versions_.of(hash) == version;
    if (!steady) {
      done({});
      return;
    }
    if (found.object) {
      memory_.insert(key, request, found.object);
      if (versions_.of(hash) != version) {
        memory_.remove(key);
        found = {};
      }
    }
    done({std::move(found.object), found.other_variant});
  });
}

}  // namespace edge::cache
