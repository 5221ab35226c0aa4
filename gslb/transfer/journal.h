// The last differences of one zone, in memory and in a file.
//
// Source: RFC 1995 5 (purging).
//
// Why a file that may be dropped: without it secondaries fetch the zone whole, which is always
// right.  So anything doubtful in it (a checksum, a gap, another content than the zone has now)
// ends the whole journal with a line in the log, and nothing is repaired.
#pragma once

#include <deque>
#include <optional>
#include <string>

#include "gslb/dns/name.h"
#include "gslb/transfer/journal_entry.h"

namespace gslb::transfer {

// The chain ends at the version served.  Thread-compatible.
class Journal {
 public:
  // `folder` "": nothing is kept on disk.  `max_octets` bounds the file and the memory; 0: no
  // journal at all.
  Journal(const dns::Name& apex, const std::string& folder, std::size_t max_octets);

  // Takes over the file of an earlier run if its chain ends at `serial` and `digest` tells the same
  // content; `digest` is called only when there is such a chain.  Otherwise the file is removed.
  template <typename Digest>
  void restore(std::uint32_t serial, Digest&& digest) {
    if (!load(serial)) { return; }
    if (entries_.back()->digest != digest()) { drop("the zone has another content now"); }
  }

  // Adds the newest difference; the oldest go when there is no room.  One that follows none of the
  // chain's end begins a new chain.
  void append(JournalEntry entry);
  // Drops the oldest until `max_octets` are left.
  void trim(std::size_t max_octets);
  // Empties it; `why` goes to the log unless there was nothing.
  void drop(std::string_view why);

  // Oldest first.
  JournalChain whole_chain() const { return {entries_.begin(), entries_.end()}; }
  // The part of `chain` from the version `serial` on; empty when it isn't there.
  static JournalChain chain_from(const JournalChain& chain, std::uint32_t serial);
  std::size_t octets() const noexcept { return octets_; }
  std::size_t size() const noexcept { return entries_.size(); }

 private:
  bool load(std::uint32_t serial);
  void save_all();
  void drop_oldest(std::size_t max_octets, std::size_t least);
  void append_to_file(const JournalEntry& entry);

  std::string apex_;  // wire
  std::string name_;  // for people
  std::string file_;  // "": none
  std::size_t max_octets_;
  std::deque<std::shared_ptr<const JournalEntry>> entries_;  // oldest first
  std::size_t octets_ = 0;                                   // of the file
};

}  // namespace gslb::transfer
