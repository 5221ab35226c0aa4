// Octets → octets: the query path, a pure function of (snapshot, query, client).
//
// Source: RFC 1034 4.3.2, RFC 1035 4.1, RFC 2308, RFC 4592, RFC 6672, RFC 6891, RFC 7871,
// RFC 8482 (ANY), RFC 8906 (what to do with the unknown), RFC 4892 and 5001 (identity).
//
// The same function serves UDP, TCP, the fuzzer, the scenario tests and explain.  It reads no
// clock, takes no lock, allocates nothing, logs nothing.
#pragma once

#include <cstdint>

#include "gslb/answer/counters.h"
#include "gslb/answer/snapshot.h"
#include "gslb/base/bytes.h"
#include "gslb/base/ip.h"
#include "gslb/dns/query.h"

namespace gslb::answer {

inline constexpr std::size_t kMaxChain = 12;  // CNAMEs and DNAMEs followed in one answer

enum class Transport : std::uint8_t { kUdp = 0, kTcp = 1, kTls = 2 };

// What answer() leaves to its caller, who asks for that with Request::defers.
enum class Deferred : std::uint8_t {
  kNone,
  kSigned,    // TSIG: to be verified and taken off first
  kTransfer,  // AXFR or IXFR; `query` is parsed
  kDenial,    // Scratch::denial is to be signed first, then asked again: Request::awaits_denial
  kSoa,       // perhaps a secondary's: wants Request::expire_s and may_transfer
  kNotify,    // opcode NOTIFY (RFC 1996), signed or not; its question is parsed if there is one
  kDebug,     // TXT below the debug name from somebody allowed: answer_debug()
};

struct Request {
  Octets message;
  Address client;  // source address of the transport: the resolver
  Transport transport = Transport::kUdp;
  bool defers = false;
  bool awaits_denial = false;  // kDenial is welcome
  bool is_second = false;      // after kDenial: not counted as another query
  std::uint32_t now_s = 0;     // Unix time, for cookies; modulo 2^32
  std::uint32_t now_ms = 0;    // of any clock, for rate limits; wraps
  bool may_transfer = false;   // the zone of that name: then its list of who may ask doesn't count
  // How long the data of the zone of that name are good (RFC 7314); nullopt: nobody asked.
  std::optional<std::uint32_t> expire_s = {};
};

// What a worker keeps between queries so that nothing is allocated.  Worker-confined.
struct Scratch {
  explicit Scratch(unsigned worker_index) : worker(worker_index) {}
  unsigned worker;                      // column in the demand and decision counters
  Deferred deferred = Deferred::kNone;  // by the last answer()
  // A compact denial that the last answer() has used or would have liked to, with its name.
  bool wants_denial = false;
  CompactDenial denial;
  zone::RouteIndex route = zone::kNoRoute;  // what decided the last answer(), if one did
  dns::Query query;
  dns::QuestionName name;                    // where a chain has led
  std::array<std::uint8_t, 4 * 18> rdata{};  // addresses of a routed answer
};

// Writes the response into `out` and returns its size; 0 means: send nothing.  For UDP the size is
// within what the query allows.  What is deferred returns 0 and isn't counted.
// REQUIRES: out.size() >= 4096
std::size_t answer(const Snapshot& snapshot, const Request& request, Scratch& scratch,
                   AnswerCounters& counters, MutableOctets out) noexcept;

}  // namespace gslb::answer
