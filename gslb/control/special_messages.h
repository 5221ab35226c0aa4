// What a worker does with the messages that answer() defers: signed ones, zone transfers, NOTIFY,
// and SOA queries that may be a secondary's.
//
// Source: RFC 8945 5.3 (signed responses), RFC 5936, RFC 1995, RFC 1996, RFC 7314.
//
// Why beside the query path: these are rare and may allocate, take a lock and read the time.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "gslb/answer/answer.h"
#include "gslb/server/handler.h"
#include "gslb/transfer/outgoing.h"

namespace gslb::control {

// Answers a NOTIFY whose signature, if any, is good: `message` comes without it, `key` made it
// (null: there was none).  Writes the response, unsigned, into `out`, which holds as much as the
// message; returns its size, 0: none.  Called on workers, several at a time.
using NotifyReceiver = std::function<std::size_t(Octets message, const Address& from,
                                                 const transfer::TsigKey* key, MutableOctets out)>;

// What all workers share.  Set before the first message.
struct SpecialServices {
  transfer::Outgoing outgoing;
  NotifyReceiver notify;  // empty: NOTIMP
  // Until when the data of a secondary zone are good; nullopt: it is our own.  Called on workers.
  // Empty: all are.
  std::function<std::optional<WallTime>(const dns::Name& apex)> expires;
};

// Worker-confined.
class SpecialMessages {
 public:
  SpecialMessages(SpecialServices& services, answer::Scratch& scratch,
                  answer::AnswerCounters& counters)
      : services_(services), scratch_(scratch), counters_(counters) {}

  // Answers what answer() has just left as scratch.deferred.
  std::size_t handle(const answer::Snapshot& snapshot, const answer::Request& request,
                     const server::Peer& peer, MutableOctets out);
  std::unique_ptr<server::MessageStream> take_stream() noexcept { return std::move(stream_); }

 private:
  struct Exchange;

  std::size_t handle_signed(Exchange& exchange);
  std::size_t dispatch(Exchange& exchange);
  std::size_t notify(Exchange& exchange);
  std::size_t transfer(Exchange& exchange);
  std::size_t soa(Exchange& exchange);
  transfer::OutgoingRequest outgoing_request(const Exchange& exchange) const;
  // Nothing when no zone of the question's name is served.
  std::optional<std::uint32_t> expire_s(const Exchange& exchange) const;
  std::size_t refuse_signature(Exchange& exchange);
  std::size_t udp_limit(const Exchange& exchange) const noexcept;

  SpecialServices& services_;
  answer::Scratch& scratch_;
  answer::AnswerCounters& counters_;
  std::vector<std::uint8_t> buffer_;  // a signed message, whose signature is taken off
  std::unique_ptr<server::MessageStream> stream_;
};

}  // namespace gslb::control
