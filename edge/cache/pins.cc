#include "edge/cache/pins.h"

#include <algorithm>

namespace edge::cache {
namespace {

// What is held beside fields and body.
constexpr std::uint64_t kHeldOverhead = sizeof(Object) + sizeof(Body) + 512;

std::uint64_t cost_of(const std::string& key, const Object& object) {
  return kHeldOverhead + key.size() + object.head.fields.memory_octets() +
         object.body->memory_octets();
}

}  // namespace

bool Pins::pin(const std::string& key) {
  const std::lock_guard lock(mutex_);
  if (pinned_.size() >= kMostPins && !pinned_.contains(key)) { return false; }
  pinned_.try_emplace(key);
  count_.store(pinned_.size(), std::memory_order_relaxed);
  return true;
}

bool Pins::unpin(const std::string& key) {
  const std::lock_guard lock(mutex_);
  const auto found = pinned_.find(key);
  if (found == pinned_.end()) { return false; }
  for (const Held& held : found->second) { release(held); }
  pinned_.erase(found);
  count_.store(pinned_.size(), std::memory_order_relaxed);
  return true;
}

void Pins::release(const Held& held) {
  octets_ -= held.octets;
  store_.release(static_cast<std::size_t>(held.octets));
}

ObjectRef Pins::find(const std::string& key, const http::Fields& request) {
  const std::lock_guard lock(mutex_);
  const auto found = pinned_.find(key);
  if (found == pinned_.end()) { return nullptr; }
  for (auto held = found->second.rbegin(); held != found->second.rend(); ++held) {
    if (matches(held->object->variant, request)) { return held->object; }
  }
  return nullptr;
}

void Pins::keep(const std::string& key, const http::Fields& request, const ObjectRef& object) {
  if (!object->body->in_memory()) { return; }
  const std::lock_guard lock(mutex_);
  const auto found = pinned_.find(key);
  if (found == pinned_.end()) { return; }
  HeldList& list = found->second;
  std::erase_if(list, [&](const Held& held) {
    const bool replaced = matches(held.object->variant, request);
    if (replaced) { release(held); }
    return replaced;
  });
  if (list.size() >= kMaxVariants) {
    release(list.front());
    list.erase(list.begin());
  }
  const std::uint64_t octets = cost_of(key, *object);
  if (octets_ + octets > budget_ || !store_.reserve(static_cast<std::size_t>(octets))) {
    ++refused_;
    return;
  }
  octets_ += octets;
  list.push_back({object, octets});
}

void Pins::drop(const std::string& key) {
  const std::lock_guard lock(mutex_);
  const auto found = pinned_.find(key);
  if (found == pinned_.end()) { return; }
  for (const Held& held : found->second) { release(held); }
  found->second.clear();
}

std::vector<Pins::Pinned> Pins::list() const {
  std::vector<Pinned> all;
  const std::lock_guard lock(mutex_);
  for (const auto& [key, list] : pinned_) {
    Pinned pinned{key, list.size(), 0};
    for (const Held& held : list) { pinned.octets += held.octets; }
    all.push_back(std::move(pinned));
  }
  std::sort(all.begin(), all.end(), [](const Pinned& a, const Pinned& b) { return a.key < b.key; });
  return all;
}

Pins::Figures Pins::figures() const {
  const std::lock_guard lock(mutex_);
  return {pinned_.size(), octets_, budget_, refused_};
}

}  // namespace edge::cache
