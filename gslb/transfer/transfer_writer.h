// The messages of an outgoing AXFR or IXFR, one at a time, as the client takes them.
//
// Source: RFC 5936 2.2 (message format, SOA first and last), RFC 1995 4 (difference sequences),
// RFC 8945 5.3.1 (each message is signed).
//
// Why messages of about 16 KiB: compression pointers reach no further.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "gslb/base/bytes.h"
#include "gslb/base/clock.h"
#include "gslb/dns/query.h"
#include "gslb/dns/rrset.h"
#include "gslb/transfer/exported_zone.h"
#include "gslb/transfer/journal_entry.h"
#include "gslb/transfer/tsig.h"

namespace gslb::transfer {

// The records of a transfer in their order.  Thread-confined.
class RecordSource {
 public:
  virtual ~RecordSource() = default;
  // False at the end.  Views are valid until advance().  A set has at most 8 KiB of RDATA, or one
  // record.
  virtual bool current(Octets* owner, dns::RrsetView* set) = 0;
  virtual void advance() = 0;
};

// RFC 5936: all of that version.
std::unique_ptr<RecordSource> whole_zone(ExportedZone zone);
// RFC 1995: from the chain's first version to `zone`; an empty chain is the SOA alone ("you have
// it").
std::unique_ptr<RecordSource> differences(ExportedZone zone, JournalChain chain);

// Thread-confined.
class TransferWriter {
 public:
  // `message` is the request without TSIG, `query` what it parses as, `expire_s` for the EXPIRE
  // option.
  TransferWriter(Octets message, const dns::Query& query, std::optional<std::uint32_t> expire_s,
                 std::unique_ptr<RecordSource> records, std::optional<TsigSigner> signer);

  // Writes the next message into `out` and returns its size; 0: there are no more, or a record is
  // too large for any message (a client then sees a transfer without its end).
  // REQUIRES: out.size() == 65535
  std::size_t next(MutableOctets out, WallTime now);

  // The whole transfer as one message of at most `limit` octets, or 0 when it needs more.  Instead
  // of next().  REQUIRES: limit >= 512; out.size() >= limit + room of the signature
  std::size_t all_in_one(MutableOctets out, std::size_t limit, WallTime now);

 private:
  // `limit`: before the signature.
  std::size_t fill(MutableOctets out, std::size_t limit, WallTime now);

  std::vector<std::uint8_t> message_;
  dns::Query query_;
  std::optional<std::uint32_t> expire_s_;
  std::unique_ptr<RecordSource> records_;
  std::optional<TsigSigner> signer_;
};

}  // namespace gslb::transfer
