#include "gslb/transfer/apply.h"

#include <map>
#include <string>
#include <unordered_map>

#include "gslb/transfer/rdata_wire.h"

namespace gslb::transfer {
namespace {

using dns::RrType;

// The records of one owner and type that a difference touches, as they stand after the changes
// made so far.
struct TouchedSet {
  struct Member {
    std::uint32_t ttl_s = 0;
    std::vector<std::uint8_t> rdata;
  };
  dns::Name owner;
  RrType type = RrType::kA;
  std::map<std::vector<std::uint8_t>, Member> members;  // by RDATA in canonical form
};

std::string key_of(Octets lower_owner, RrType type) {
  std::string key(as_text(lower_owner));
  key += static_cast<char>(static_cast<std::uint16_t>(type) >> 8);
  key += static_cast<char>(static_cast<std::uint16_t>(type) & 0xff);
  return key;
}

class Changes {
 public:
  explicit Changes(const zone::Zone& base) : base_(base) {}

  Result<void, ApplyError> apply(const Difference& difference) {
    TouchedSet& soa = touched(difference.old_soa);
    if (soa.members.empty() || read_soa_numbers(soa.members.begin()->second.rdata).serial !=
                                   read_soa_numbers(difference.old_soa.rdata).serial) {
      return Unexpected(ApplyError::kSerial);
    }
    soa.members.clear();
    for (const Record& record : difference.deleted) {
      TouchedSet& set = touched(record);
      if (set.members.erase(fold_rdata(record.type, record.rdata)) == 0) {
        return Unexpected(ApplyError::kMissing);
      }
    }
    for (const Record& record : difference.added) { add(record); }
    add(difference.new_soa);
    return {};
  }

  std::shared_ptr<const zone::Zone> build() const {
    zone::ZoneBuilder builder(base_.apex());
    for (zone::NodeIndex node = 0; node < base_.node_count(); ++node) {
      dns::Name owner;
      bool has_owner = false;  // made only for nodes that have records
      for (std::size_t i = 0; i < base_.rrset_count(node); ++i) {
        const dns::RrsetView set = base_.rrset_at(node, i);
        if (sets_.contains(key_of(base_.owner(node), set.type))) { continue; }
        if (!std::exchange(has_owner, true)) { owner = *dns::Name::from_wire(base_.owner(node)); }
        for (dns::RdataCursor cursor(set); !cursor.done(); cursor.next()) {
          builder.add(owner, set.type, set.ttl_s, cursor.rdata());
        }
      }
    }
    for (const auto& [key, set] : sets_) {
      for (const auto& [folded, member] : set.members) {
        builder.add(set.owner, set.type, member.ttl_s, member.rdata);
      }
    }
    return builder.build();
  }

 private:
  // The set that `record` belongs to, taken from the base when met first.
  TouchedSet& touched(const Record& record) {
    const dns::Name owner = record.owner.lower();
    const auto [at, is_new] = sets_.try_emplace(key_of(owner.wire(), record.type));
    TouchedSet& set = at->second;
    if (!is_new) { return set; }
    set.owner = owner;
    set.type = record.type;
    const zone::NodeIndex node = base_.find_node(owner.wire());
    if (node == zone::kNoNode) { return set; }
    // By position: RRSIG records are several sets (zone.h).
    for (std::size_t i = 0; i < base_.rrset_count(node); ++i) {
      const dns::RrsetView found = base_.rrset_at(node, i);
      if (found.type != record.type) { continue; }
      for (dns::RdataCursor cursor(found); !cursor.done(); cursor.next()) {
        const Octets rdata = cursor.rdata();
        set.members.insert(
            {fold_rdata(record.type, rdata), {found.ttl_s, {rdata.begin(), rdata.end()}}});
      }
    }
    return set;
  }

  void add(const Record& record) {
    touched(record).members[fold_rdata(record.type, record.rdata)] = {record.ttl_s, record.rdata};
  }

  const zone::Zone& base_;
  std::unordered_map<std::string, TouchedSet> sets_;
};

}  // namespace

std::string_view describe(ApplyError error) noexcept {
  switch (error) {
    case ApplyError::kSerial:
      return "a difference does not start at our version";
    case ApplyError::kMissing:
      return "a record to be deleted is not there";
  }
  return "unknown";
}

Result<std::shared_ptr<const zone::Zone>, ApplyError> apply_differences(
    const zone::Zone& base, std::span<const Difference> differences) {
  Changes changes(base);
  for (const Difference& difference : differences) {
    if (const auto done = changes.apply(difference); !done) { return Unexpected(done.error()); }
  }
  return changes.build();
}

}  // namespace gslb::transfer
