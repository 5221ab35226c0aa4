#include "gslb/dnssec/compact.h"

#include "gslb/dnssec/chain.h"
#include "gslb/zone/nsec3_hash.h"

namespace gslb::dnssec {
namespace {

using dns::RrType;
using zone::Found;

// Appends the types in the bitmap of the node's own NSEC3.  False: it has none.
bool append_types(const zone::Zone& zone, zone::NodeIndex node, std::vector<RrType>& types) {
  const zone::Nsec3Place place = zone.nsec3_of(node);
  const auto set = place.matches ? zone.rrset(place.node, RrType::kNsec3) : std::nullopt;
  if (!set) { return false; }
  const Octets rdata = dns::RdataCursor(*set).rdata();
  // Algorithm, flags, iterations, salt, next hash (RFC 5155 3.2).
  std::size_t at = 6U + rdata[4] + sizeof(zone::Nsec3Hash);
  for (; at + 2 <= rdata.size(); at += std::size_t{2} + rdata[at + 1]) {
    for (unsigned bit = 0; bit < 8U * rdata[at + 1]; ++bit) {
      if ((rdata[at + 2 + bit / 8] & (0x80U >> bit % 8)) != 0) {
        types.push_back(static_cast<RrType>(rdata[at] * 256U + bit));
      }
    }
  }
  return true;
}

}  // namespace

std::optional<Buffer> compact_nsec(const zone::Zone& zone, const dns::QuestionName& name) {
  const Found found = zone::find(zone, name, RrType::kDs);
  std::vector<RrType> types = {RrType::kRrsig, RrType::kNsec};
  bool is_cut = false;
  switch (found.kind) {
    case Found::Kind::kExact:
      is_cut = zone.has_cut(found.node);
      [[fallthrough]];
    case Found::Kind::kWildcard:
      if (!append_types(zone, found.node, types)) { return std::nullopt; }
      break;
    case Found::Kind::kNxDomain:
      types.push_back(RrType::kNxname);
      break;
    case Found::Kind::kDelegation:
    case Found::Kind::kDname:
      return std::nullopt;
  }
  const Octets wire = name.wire();
  Buffer rdata;
  if (is_cut) {
    // What follows the cut immediately belongs to the child: a zero at the end of its own label.
    if (wire[0] == dns::kMaxLabelOctets) { return std::nullopt; }
    rdata.push_back(static_cast<std::uint8_t>(wire[0] + 1));
    rdata.insert(rdata.end(), wire.begin() + 1, wire.begin() + 1 + wire[0]);
    rdata.push_back(0);
    rdata.insert(rdata.end(), wire.begin() + 1 + wire[0], wire.end());
  } else {
    rdata = {1, 0};
    rdata.insert(rdata.end(), wire.begin(), wire.end());
  }
  if (rdata.size() > dns::kMaxNameOctets || name.label_count() + 1 > dns::kMaxLabels) {
    return std::nullopt;
  }
  append_type_bitmap(std::move(types), rdata);
  return rdata;
}

}  // namespace gslb::dnssec
