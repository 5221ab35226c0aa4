// Hashes of names, built from the root downwards, one label onto the hash of its parent.
//
// Source: wyhash's multiply-and-fold mixer (gslb/base/hash.h).
//
// Why so: tables of names are asked for the suffixes of a QNAME, and one pass over its octets gives
// the hashes of them all.  Not for secrets, and not kept beyond the process.
#pragma once

#include <cstdint>

#include "gslb/base/bytes.h"
#include "gslb/base/hash.h"

namespace gslb::dns {

using NameHash = std::uint64_t;
inline constexpr NameHash kRootHash = 0x9e3779b97f4a7c15ULL;

// Of the name `parent` is the hash of, with one label in front of it.  `label`: its length octet,
// then as many octets, in lower case.
inline NameHash child_hash(NameHash parent, const std::uint8_t* label) noexcept {
  constexpr std::uint64_t kMixer = 0xe7037ed1a0b428dbULL;
  const std::size_t size = label[0] + std::size_t{1};
  NameHash state = parent;
  std::size_t at = 0;
  for (; size - at > 8; at += 8) {
    state = hash_internal::fold(state ^ hash_internal::load_le(label + at), kMixer);
  }
  return hash_internal::fold(state ^ hash_internal::load_le(label + at, size - at), kMixer);
}

}  // namespace gslb::dns
