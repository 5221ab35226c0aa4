#include "gslb/control/special_messages.h"

#include <algorithm>
#include <chrono>

#include "gslb/answer/debug.h"
#include "gslb/dns/response.h"
#include "gslb/transfer/record.h"

namespace gslb::control {
namespace {

using answer::Deferred;

class TransferStream final : public server::MessageStream {
 public:
  explicit TransferStream(std::unique_ptr<transfer::OutgoingStream> stream)
      : stream_(std::move(stream)) {}
  std::size_t next(MutableOctets out) noexcept override {
    return stream_->next(out, std::chrono::system_clock::now());
  }

 private:
  std::unique_ptr<transfer::OutgoingStream> stream_;
};

// The question alone with TC: the client comes again over TCP (RFC 8945 5.3).
std::size_t write_truncated(MutableOctets out, Octets message, const dns::Query& query) {
  dns::ResponseEdns edns;
  edns.dnssec_ok = query.edns.dnssec_ok;
  const std::size_t size =
      dns::write_error_response(out, message, query, dns::Rcode::kNoError, &edns);
  out[2] |= 0x02;  // TC
  return size;
}

// The zone of just that name; null: none is served.
const zone::Zone* find_zone(const answer::Snapshot& snapshot, const dns::Query& query) {
  const zone::Zone* const zone = snapshot.zones->find(query.qname, dns::RrType::kSoa);
  const bool is_it = zone != nullptr && zone->state() == zone::ZoneState::kServed &&
                     std::ranges::equal(zone->owner(zone::Zone::kApexNode), query.qname.wire());
  return is_it ? zone : nullptr;
}

}  // namespace

struct SpecialMessages::Exchange {
  const answer::Snapshot& snapshot;
  answer::Request request;  // its message without the signature, once that is checked
  const server::Peer& peer;
  MutableOctets out;
  Deferred deferred;
  WallTime now;
  std::shared_ptr<const transfer::OutgoingPolicy> policy;
  std::optional<transfer::SignedRequest> signature;  // nullopt: unsigned

  bool over_udp() const noexcept { return peer.transport == server::Transport::kUdp; }
};

std::size_t SpecialMessages::handle(const answer::Snapshot& snapshot,
                                    const answer::Request& request, const server::Peer& peer,
                                    MutableOctets out) {
  Exchange exchange{snapshot,
                    request,
                    peer,
                    out,
                    scratch_.deferred,
                    std::chrono::system_clock::now(),
                    services_.outgoing.policy(),
                    std::nullopt};
  exchange.request.awaits_denial = false;
  if (scratch_.deferred == Deferred::kDebug) {
    return answer::answer_debug(snapshot, request, scratch_, counters_, out);
  }
  if (scratch_.deferred == Deferred::kTransfer) { return transfer(exchange); }
  if (scratch_.deferred == Deferred::kSoa) { return soa(exchange); }
  return handle_signed(exchange);
}

// A NOTIFY comes here signed or not.
std::size_t SpecialMessages::handle_signed(Exchange& exchange) {
  const Octets message = exchange.request.message;
  buffer_.assign(message.begin(), message.end());
  transfer::SignedRequest signature =
      transfer::check_request(buffer_, exchange.policy->keys(), exchange.now);
  if (signature.fault == transfer::TsigFault::kMissing) { return dispatch(exchange); }
  exchange.request.message = Octets(buffer_).first(signature.size);
  exchange.signature = std::move(signature);
  if (!exchange.signature->good()) { return refuse_signature(exchange); }
  const std::size_t size = dispatch(exchange);
  if (size == 0) { return 0; }
  transfer::TsigSigner signer(*exchange.signature->key, exchange.signature->mac);
  const std::size_t limit =
      exchange.over_udp() ? udp_limit(exchange) : server::kMaxTcpMessageOctets;
  const bool fits = size + signer.room() <= limit;
  return signer.sign(
      exchange.out,
      fits ? size : write_truncated(exchange.out, exchange.request.message, scratch_.query),
      exchange.now);
}

// The message without its signature.
std::size_t SpecialMessages::dispatch(Exchange& exchange) {
  if (exchange.deferred == Deferred::kNotify) { return notify(exchange); }
  exchange.request.defers = exchange.signature.has_value();
  const std::size_t size =
      answer::answer(exchange.snapshot, exchange.request, scratch_, counters_, exchange.out);
  if (!exchange.request.defers || scratch_.deferred == Deferred::kNone) { return size; }
  if (scratch_.deferred == Deferred::kTransfer) { return transfer(exchange); }
  if (scratch_.deferred == Deferred::kSoa) { return soa(exchange); }
  if (scratch_.deferred == Deferred::kDebug) {
    return answer::answer_debug(exchange.snapshot, exchange.request, scratch_, counters_,
                                exchange.out);
  }
  exchange.request.defers = false;
  return answer::answer(exchange.snapshot, exchange.request, scratch_, counters_, exchange.out);
}

std::size_t SpecialMessages::udp_limit(const Exchange& exchange) const noexcept {
  return std::min(exchange.out.size(),
                  scratch_.query.udp_limit(exchange.snapshot.identity->udp_payload_octets));
}

transfer::OutgoingRequest SpecialMessages::outgoing_request(const Exchange& exchange) const {
  return {.message = exchange.request.message,
          .query = scratch_.query,
          .from = exchange.peer.address,
          .over_udp = exchange.over_udp(),
          .over_tls = exchange.peer.transport == server::Transport::kTls,
          .is_xot = exchange.peer.tls != nullptr && exchange.peer.tls->is_xot,
          .tls_names = exchange.peer.tls != nullptr ? std::span(exchange.peer.tls->names)
                                                    : std::span<const std::string>(),
          .udp_limit = udp_limit(exchange),
          .signature = exchange.signature ? &*exchange.signature : nullptr,
          .policy = exchange.policy,
          .has_zone = find_zone(exchange.snapshot, scratch_.query) != nullptr,
          .expire_s = scratch_.query.edns.expire ? expire_s(exchange) : std::nullopt};
}

std::size_t SpecialMessages::transfer(Exchange& exchange) {
  const transfer::OutgoingRequest request = outgoing_request(exchange);
  transfer::OutgoingAnswer answer = services_.outgoing.answer(request, exchange.out, exchange.now);
  if (answer.stream) {
    stream_ = std::make_unique<TransferStream>(std::move(answer.stream));
    return 0;
  }
  const bool too_large = exchange.over_udp() && answer.size > request.udp_limit;
  return too_large ? write_truncated(exchange.out, request.message, scratch_.query) : answer.size;
}

std::size_t SpecialMessages::notify(Exchange& exchange) {
  const Octets message = exchange.request.message;
  if (services_.notify && message.size() <= exchange.out.size()) {
    return services_.notify(message, exchange.peer.address,
                            exchange.signature ? exchange.signature->key : nullptr, exchange.out);
  }
  exchange.request.defers = false;
  return answer::answer(exchange.snapshot, exchange.request, scratch_, counters_, exchange.out);
}

std::size_t SpecialMessages::soa(Exchange& exchange) {
  exchange.request.defers = false;
  const transfer::OutgoingRequest request = outgoing_request(exchange);
  exchange.request.expire_s = request.expire_s;
  exchange.request.may_transfer = services_.outgoing.allows(request);
  return answer::answer(exchange.snapshot, exchange.request, scratch_, counters_, exchange.out);
}

// RFC 7314 3: what is left on the timer of a secondary, the SOA's EXPIRE of a primary.
std::optional<std::uint32_t> SpecialMessages::expire_s(const Exchange& exchange) const {
  const zone::Zone* const zone = find_zone(exchange.snapshot, scratch_.query);
  if (zone == nullptr) { return std::nullopt; }
  const auto expires = services_.expires ? services_.expires(zone->apex()) : std::nullopt;
  if (expires) {
    const auto left = std::chrono::floor<seconds>(*expires - exchange.now).count();
    return static_cast<std::uint32_t>(std::clamp<std::int64_t>(left, 0, UINT32_MAX));
  }
  const auto soa = zone->rrset(zone::Zone::kApexNode, dns::RrType::kSoa);
  return transfer::read_soa_numbers(soa->rdata).expire_s;
}

std::size_t SpecialMessages::refuse_signature(Exchange& exchange) {
  const transfer::SignedRequest& signature = *exchange.signature;
  // For the question; what else is wrong with it doesn't matter any more.
  static_cast<void>(dns::parse_query(exchange.request.message, scratch_.query));
  const dns::Rcode rcode = transfer::rcode_of(*signature.fault);
  counters_.refusals[static_cast<std::size_t>(answer::Refusal::kTransactionSig)].add();
  counters_.responses_by_rcode[static_cast<std::size_t>(rcode)].add();
  const std::size_t size = dns::write_error_response(exchange.out, exchange.request.message,
                                                     scratch_.query, rcode, nullptr);
  return transfer::sign_error(signature, exchange.out, size, exchange.now);
}

}  // namespace gslb::control
