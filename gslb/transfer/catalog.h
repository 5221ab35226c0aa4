// A catalog zone read: which zones it lists, and how the list is followed.
//
// Source: RFC 9432 4 (schema), 5 (nameserver behaviour).
//
// Why a list of differences comes out: what a consumer has to do is add, remove and reset zones,
// and the rules of ownership decide which; that is a pure function of two memberships.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "gslb/base/result.h"
#include "gslb/zone/zone.h"

namespace gslb::transfer {

enum class CatalogError : std::uint8_t {
  kVersion,    // no version property, more than one, or none that we know ("2")
  kMember,     // a member node without exactly one good PTR
  kDuplicate,  // the same zone listed twice
  kOwnership,  // a coo property that isn't exactly one PTR
};
std::string_view describe(CatalogError error) noexcept;

struct CatalogMember {
  dns::Name zone;                         // lower case
  std::string unique_id;                  // the label; another one resets the zone (5.4)
  std::vector<std::string> groups;        // sorted
  std::optional<dns::Name> next_catalog;  // coo: who may take it over (4.4.1)
};

// The members of `catalog`, in canonical order of their names.  Any fault makes all of it void
// (5.1): the caller keeps the membership it has.
Result<std::vector<CatalogMember>, CatalogError> read_catalog(const zone::Zone& catalog);

// What catalogs list, all together.  Thread-compatible.
class CatalogMembership {
 public:
  struct Owned {
    dns::Name catalog;
    CatalogMember member;
  };
  struct Changes {
    std::vector<dns::Name> added;    // newly served
    std::vector<dns::Name> removed;  // no more; their data are to be forgotten
    std::vector<dns::Name> reset;    // still served, their data are to be fetched anew
    std::vector<dns::Name> changed;  // groups or catalog: settings may differ, data stay
    std::vector<dns::Name> refused;  // listed, but another catalog's and not handed over
  };

  // `catalog` now lists `members`.  A zone that another catalog owns changes hands only when that
  // one says so by its coo property (4.4.1).
  Changes update(const dns::Name& catalog, const std::vector<CatalogMember>& members);

  // By zone.
  const std::map<dns::Name, Owned>& members() const noexcept { return members_; }
  // Of one catalog.
  std::vector<dns::Name> members_of(const dns::Name& catalog) const;

 private:
  std::map<dns::Name, Owned> members_;
};

}  // namespace gslb::transfer
