// RRsets with the signatures over them.
#include <cstring>

#include "gslb/dns/response.h"

namespace gslb::dns {
namespace {

constexpr std::size_t kMaxPointer = 0x3fff;

}  // namespace

bool ResponseWriter::put_signed_rrset(Section section, Octets owner, const RrsetView& set,
                                      const RrsetView* signatures) noexcept {
  if (signatures == nullptr || set.count == 0) { return put_rrset(section, owner, set); }
  if (truncated_) { return false; }
  const std::size_t start = position_;
  const std::size_t mark = names_.mark();
  const auto counts = counts_;
  if (put(section, owner, set) && put_signatures(section, start, owner, *signatures)) {
    return true;
  }
  position_ = start;
  names_.rollback(mark);
  counts_ = counts;
  if (section != Section::kAdditional) { truncated_ = true; }
  return false;
}

// After put() of the RRset they cover at `set_at`: its owner is found again without comparing
// names.
bool ResponseWriter::put_signatures(Section section, std::size_t set_at, Octets owner,
                                    const RrsetView& signatures) noexcept {
  constexpr std::size_t kPointerOctets = 2;
  const bool is_pointer = out_[set_at] >= 0xc0;
  if (!is_pointer && (out_[set_at] == 0 || set_at > kMaxPointer)) {
    return put(section, owner, signatures);
  }
  if (end_ - position_ < kPointerOctets) { return false; }
  const std::size_t owner_at = position_;
  if (is_pointer) {
    std::memcpy(out_ + owner_at, out_ + set_at, kPointerOctets);
  } else {
    store_u16(out_ + owner_at, static_cast<std::uint16_t>(0xc000 | set_at));
  }
  position_ += kPointerOctets;
  if (!put_opaque(owner_at, kPointerOctets, signatures)) { return false; }
  const auto index = static_cast<std::size_t>(section);
  counts_[index] = static_cast<std::uint16_t>(counts_[index] + signatures.count);
  return true;
}

}  // namespace gslb::dns
