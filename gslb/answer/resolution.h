// One query's walk through the zones: RFC 1034 4.3.2 with wildcards, aliases, cuts and routes.
//
// Private to gslb/answer.  Worker-confined; one object a query; no allocation.
#pragma once

#include "gslb/answer/answer.h"
#include "gslb/answer/locate.h"
#include "gslb/dns/response.h"

namespace gslb::answer {

class Resolution {
 public:
  Resolution(const Snapshot& snapshot, const Request& request, Scratch& scratch,
             dns::ResponseWriter& writer) noexcept
      : snapshot_(snapshot), request_(request), scratch_(scratch), writer_(writer) {}

  // Fills the writer's sections, starting in `zone` with the query's own name.
  dns::Rcode run(const zone::Zone& zone) noexcept;

  bool authoritative() const noexcept { return authoritative_; }
  bool routed() const noexcept { return routed_; }
  // ECS scope of the whole answer: that of the routed part, 0 when nothing depended on the client.
  std::uint8_t scope_bits() const noexcept { return scope_bits_; }
  EcsUse ecs_use() const noexcept { return ecs_; }

 private:
  enum class Next : std::uint8_t { kDone, kFollow };  // kFollow: scratch_.name is the next name

  // One name of the chain.  `*rcode` is set on kDone.
  Next step(const zone::Zone& zone, dns::Rcode* rcode) noexcept;
  Next answer_node(const zone::Zone& zone, zone::NodeIndex node, dns::Rcode* rcode) noexcept;
  Next follow_cname(const dns::RrsetView& cname) noexcept;
  Next follow_dname(const zone::Zone& zone, const zone::Found& found, dns::Rcode* rcode) noexcept;
  void put_any(const zone::Zone& zone, zone::NodeIndex node) noexcept;
  void put_referral(const zone::Zone& zone, const zone::Found& found) noexcept;
  void put_negative(const zone::Zone& zone) noexcept;
  void put_additional(const zone::Zone& zone, const dns::RrsetView& set) noexcept;
  void put_addresses(const zone::Zone& zone, Octets lower_target, bool required) noexcept;
  // What clients of an SVCB or HTTPS RRset ask next (RFC 9460 4.1).  `owner` is in lower case.
  void put_service_targets(Octets owner, const dns::RrsetView& set, std::size_t depth) noexcept;

  // The routed addresses of `qtype` (A or AAAA).  False: the decision has none of that type.
  bool put_routed(zone::RouteIndex route, dns::RrType qtype, dns::Rcode* rcode) noexcept;
  bool put_fallback(const steer::Service& service, const steer::Choice& choice, dns::RrType qtype,
                    dns::Rcode* rcode) noexcept;
  bool put_cluster(const steer::Service& service, fleet::ClusterIndex cluster, std::uint64_t nodes,
                   dns::RrType qtype) noexcept;
  bool put_pool(const steer::Service& service, dns::RrType qtype) noexcept;

  Octets owner() const noexcept { return name_->wire(); }
  // False when the chain has been at `name` before or is too long to go on.
  bool enter(const dns::QuestionName& name) noexcept;

  const Snapshot& snapshot_;
  const Request& request_;
  Scratch& scratch_;
  dns::ResponseWriter& writer_;
  const dns::QuestionName* name_ = nullptr;  // the name being looked up: QNAME or scratch_.name
  std::array<std::uint64_t, kMaxChain + 1> visited_;  // NOLINT: hashes of names, valid below hops_
  std::size_t hops_ = 0;
  // Owners of additional addresses so far: one RRset stands once in a message.  Names beyond the
  // array may stand again.
  std::array<zone::NodeIndex, 48> added_;  // NOLINT: valid below added_count_
  std::size_t added_count_ = 0;
  const std::uint8_t* last_dname_ = nullptr;  // RDATA of the DNAME followed last
  bool authoritative_ = true;
  bool answered_ = false;  // the answer section has something
  bool routed_ = false;
  std::uint8_t scope_bits_ = 0;
  EcsUse ecs_ = EcsUse::kNone;
};

}  // namespace gslb::answer
