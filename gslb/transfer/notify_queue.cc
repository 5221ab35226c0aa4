#include "gslb/transfer/notify_queue.h"

#include <algorithm>

#include "gslb/dns/query.h"
#include "gslb/transfer/message_reader.h"

namespace gslb::transfer {
namespace {

constexpr std::uint16_t kFlags = 0x2400;  // opcode NOTIFY, AA
constexpr auto kNotifyOpcode = static_cast<std::uint8_t>(dns::Opcode::kNotify);

void put_u16(std::vector<std::uint8_t>& out, std::size_t value) {
  out.push_back(static_cast<std::uint8_t>(value >> 8));
  out.push_back(static_cast<std::uint8_t>(value));
}

void put(std::vector<std::uint8_t>& out, Octets octets) {
  out.insert(out.end(), octets.begin(), octets.end());
}

// RFC 1996 3.7 to 3.11: the question, and the SOA as a hint.
std::vector<std::uint8_t> notify_message(std::uint16_t id, const Record& soa) {
  std::vector<std::uint8_t> message;
  for (const std::size_t field : {std::size_t{id}, std::size_t{kFlags}, std::size_t{1},
                                  std::size_t{1}, std::size_t{0}, std::size_t{0}}) {
    put_u16(message, field);
  }
  put(message, soa.owner.wire());
  put_u16(message, static_cast<std::uint16_t>(dns::RrType::kSoa));
  put_u16(message, static_cast<std::uint16_t>(dns::RrClass::kIn));
  put_u16(message, 0xc000U | dns::kHeaderOctets);
  put_u16(message, static_cast<std::uint16_t>(dns::RrType::kSoa));
  put_u16(message, static_cast<std::uint16_t>(dns::RrClass::kIn));
  put_u16(message, soa.ttl_s >> 16);
  put_u16(message, soa.ttl_s & 0xffffU);
  put_u16(message, soa.rdata.size());
  put(message, soa.rdata);
  return message;
}

bool answers(Octets message, const dns::Name& apex) {
  auto reader = MessageReader::open(message);
  if (!reader || !reader->header().is_response || reader->header().opcode != kNotifyOpcode) {
    return false;
  }
  // Some answer with the header alone.
  if (reader->header().questions == 0) { return true; }
  const auto question = reader->question();
  return question && question->name == apex;
}

}  // namespace

std::string_view to_string(NotifyOutcome outcome) noexcept {
  constexpr std::array<std::string_view, kNotifyOutcomes> kNames = {"heard", "refused", "bad_sig",
                                                                    "lost"};
  return kNames[static_cast<std::size_t>(outcome)];
}

void NotifyQueue::forget(Peer& peer, const std::string& apex) {
  peer.waiting.erase(apex);
  std::erase_if(peer.active, [&](const auto& each) {
    return as_text(each.second.soa.owner.lower().wire()) == apex;
  });
}

void NotifyQueue::add(const Record& soa, const std::shared_ptr<const NotifyTarget>& target) {
  Peer& peer = peers_[target.get()];
  peer.target = target;
  const std::string apex(as_text(soa.owner.lower().wire()));
  forget(peer, apex);
  peer.waiting.emplace(apex, soa);
}

void NotifyQueue::forget(const dns::Name& apex) {
  const std::string key(as_text(apex.lower().wire()));
  for (auto& [target, peer] : peers_) { forget(peer, key); }
}

NotifyResult NotifyQueue::result_of(const Peer& peer, const Item& item, NotifyOutcome outcome) {
  return {outcome, item.soa.owner, peer.target->remote, peer.target->to, 0};
}

NotifyDatagram NotifyQueue::make_datagram(const NotifyTarget& target, std::uint16_t id, Item& item,
                                          MonoTime now, WallTime wall) {
  item.next = now + kFirstWait * (1U << item.tries);
  ++item.tries;
  NotifyDatagram datagram{target.to, target.source, notify_message(id, item.soa)};
  if (target.key) {
    TsigSigner signer(*target.key);
    const std::size_t size = datagram.message.size();
    datagram.message.resize(size + signer.room());
    signer.sign(datagram.message, size, wall);
    item.mac = signer.mac();
  }
  return datagram;
}

void NotifyQueue::start_waiting(Peer& peer, MonoTime now, WallTime wall,
                                std::vector<NotifyDatagram>& datagrams) {
  while (!peer.waiting.empty() && peer.active.size() < kMostUnanswered) {
    const auto id = static_cast<std::uint16_t>(random_.next());
    if (peer.active.contains(id)) { continue; }
    const auto first = peer.waiting.begin();
    Item& item = peer.active[id];
    item.soa = std::move(first->second);
    peer.waiting.erase(first);
    datagrams.push_back(make_datagram(*peer.target, id, item, now, wall));
  }
}

std::vector<NotifyDatagram> NotifyQueue::due(MonoTime now, WallTime wall,
                                             std::vector<NotifyResult>* results) {
  std::vector<NotifyDatagram> datagrams;
  for (auto& [key, peer] : peers_) {
    std::erase_if(peer.active, [&, &peer = peer](const auto& each) {
      const bool lost = each.second.next <= now && each.second.tries == kTries;
      if (lost) { results->push_back(result_of(peer, each.second, NotifyOutcome::kLost)); }
      return lost;
    });
    for (auto& [id, item] : peer.active) {
      if (item.next <= now) {
        datagrams.push_back(make_datagram(*peer.target, id, item, now, wall));
      }
    }
    start_waiting(peer, now, wall, datagrams);
  }
  std::erase_if(peers_, [](const auto& each) { return each.second.active.empty(); });
  return datagrams;
}

std::optional<NotifyResult> NotifyQueue::take(Octets message, const Endpoint& from, WallTime wall) {
  if (message.size() < dns::kHeaderOctets) { return std::nullopt; }
  const std::uint16_t id = load_u16(message.data());
  for (auto& [key, peer] : peers_) {
    const auto found = peer.active.find(id);
    if (!(peer.target->to == from) || found == peer.active.end() ||
        !answers(message, found->second.soa.owner)) {
      continue;
    }
    NotifyResult result = result_of(peer, found->second, NotifyOutcome::kHeard);
    result.rcode = message[3] & 0xfU;
    if (peer.target->key) {
      std::vector<std::uint8_t> copy(message.begin(), message.end());
      TsigVerifier verifier(*peer.target->key, found->second.mac);
      if (!verifier.check(copy, wall)) {
        result.outcome = NotifyOutcome::kBadSig;
        return result;
      }
    }
    if (result.rcode != 0) { result.outcome = NotifyOutcome::kRefused; }
    peer.active.erase(found);
    return result;
  }
  return std::nullopt;
}

std::optional<MonoTime> NotifyQueue::next() const {
  std::optional<MonoTime> soonest;
  for (const auto& [key, peer] : peers_) {
    if (!peer.waiting.empty() && peer.active.size() < kMostUnanswered) { return MonoTime::min(); }
    for (const auto& [id, item] : peer.active) {
      soonest = soonest ? std::min(*soonest, item.next) : item.next;
    }
  }
  return soonest;
}

std::size_t NotifyQueue::size() const noexcept {
  std::size_t size = 0;
  for (const auto& [key, peer] : peers_) { size += peer.waiting.size() + peer.active.size(); }
  return size;
}

}  // namespace gslb::transfer
