// One question to one primary: its serial over UDP, or a transfer over TCP or TLS.
//
// Source: RFC 1034 4.3.5, RFC 1995, RFC 5936 4 (connections), RFC 7766, RFC 8945 5.3.1, RFC 9103.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "gslb/base/clock.h"
#include "gslb/base/ip.h"
#include "gslb/transfer/refresh.h"
#include "gslb/transfer/tls_client.h"
#include "gslb/transfer/transfer_reader.h"
#include "gslb/transfer/tsig.h"

namespace boost::asio {
class io_context;
}

namespace gslb::transfer {

// One address of a primary.  Immutable.
struct Primary {
  std::string remote;  // its id
  Endpoint address;
  std::optional<TsigKey> key;
  std::shared_ptr<const TlsClient> tls;  // null: plain TCP
  std::optional<Address> source;

  std::string to_string() const { return remote + " (" + address.to_string() + ')'; }
};

struct FetchRequest {
  dns::Name apex;
  std::shared_ptr<const Primary> primary;
  Refresh::Kind kind = Refresh::Kind::kWhole;
  std::shared_ptr<const zone::Zone> current;  // REQUIRED unless kWhole
  TransferLimits limits;
  milliseconds step{10'000};    // to connect, and between messages
  milliseconds all{3'600'000};  // for the whole of it
};

enum class FetchResult : std::uint8_t {
  kSerial,   // there is nothing newer, or (probe) this is the serial
  kZone,     // a new version
  kNetwork,  // unreachable, or closed
  kTimeout,
  kTls,        // handshake failed, or not the primary we know
  kRefused,    // an RCODE
  kSignature,  // TSIG missing or wrong
  kMalformed,  // anything else that isn't a good answer
};
inline constexpr std::size_t kFetchResults = 8;
// "serial", "zone", "network" … for metrics.
std::string_view to_string(FetchResult result) noexcept;

struct Fetched {
  FetchResult result = FetchResult::kNetwork;
  std::uint32_t serial = 0;                // kSerial
  std::optional<seconds> expire;           // kSerial, kZone: the EXPIRE option, if there was one
  std::shared_ptr<const zone::Zone> zone;  // kZone
  bool by_differences = false;             // kZone: IXFR, not the whole
  bool is_worth_whole = false;             // IXFR failed in a way AXFR need not
  std::string error;                       // what went wrong, for people
  std::uint64_t octets = 0;
};

// Runs on `io`; `done` is called on it exactly once, unless `io` is destroyed before.
void fetch(boost::asio::io_context& io, FetchRequest request, std::function<void(Fetched)> done);

}  // namespace gslb::transfer
