#include "gslb/dns/compression.h"

#include <algorithm>
#include <cstring>

#include "gslb/base/check.h"
#include "gslb/base/hash.h"
#include "gslb/dns/query.h"

namespace gslb::dns {
namespace {

constexpr std::size_t kMaxPointer = 0x3fff;
constexpr std::uint16_t kPointerMark = 0xc000;

// The octets of a label in lower case, mixed into `state`: words, the last one overlapping.
std::uint64_t hash_label(const std::uint8_t* label, std::size_t size,
                         std::uint64_t state) noexcept {
  constexpr std::uint64_t kMixer = 0x9e3779b97f4a7c15ULL;
  std::uint64_t word = 0;
  if (size >= 8) {
    for (std::size_t at = 0; at + 8 < size; at += 8) {
      state = hash_internal::fold(state ^ ascii_lower8(load_word(label + at)), kMixer);
    }
    word = load_word(label + size - 8);
  } else if (size >= 4) {
    word = (std::uint64_t{load_u32(label)} << 32) | load_u32(label + size - 4);
  } else {
    word =
        (std::uint64_t{label[0]} << 16) | (std::uint64_t{label[size / 2]} << 8) | label[size - 1];
  }
  return hash_internal::fold(state ^ ascii_lower8(word), kMixer + (size << 1));
}

}  // namespace

// Label starts of one name and the hash of the suffix at each.
struct NameCompressor::Suffixes {
  std::array<std::uint8_t, kMaxLabels + 1> offsets;
  std::array<std::uint32_t, kMaxLabels> hashes;
  std::size_t count = 0;
};

void NameCompressor::index(Octets name, Suffixes* suffixes) noexcept {
  std::size_t count = 0;
  for (std::size_t at = 0; name[at] != 0; at += name[at] + 1U) {
    suffixes->offsets[count++] = static_cast<std::uint8_t>(at);
  }
  suffixes->count = count;
  std::uint64_t state = 1;
  for (std::size_t i = count; i-- > 0;) {
    const std::uint8_t* const label = name.data() + suffixes->offsets[i];
    state = hash_label(label + 1, label[0], state);
    suffixes->hashes[i] = static_cast<std::uint32_t>(state ^ (state >> 32));
  }
}

// Where `name` stands as a suffix of the QNAME in the question, 0 when it is none (or the root).
std::size_t NameCompressor::offset_in_question(Octets name) const noexcept {
  if (name.size() > qname_.size() || name.size() == 1) { return 0; }
  const std::size_t skipped = qname_.size() - name.size();
  std::size_t label = 0;
  while (qname_.label_offset(label) < skipped) { ++label; }
  if (qname_.label_offset(label) != skipped) { return 0; }
  const std::uint8_t* const suffix = qname_.wire().data() + skipped;
  if (suffix != name.data() && !equal_ignoring_case(suffix, name.data(), name.size())) { return 0; }
  return kHeaderOctets + skipped;
}

// Clears the table and enters the QNAME's suffixes, the shortest first: they are shared most.
void NameCompressor::start() noexcept {
  started_ = true;
  buckets_.fill(0);
  Suffixes suffixes;
  index(qname_.wire(), &suffixes);
  const std::size_t entered = std::min(suffixes.count, kMaxQnameTargets);
  for (std::size_t i = 1; i <= entered; ++i) {
    const std::size_t label = suffixes.count - i;
    insert(suffixes.hashes[label], kHeaderOctets + suffixes.offsets[label]);
  }
}

// Whether the name in the message at `offset` is `suffix`.  Offsets come from insert() and pointers
// from put(), so every pointer leads backwards and into the message.
bool NameCompressor::stands_at(std::size_t offset, Octets suffix) const noexcept {
  const std::uint8_t* wanted = suffix.data();
  for (;;) {
    const std::uint8_t* label = message_ + offset;
    if (label[0] >= 0xc0) {
      offset = load_u16(label) & kMaxPointer;
      continue;
    }
    if (label[0] != wanted[0]) { return false; }
    if (label[0] == 0) { return true; }
    if (!equal_ignoring_case(label + 1, wanted + 1, label[0])) { return false; }
    offset += label[0] + 1U;
    wanted += label[0] + 1U;
  }
}

// Offset of `suffix` in the message, 0 when it is not there.
std::size_t NameCompressor::find(std::uint32_t hash, Octets suffix) const noexcept {
  const auto tag = static_cast<std::uint16_t>(hash >> 16);
  for (std::size_t link = buckets_[hash % kBuckets]; link != 0; link = targets_[link - 1].next) {
    const Target& target = targets_[link - 1];
    if (target.tag == tag && stands_at(target.offset, suffix)) { return target.offset; }
  }
  return 0;
}

void NameCompressor::insert(std::uint32_t hash, std::size_t offset) noexcept {
  if (target_count_ == kMaxTargets || offset > kMaxPointer) { return; }
  std::uint8_t& newest = buckets_[hash % kBuckets];
  targets_[target_count_] = {static_cast<std::uint16_t>(offset),
                             static_cast<std::uint16_t>(hash >> 16), newest};
  newest = static_cast<std::uint8_t>(++target_count_);
}

void NameCompressor::rollback(std::size_t mark) noexcept {
  if (!started_ || mark == target_count_) { return; }
  // Rare (an RRset did not fit).  Newer targets stand before older ones in their bucket.
  for (std::uint8_t& newest : buckets_) {
    while (newest > mark) { newest = targets_[newest - 1U].next; }
  }
  target_count_ = mark;
}

std::size_t NameCompressor::put(Octets name, std::size_t position, std::size_t room) noexcept {
  DCHECK(wire_name_size(name) == name.size());
  const std::size_t in_question = offset_in_question(name);
  if (in_question != 0) {
    if (room < 2) { return 0; }
    store_u16(message_ + position, static_cast<std::uint16_t>(kPointerMark | in_question));
    return 2;
  }
  if (name.size() == 1) {  // the root is shorter than a pointer to it
    if (room < 1) { return 0; }
    message_[position] = 0;
    return 1;
  }

  if (!started_) { start(); }
  Suffixes suffixes;
  index(name, &suffixes);
  std::size_t pointer = 0;
  std::size_t literal = 0;  // labels that are written out
  for (; literal < suffixes.count; ++literal) {
    pointer = find(suffixes.hashes[literal], name.subspan(suffixes.offsets[literal]));
    if (pointer != 0) { break; }
  }
  const std::size_t copied = pointer == 0 ? name.size() : suffixes.offsets[literal];
  const std::size_t needed = copied + (pointer == 0 ? 0 : 2);
  if (needed > room) { return 0; }
  std::memcpy(message_ + position, name.data(), copied);
  if (pointer != 0) {
    store_u16(message_ + position + copied, static_cast<std::uint16_t>(kPointerMark | pointer));
  }
  for (std::size_t i = literal; i-- > 0;) {
    insert(suffixes.hashes[i], position + suffixes.offsets[i]);
  }
  return needed;
}

}  // namespace gslb::dns
