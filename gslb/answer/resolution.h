// One query's walk through the zones: RFC 1034 4.3.2 with wildcards, aliases, cuts and routes, and
// with DO the signatures and proofs of RFC 4035 3.1 and RFC 5155 7.2.
//
// Private to gslb/answer.  Worker-confined; one object a query; no allocation.
#pragma once

#include "gslb/answer/answer.h"
#include "gslb/answer/locate.h"
#include "gslb/answer/nodes.h"
#include "gslb/base/hash.h"
#include "gslb/dns/response.h"

namespace gslb::answer {

class Resolution {
 public:
  Resolution(const Snapshot& snapshot, const Request& request, Scratch& scratch,
             dns::ResponseWriter& writer) noexcept
      : snapshot_(snapshot),
        request_(request),
        scratch_(scratch),
        writer_(writer),
        dnssec_ok_(scratch.query.edns.dnssec_ok) {}

  // Fills the writer's sections, starting in `zone` with the query's own name.
  dns::Rcode run(const zone::Zone& zone) noexcept;

  bool authoritative() const noexcept { return authoritative_; }
  bool routed() const noexcept { return routed_; }
  bool answered() const noexcept { return answered_; }  // the answer section has something
  // Where the query's own name led: its node, that of the wildcard or DNAME it matched, or none.
  zone::NodeIndex first_node() const noexcept { return first_node_; }
  // ECS scope of the whole answer: that of the routed part, 0 when nothing depended on the client.
  std::uint8_t scope_bits() const noexcept { return scope_bits_; }
  EcsUse ecs_use() const noexcept { return ecs_; }
  std::optional<dns::EdeCode> ede() const noexcept { return ede_; }
  bool denies_compactly() const noexcept { return compact_zone_ != nullptr; }

 private:
  enum class Next : std::uint8_t { kDone, kFollow };  // kFollow: scratch_.name is the next name

  // One name of the chain.  `*rcode` is set on kDone.
  Next step(const zone::Zone& zone, dns::Rcode* rcode) noexcept;
  Next answer_node(const zone::Zone& zone, const zone::Found& found, dns::Rcode* rcode) noexcept;
  Next follow_cname(const dns::RrsetView& cname, const dns::RrsetView* signatures) noexcept;
  Next follow_dname(const zone::Zone& zone, const zone::Found& found, dns::Rcode* rcode) noexcept;
  // nullopt without DO.
  std::optional<dns::RrsetView> signatures_of(const zone::Zone& zone, zone::NodeIndex node,
                                              const dns::RrsetView& set) const noexcept;
  // The RRset of `node` under `owner`, with its signatures when the query has DO.
  bool put_set(dns::Section section, Octets owner, const zone::Zone& zone, zone::NodeIndex node,
               const dns::RrsetView& set) noexcept;
  bool put_any(const zone::Zone& zone, zone::NodeIndex node) noexcept;
  bool put_all_signatures(const zone::Zone& zone, zone::NodeIndex node) noexcept;
  void put_referral(const zone::Zone& zone, const zone::Found& found) noexcept;
  void put_negative(const zone::Zone& zone) noexcept;
  void put_nodata(const zone::Zone& zone, const zone::Found& found) noexcept;
  void put_additional(const zone::Zone& zone, const dns::RrsetView& set) noexcept;
  void put_addresses(const zone::Zone& zone, Octets lower_target, bool required) noexcept;
  // What clients of an SVCB or HTTPS RRset ask next (RFC 9460 4.1).  `owner` is in lower case.
  void put_service_targets(Octets owner, const dns::RrsetView& set, std::size_t depth) noexcept;

  // Proofs wait until the answer section is whole; put_proofs() writes them, each once.  All do
  // nothing without DO or in an unsigned zone.
  bool proves(const zone::Zone& zone) const noexcept { return dnssec_ok_ && zone.is_signed(); }
  void prove(const zone::Zone& zone, zone::NodeIndex node) noexcept;
  zone::NodeIndex prove_encloser(const zone::Zone& zone, zone::NodeIndex node,
                                 std::size_t below) noexcept;
  void prove_expansion(const zone::Zone& zone, const zone::Found& found) noexcept;
  void deny_name(const zone::Zone& zone, const zone::Found& found) noexcept;
  void deny_type(const zone::Zone& zone, const zone::Found& found) noexcept;
  void deny_ds(const zone::Zone& zone, const zone::Found& cut) noexcept;
  void put_proofs() noexcept {
    if (compact_due_ || proof_count_ > 0) { put_waiting_proofs(); }
  }
  void put_waiting_proofs() noexcept;
  // The compact denial of `name` in place of all other proofs; false: not signed, not such a zone.
  bool prove_compactly(const zone::Zone& zone, Octets name) noexcept;

  std::uint64_t split_hash(steer::Split split) const noexcept;
  // Of the present name, and of it and the client's leaf.
  std::uint64_t name_hash() const noexcept { return hash_octets(owner()); }
  std::uint64_t name_and_leaf_hash() const noexcept { return hash_octets(owner(), leaf_hash_); }
  // Which cluster answers.  In a signed zone one with the type if it is promised there.
  steer::Choice choose(const zone::Zone& zone, zone::RouteIndex route,
                       dns::RrType qtype) const noexcept;
  // Whether the decision answers `qtype` at a routed owner: addresses, the HTTPS record of the
  // service, or any type when it may be a CNAME.
  bool is_routed_type(const zone::Zone& zone, zone::NodeIndex node,
                      dns::RrType qtype) const noexcept;
  // A set that is in the zone for secondaries that don't steer: addresses at a routed owner and
  // their like, or signatures over them.
  bool is_unsteered(const zone::Zone& zone, zone::NodeIndex node,
                    const dns::RrsetView& set) const noexcept;
  bool has_unsteered_https(const zone::Zone& zone, zone::NodeIndex node) const noexcept;
  // ... which is what there is to answer where routed sets can't be signed: the zone came signed.
  void put_unsteered(const zone::Zone& zone, zone::NodeIndex node, dns::RrType qtype,
                     dns::Rcode* rcode) noexcept;
  // The routed RRset of `qtype`.  False: the decision has none of that type.
  bool put_routed(const zone::Zone& zone, zone::RouteIndex route, dns::RrType qtype,
                  dns::Rcode* rcode) noexcept;
  bool put_fallback(const steer::Service& service, const steer::Choice& choice, dns::RrType qtype,
                    dns::Rcode* rcode) noexcept;
  bool put_cluster(const steer::Service& service, fleet::ClusterIndex cluster, std::uint64_t nodes,
                   dns::RrType qtype) noexcept;
  bool put_pool(const steer::Service& service, dns::RrType qtype) noexcept;
  bool put_alias(const dns::Name& target) noexcept;
  // The HTTPS record of a decision, and that of the next cluster in the row (RFC 9460 2.4.1).
  bool put_https(const steer::Service& service, fleet::ClusterIndex cluster,
                 std::uint64_t nodes) noexcept;
  fleet::ClusterIndex runner_up(fleet::ClusterIndex chosen) const noexcept;
  // As the service of the decision sees it.
  fleet::HealthView health() const noexcept {
    return snapshot_.health->view(snapshot_.fleet->view_of(service_));
  }
  // Of `nodes`, those to be named for the present name and client.
  NodeChoice nodes_of(fleet::ClusterIndex cluster, std::uint64_t nodes, dns::RrType type,
                      std::size_t wanted) const noexcept;
  // The same in a signed zone, from the table of signed sets; nothing there: SERVFAIL.
  bool put_signed_routed(zone::RouteIndex route, const steer::Choice& choice, dns::RrType qtype,
                         dns::Rcode* rcode) noexcept;
  bool put_signed_cluster(zone::RouteIndex route, fleet::ClusterIndex cluster, std::uint64_t nodes,
                          dns::RrType qtype, dns::Rcode* rcode) noexcept;
  bool put_signed_set(const std::optional<SignedSet>& set, dns::Rcode* rcode) noexcept;

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
  struct Proof {
    const zone::Zone* zone;
    zone::NodeIndex node;  // its NSEC or NSEC3 RRset
  };
  // One for each wildcard of a chain, three for the name at its end.
  std::array<Proof, kMaxChain + 4> proofs_;  // NOLINT: valid below proof_count_
  std::size_t proof_count_ = 0;
  std::size_t unexpanded_ = 0;  // proof_count_ before that a wildcard stands for the present name
  const zone::Zone* compact_zone_ = nullptr;  // scratch_.denial is the proof
  bool compact_due_ = false;                  // ... and not yet written
  bool dnssec_ok_;
  zone::NodeIndex first_node_ = zone::kNoNode;
  // Owners of additional addresses so far: one RRset stands once in a message.  Names beyond the
  // array may stand again.
  std::array<zone::NodeIndex, 48> added_;  // NOLINT: valid below added_count_
  std::size_t added_count_ = 0;
  const std::uint8_t* last_dname_ = nullptr;  // RDATA of the DNAME followed last
  bool authoritative_ = true;
  bool answered_ = false;  // the answer section has something
  bool routed_ = false;
  steer::ServiceIndex service_ = 0;  // of the decision, when routed_
  geo::UnitIndex row_ = 0;           // of the answer map, of a unit or a resolver
  std::uint32_t ttl_s_ = 0;
  std::uint64_t leaf_hash_ = 0;  // of the client that the decision is for
  std::uint8_t scope_bits_ = 0;
  EcsUse ecs_ = EcsUse::kNone;
  std::optional<dns::EdeCode> ede_;
};

}  // namespace gslb::answer
