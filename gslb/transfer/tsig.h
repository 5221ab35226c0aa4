// Transaction signatures: who sent a DNS message, over its octets as they travel.
//
// Source: RFC 8945.  Section numbers in this file refer to it.
//
// Why octets and not records: a message that was read and written again need not be the message
// that was signed (case, compression, order).  So the record is found, taken off and appended in
// place, and nothing else is touched.  Time is an argument.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gslb/base/bytes.h"
#include "gslb/base/clock.h"
#include "gslb/base/problem.h"
#include "gslb/base/result.h"
#include "gslb/config/transfer.h"
#include "gslb/dns/name.h"
#include "gslb/dns/types.h"

namespace gslb::transfer {

class Hmac;

inline constexpr std::uint16_t kTsigFudgeS = 300;  // 10
inline constexpr unsigned kMaxUnsigned = 99;       // messages in a row, 5.3.1

// A message authentication code.  Value.
struct Mac {
  std::array<std::uint8_t, 64> data{};
  std::size_t size = 0;  // 0: none
  Octets octets() const noexcept { return {data.data(), size}; }
};

struct TsigKey {
  dns::Name name;  // lower case
  config::TsigAlgorithm algorithm = config::TsigAlgorithm::kHmacSha256;
  std::string secret;  // raw octets
};

// All keys of a configuration.  Immutable; thread-safe.
class Keyring {
 public:
  Keyring() = default;
  // A name that is no domain name is reported at its place and left out.
  Keyring(const std::vector<config::TsigKey>& keys, Problems& problems);

  // Null when there is none.  Case makes no difference.
  const TsigKey* find(const dns::Name& name) const noexcept;
  bool empty() const noexcept { return keys_.empty(); }

 private:
  std::vector<TsigKey> keys_;
};

// What is wrong with a signature.
enum class TsigFault : std::uint8_t {
  kMissing,    // unsigned where a signature must be
  kMalformed,  // not last, twice, cut off, MAC of an impossible length: FORMERR, unsigned
  kBadKey,     // unknown key, or not its algorithm (5.2.1)
  kBadSig,     // (5.2.2)
  kBadTime,    // (5.2.3)
  kBadTrunc,   // the MAC is right but cut shorter than we take: less than whole (5.2.4)
};
// "BADKEY".
std::string_view to_string(TsigFault fault) noexcept;

// A TSIG record as it stands in a message.  Views into the message.
struct TsigRecord {
  std::size_t at = 0;        // where the record begins: the octets before it are what is signed
  dns::Name key;             // lower case
  dns::Name algorithm;       // lower case
  std::uint64_t time_s = 0;  // 48 bits
  std::uint16_t fudge_s = 0;
  Octets mac;
  std::uint16_t original_id = 0;
  std::uint16_t error = 0;
  Octets other;
};

// The TSIG record of `message`, nullopt when there is none; kMalformed when a record before it is
// cut off, or as kMalformed says.  Total: reads nothing past the end.
Result<std::optional<TsigRecord>, TsigFault> find_tsig(Octets message);

// What checking a signed request gave, and what its response needs.  Value.
struct SignedRequest {
  std::optional<TsigFault> fault;  // nullopt: the signature is good
  const TsigKey* key = nullptr;    // null with kMissing, kMalformed and kBadKey; the keyring's
  std::size_t size = 0;            // of the message without its TSIG record
  Mac mac;
  // As sent, for the record of an unsigned error response.
  dns::Name key_name;
  dns::Name algorithm_name;
  std::uint64_t time_s = 0;

  bool good() const noexcept { return !fault.has_value(); }
};

// Checks the request in `message` and takes the TSIG record off: its first `size` octets are then
// the request without it (ARCOUNT less one), whatever the verdict but for kMalformed, which leaves
// all as it is.  A message without TSIG is kMissing.
SignedRequest check_request(MutableOctets message, const Keyring& keys, WallTime now);

// The RCODE of the response to a request with that fault: FORMERR or NOTAUTH (5.2).
dns::Rcode rcode_of(TsigFault fault) noexcept;

// Signs a request, or the one or many messages of a response.  Thread-confined.
class TsigSigner {
 public:
  // `prior`: the MAC of the request that is answered; for a request nothing.  `key` must outlive
  // this object.
  explicit TsigSigner(const TsigKey& key, const Mac& prior = {}) : key_(&key), prior_(prior) {}

  // Octets that sign() appends.
  std::size_t room() const noexcept;
  // Signs the message in the first `size` octets of `buffer`, returns its new size.
  // REQUIRES: a header with ARCOUNT < 65535; size + room() <= buffer.size()
  std::size_t sign(MutableOctets buffer, std::size_t size, WallTime now);
  // Of the last message signed: what the response to a request is checked with.
  const Mac& mac() const noexcept { return prior_; }

 private:
  const TsigKey* key_;
  Mac prior_;
  bool is_first_ = true;
};

// Appends the TSIG record of a response that refuses `request` with NOTAUTH: unsigned for kBadKey
// and kBadSig; signed, for kBadTime with our time (5.2.3, 5.3.2).  kMissing and kMalformed get
// none. Returns the message's new size. REQUIRES: error_room(request) octets behind `size`
std::size_t sign_error(const SignedRequest& request, MutableOctets buffer, std::size_t size,
                       WallTime now);
std::size_t error_room(const SignedRequest& request) noexcept;

// Checks the messages of the response to a request we signed, in order: the first and the last must
// be signed, at most 99 in a row between may be unsigned (5.3.1).  Thread-confined.
class TsigVerifier {
 public:
  // `key` must outlive this object.
  TsigVerifier(const TsigKey& key, const Mac& request_mac);
  ~TsigVerifier();
  TsigVerifier(TsigVerifier&&) noexcept;
  TsigVerifier& operator=(TsigVerifier&&) noexcept;

  // Takes the TSIG record off the next message, as check_request() does, and returns its size
  // without it, or what is wrong.  After a fault the stream can't be trusted: call no more.
  Result<std::size_t, TsigFault> check(MutableOctets message, WallTime now);
  // Whether the last message checked was signed: required at the end of a stream.
  bool is_settled() const noexcept { return unsigned_count_ == 0; }

 private:
  const TsigKey* key_;
  std::unique_ptr<Hmac> digest_;  // begun with the MAC before
  bool is_first_ = true;
  unsigned unsigned_count_ = 0;
};

}  // namespace gslb::transfer
