// The queries one run sends and what a right answer to each of them is.
//
// Source: RFC 1035 4.1 (message, header, question, resource record), 4.1.4 (compression);
// RFC 6891 6.1.1 (OPT comes back); RFC 7871 7.2.1 (so do family, source and address of ECS).
//
// Shares no code with the server on purpose: a bug in a common parser would hide itself.
// File, big-endian: "PXQ1", u32 count, then per query: u16 length, u8 rcode, u8 answer count,
// 4 octets address, `length` octets of the query with ID 0.  255 as rcode or answer count and
// 0.0.0.0 as address mean "not checked".  A query's OPT is its only additional record, and an ECS
// option the first one in it.  bench/peers/workloads.py writes it.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace bench {

using Octets = std::span<const std::uint8_t>;

inline constexpr std::uint8_t kUnchecked = 255;
inline constexpr std::size_t kMaxQueryOctets = 512;
inline constexpr std::size_t kHeaderOctets = 12;

struct Expectation {
  std::uint8_t rcode = kUnchecked;
  std::uint8_t answer_count = kUnchecked;
  std::uint32_t address = 0;  // of the first answer record, host order; 0: not checked
  bool edns = false;          // OPT must come back, with the query's ECS if it had one
};

enum class Verdict : std::uint8_t {
  kRight,
  kHeader,
  kQuestion,
  kRcode,
  kAnswerCount,
  kAddress,
  kEdns
};
inline constexpr const char* kVerdictNames[] = {"right",        "header",  "question", "rcode",
                                                "answer_count", "address", "edns"};
inline constexpr std::size_t kVerdicts = std::size(kVerdictNames);

// Owns the octets of all queries.  Immutable once set up.
class QuerySet {
 public:
  // On failure returns a message and the set is empty; "" on success.
  std::string load(const std::string& path);
  // Forgets what right answers hold: an echo server's pass too.
  void expect_anything() noexcept {
    for (Entry& entry : entries_) { entry.expectation = {}; }
  }

  std::size_t size() const noexcept { return entries_.size(); }
  Octets query(std::size_t index) const noexcept {
    return {file_.data() + entries_[index].offset, entries_[index].length};
  }
  const Expectation& expectation(std::size_t index) const noexcept {
    return entries_[index].expectation;
  }

 private:
  struct Entry {
    std::uint32_t offset;
    std::uint16_t length;
    Expectation expectation;
  };
  std::vector<std::uint8_t> file_;
  std::vector<Entry> entries_;
};

// Compares everything but the ID, which the caller has used to find the query.  Total: never reads
// past the end of `answer`.  The question must come back octet for octet (case included).
Verdict check_answer(Octets query, const Expectation& expectation, Octets answer) noexcept;

// "" or why `query` cannot stand in a set: a plain query with one question and room to compare.
std::string check_query(Octets query);

}  // namespace bench
