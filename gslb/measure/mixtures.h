// Whose clients a resolver asks for, where it doesn't say so itself.
//
// Source: steering.md (1): a resolver without ECS is a mixture of client units.  Mao et al., "A
// Precise and Efficient Evaluation of the Proximity between Web Clients and their Local DNS
// Servers" (USENIX 2002): unique names tie the two together.
//
// Why by the resolver's network and not its unit: geo data put all sites of a public resolver into
// one country, so that its unit is the world, while one /24 is one site.  Why rows of their own
// and not other rows for units: a unit holds clients and resolvers alike, and what is asked with a
// client subnet must not change by what is known of a resolver beside it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gslb/base/clock.h"
#include "gslb/base/ip.h"
#include "gslb/geo/geo_map.h"

namespace gslb::measure {

// What a resolver is known by: its /24 or /48.
Prefix resolver_network(const Address& resolver) noexcept;

struct MixtureShare {
  geo::UnitIndex unit = 0;
  double share = 0;  // of the resolver's clients
};

struct Mixture {
  Prefix resolver;
  geo::UnitIndex home = 0;            // where its address is
  std::vector<MixtureShare> clients;  // most first, never empty; shares add up to 1
  double weight = 0;                  // joins behind it, faded
};

// Rows of the plan behind those of the geo map's units: one a slot, with or without a mixture.
// Immutable; thread-safe.
class ResolverRows {
 public:
  explicit ResolverRows(std::vector<std::optional<Mixture>> slots);

  // The slot of a resolver's network, if it has one.  No allocation, O(1).
  std::optional<std::uint32_t> find(const Address& resolver) const noexcept;
  // Null: a free slot.
  const Mixture* at(std::size_t slot) const noexcept {
    return slots_[slot] ? &*slots_[slot] : nullptr;
  }
  std::size_t slots() const noexcept { return slots_.size(); }
  std::size_t known() const noexcept { return known_; }

 private:
  struct Cell {
    std::uint64_t key = 0;  // 0: free
    std::uint32_t slot = 0;
  };
  std::vector<std::optional<Mixture>> slots_;
  std::size_t known_ = 0;
  std::vector<Cell> table_;  // open addressing; empty when nobody is known
};

// Whether a slot is another resolver's than before.  REQUIRES: equally many slots
bool changes_hands(const ResolverRows& before, const ResolverRows& after, std::size_t slot);

// A beacon's two halves: a client in `client` was sent to us by a resolver.
struct BeaconJoin {
  Prefix resolver;          // resolver_network()
  geo::UnitIndex home = 0;  // where that is
  geo::UnitIndex client = 0;
  WallTime at;
};

// Thread-compatible; deterministic: the same calls give the same slots and shares.
class Mixtures {
 public:
  static constexpr std::size_t kMostResolvers = 4096;  // beyond, the faintest are forgotten
  static constexpr std::size_t kMostClients = 64;      // units of one resolver that are counted
  static constexpr std::size_t kMostPlanned = 16;      // ... and that a plan goes by
  static constexpr double kLeastWeight = 8;            // joins from which on it is believed
  static constexpr double kKeptWeight = 4;             // ... and below which no more
  static constexpr std::chrono::hours kHalfLife{24};

  // `slots`: mixtures that are believed at most.
  Mixtures(const std::vector<geo::Unit>& units, std::size_t slots);

  // What is out of range is left out.
  void add(const BeaconJoin& join);
  // What is believed at `now`; the same object as before while nothing is new.  A resolver keeps
  // its slot while it is believed.
  std::shared_ptr<const ResolverRows> rows(WallTime now);
  std::optional<std::uint32_t> slot_of(const Prefix& resolver) const;
  std::vector<std::optional<Prefix>> resolvers() const;  // by slot
  std::size_t units() const noexcept { return ids_.size(); }
  std::size_t slots() const noexcept { return used_.size(); }
  std::size_t known() const noexcept { return entries_.size(); }

  // A line a resolver: "resolver NETWORK HOME MS UNIT:WEIGHT …", units by their ids, MS of the last
  // join since 1970; those with a slot first, by slot.
  std::string write() const;
  // Adds what such lines tell, so that geo data may have changed.  What has been believed has its
  // slot at once.  Total; returns the number of lines that were of no use.
  std::size_t read(std::string_view text);

 private:
  struct Count {
    geo::UnitIndex unit = 0;
    double weight = 0;  // as of Entry::updated
  };
  struct Entry {
    geo::UnitIndex home = 0;
    WallTime updated{};
    std::vector<Count> clients;  // by unit
    std::optional<std::uint32_t> slot;
  };
  using Entries = std::map<Prefix, Entry>;

  static double keep(WallTime from, WallTime to) noexcept;
  static double weight_of(const Entry& entry) noexcept;
  Entry& entry_of(const Prefix& resolver, WallTime now);
  void take_slot(Entry& entry);
  Mixture mixture_of(const Prefix& resolver, const Entry& entry, WallTime now) const;
  std::string write_line(const Prefix& resolver, const Entry& entry) const;
  bool read_line(std::string_view line, const std::map<std::uint64_t, geo::UnitIndex>& unit_of);

  std::vector<std::uint64_t> ids_;  // of units
  std::vector<bool> used_;          // slots
  Entries entries_;
  std::shared_ptr<const ResolverRows> rows_;
  bool news_ = true;
};

}  // namespace gslb::measure
