#include "edge/tier/rendezvous.h"

#include <cmath>

#include "gslb/base/hash.h"

namespace edge::tier {
namespace {

// All edges have to agree on these, whatever their version.
constexpr std::uint64_t kMemberSeed = 0x7469'6572'6d65'6d62ULL;
constexpr std::uint64_t kKeySeed = 0x7469'6572'6b65'7973ULL;

}  // namespace

std::uint64_t member_id(std::string_view name) noexcept {
  return gslb::hash_text(name, kMemberSeed);
}

std::uint64_t key_hash(std::string_view key) noexcept { return gslb::hash_text(key, kKeySeed); }

double rendezvous_score(std::uint64_t key, std::uint64_t member, double weight) noexcept {
  // 53 bits, and never 0 or 1.
  const auto drawn = static_cast<double>(gslb::hash_combine(key, member) >> 11) + 0.5;
  return -weight / std::log(drawn * 0x1p-53);
}

}  // namespace edge::tier
