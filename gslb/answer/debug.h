// Decisions told by DNS: TXT at www.cdn.example.explain.ops.example says why www.cdn.example is
// answered as it is, to those who may know.
//
// Source: RFC 1035 3.3.14 (TXT), RFC 8914 (EDE 18 for others).
//
// Why beside the query path: it allocates and takes as long as explain() does.  answer() leaves
// such a query to its caller (Deferred::kDebug), and pays for that with one comparison a TXT query.
#pragma once

#include <memory>
#include <vector>

#include "gslb/answer/answer.h"
#include "gslb/answer/explain.h"
#include "gslb/base/prefix_set.h"
#include "gslb/steer/cost.h"

namespace gslb::answer {

// Immutable; thread-safe; part of a snapshot.
struct Debug {
  std::vector<std::uint8_t> name;  // lower-case wire form
  PrefixSet allow;
  std::shared_ptr<const steer::CostModel> costs;  // of the snapshot's plan, as price_ms
  std::vector<double> price_ms;

  // True for TXT at a name below `name`.
  bool is_asked(const dns::Query& query) const noexcept;
};

// The decision in strings for people, most important first; each at most 255 octets.  Allocates.
std::vector<std::string> debug_strings(const Explanation& explanation);

// Answers what answer() has just left as Deferred::kDebug: one TXT record of many strings, TTL 0,
// without signatures.  Writes as answer() does.  Allocates.  REQUIRES: snapshot.debug
std::size_t answer_debug(const Snapshot& snapshot, const Request& request, Scratch& scratch,
                         AnswerCounters& counters, MutableOctets out);

}  // namespace gslb::answer
