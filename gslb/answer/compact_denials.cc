#include "gslb/answer/compact_denials.h"

#include <algorithm>
#include <cstring>

#include "gslb/base/hash.h"

namespace gslb::answer {

CompactDenials::Slot& CompactDenials::slot_of(std::uint64_t zone_id, Octets name) const noexcept {
  return slots_[hash_octets(name, zone_id) % slot_count_];
}

bool CompactDenials::find(std::uint64_t zone_id, Octets name, CompactDenial& found) const noexcept {
  const Slot& slot = slot_of(zone_id, name);
  const std::uint64_t version = slot.version.load(std::memory_order_acquire);
  if (version % 2 != 0 || slot.words[0].load(std::memory_order_relaxed) != zone_id) {
    return false;
  }
  const std::uint64_t sizes = slot.words[1].load(std::memory_order_relaxed);
  found.zone_id = zone_id;
  found.name_octets = static_cast<std::uint16_t>(sizes);
  found.nsec_octets = static_cast<std::uint16_t>(sizes >> 16);
  found.signature_octets = static_cast<std::uint16_t>(sizes >> 32);
  found.signatures = static_cast<std::uint16_t>(sizes >> 48);
  const std::size_t size =
      std::size_t{found.name_octets} + found.nsec_octets + found.signature_octets;
  if (found.name_octets != name.size() || size > CompactDenial::kMaxOctets) { return false; }
  for (std::size_t at = 0; at < size; at += 8) {
    const std::uint64_t word = slot.words[2 + at / 8].load(std::memory_order_relaxed);
    std::memcpy(found.octets.data() + at, &word, sizeof word);
  }
  std::atomic_thread_fence(std::memory_order_acquire);
  return slot.version.load(std::memory_order_relaxed) == version &&
         std::ranges::equal(found.name(), name);
}

bool CompactDenials::put(std::uint64_t zone_id, Octets name, Octets nsec, Octets rrsigs) {
  std::array<std::uint64_t, kWords> words{};
  if (name.size() + nsec.size() + rrsigs.size() > CompactDenial::kMaxOctets) { return false; }
  const std::uint64_t signatures = dns::count_records(rrsigs);
  words[0] = zone_id;
  words[1] = name.size() | nsec.size() << 16 | rrsigs.size() << 32 | signatures << 48;
  auto* at = reinterpret_cast<std::uint8_t*>(words.data() + 2);
  for (const Octets part : {name, nsec, rrsigs}) { at = std::ranges::copy(part, at).out; }
  Slot& slot = slot_of(zone_id, name);
  const std::uint64_t version = slot.version.load(std::memory_order_relaxed);
  slot.version.store(version + 1, std::memory_order_relaxed);
  std::atomic_thread_fence(std::memory_order_release);
  for (std::size_t i = 0; i < kWords; ++i) {
    slot.words[i].store(words[i], std::memory_order_relaxed);
  }
  slot.version.store(version + 2, std::memory_order_release);
  return true;
}

}  // namespace gslb::answer
