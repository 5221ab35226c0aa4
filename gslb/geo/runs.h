// A step function over one family's address space in floor blocks (/24, /48), and the fold of
// finer ranges down to such blocks.
//
// Why step functions: sources come sorted by address, so refining them against each other is one
// linear sweep over a few million steps, with no table per /24 or /48.
#pragma once

#include <cstdint>
#include <vector>

#include "gslb/geo/record.h"

namespace gslb::geo {

using Wide = unsigned __int128;  // any IPv6 address as a number

// One address family: how wide its addresses are, and the longest prefix sources may ask for.
struct Family {
  int address_bits;
  int floor_bits;
  constexpr int floor_shift() const noexcept { return address_bits - floor_bits; }
  constexpr Wide last_address() const noexcept {
    return address_bits == 128 ? ~Wide{0} : (Wide{1} << address_bits) - 1;
  }
  constexpr std::uint64_t last_block() const noexcept {
    return (std::uint64_t{1} << floor_bits) - 1;
  }
};
constexpr Family kIpv4{32, 24};
constexpr Family kIpv6{128, 48};

// From block `first` until the next run, addresses have this record.
struct Run {
  std::uint64_t first;
  RecordId record;
};

// Runs cover all blocks: sorted, the first at block 0, neighbours differ.  Empty: no data at all.
using Runs = std::vector<Run>;

// Turns ascending, disjoint address ranges into runs.  In a block with several records the one
// holding most of its addresses wins, the first of equals; addresses without data have no vote,
// since to know something of a block is better than nothing.  Thread-compatible.
class FloorFolder {
 public:
  explicit FloorFolder(Family family) : family_(family) {}

  // REQUIRES: last >= first > the `last` of the call before.
  void add(Wide first, Wide last, RecordId record);
  // All that was added; call once, last.
  Runs finish();

 private:
  struct Share {
    RecordId record;
    Wide addresses;
  };
  void vote(std::uint64_t block, Wide addresses, RecordId record);
  void close_block();
  void put(std::uint64_t first, std::uint64_t last, RecordId record);

  Family family_;
  Runs runs_;
  std::uint64_t next_ = 0;  // first block not in runs_
  std::uint64_t open_block_ = 0;
  std::vector<Share> shares_;  // votes of open_block_; empty: none is open
};

// The common refinement; where both have a record, merge(primary, secondary).  Linear.
Runs merge_runs(Runs primary, const Runs& secondary, RecordTable& records);

}  // namespace gslb::geo
