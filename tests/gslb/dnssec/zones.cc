#include "tests/gslb/dnssec/zones.h"

#include <array>
#include <cstdio>
#include <cstdlib>

#include "tests/gslb/dns/wire_testing.h"

namespace gslb::dnssec {
namespace {

// Straight into the builder: the loader would refuse some of it.
class RandomZone {
 public:
  RandomZone(Random& random, std::size_t names) : random_(random), builder_(name("example.")) {
    dns::Name apex = name("example.");
    add(apex, dns::RrType::kSoa, soa());
    add(apex, dns::RrType::kNs, name("ns.example."));
    names_.push_back(apex);
    for (std::size_t i = 0; i < names; ++i) { add_name(); }
  }
  std::shared_ptr<const zone::Zone> build() { return builder_.build(); }

 private:
  static Buffer soa() {
    Buffer rdata;
    for (int i = 0; i < 2; ++i) {
      const dns::Name of = name("ns.example.");
      rdata.insert(rdata.end(), of.wire().begin(), of.wire().end());
    }
    rdata.resize(rdata.size() + 20, 0);
    rdata.back() = 60;
    return rdata;
  }
  void add(const dns::Name& owner, dns::RrType type, Octets rdata) {
    builder_.add(owner, type, 300, rdata);
  }
  void add(const dns::Name& owner, dns::RrType type, const dns::Name& target) {
    add(owner, type, target.wire());
  }

  dns::Name new_name() {
    static constexpr std::array<std::string_view, 7> kOdd = {"*",     "\\000", "\\001",  "\\255",
                                                             "a\\.b", "UPPER", "a\\000b"};
    dns::Name owner = names_[random_.below(names_.size())];
    for (std::uint64_t labels = 1 + random_.below(3); labels > 0; --labels) {
      const std::string label = random_.below(4) == 0
                                    ? std::string(kOdd[random_.below(kOdd.size())])
                                    : "n" + std::to_string(random_.below(40));
      const std::string text = owner.to_string();
      owner = dns::Name::parse(label + "." + text).value();
    }
    return owner.label_count() > 8 ? name("short.example.") : owner;
  }

  void add_name() {
    const dns::Name owner = new_name();
    // One RRset of a kind a name can have only one of; a second visit must not mix them.
    for (const dns::Name& known : names_) {
      if (known == owner) { return; }
    }
    names_.push_back(owner);
    const std::array<std::uint8_t, 4> address = {192, 0, 2, 1};
    switch (random_.below(9)) {
      case 0:
      case 1:
        if (owner.is_wildcard()) { break; }
        add(owner, dns::RrType::kNs, name("ns.n1.example."));
        // Glue at and below the cut.
        add(owner, dns::RrType::kA, address);
        add(owner.prepend("ns").value(), dns::RrType::kA, address);
        if (random_.below(2) == 0) {
          Buffer ds = {1, 2, 13, 2};
          ds.resize(4 + 32, static_cast<std::uint8_t>(random_.next()));
          add(owner, dns::RrType::kDs, ds);
        }
        return;
      case 2:
        if (owner.is_wildcard()) { break; }
        return add(owner, dns::RrType::kDname, name("Other.Example."));
      case 3:
        return add(owner, dns::RrType::kCname, name("WWW.example."));
      case 4:
        return add(owner, static_cast<dns::RrType>(1000 + random_.below(60000)), address);
      default:
        break;
    }
    add(owner, dns::RrType::kA, address);
    add(owner, dns::RrType::kA, std::array<std::uint8_t, 4>{192, 0, 2, 0});
    const Buffer mail = {0, 10, 2, 'M', 'x', 0};
    add(owner, dns::RrType::kMx, mail);
  }

  Random& random_;
  zone::ZoneBuilder builder_;
  std::vector<dns::Name> names_;
};

}  // namespace

std::shared_ptr<const zone::Zone> zone_of(std::string_view lines,
                                          const std::vector<zone::RouteBinding>& routes) {
  const std::string text =
      "$TTL 600\n@ SOA ns hostmaster 1 3600 600 86400 300\n@ NS ns\n"
      "ns A 192.0.2.53\n" +
      std::string(lines);
  Problems problems;
  auto zone = zone::load_zone_text(name("example."), text, "test.zone", routes, problems);
  if (zone == nullptr) {
    std::fputs(problems.to_string().c_str(), stderr);
    std::abort();
  }
  return zone;
}

std::string text_of(const zone::Zone& zone) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string text;
  for (zone::NodeIndex node = 0; node < zone.node_count(); ++node) {
    const std::string owner = dns::Name::from_wire(zone.owner(node)).value().to_string();
    for (std::size_t i = 0; i < zone.rrset_count(node); ++i) {
      const dns::RrsetView set = zone.rrset_at(node, i);
      for (dns::RdataCursor cursor(set); !cursor.done(); cursor.next()) {
        text += owner + " " + std::to_string(set.ttl_s) + " IN TYPE" +
                std::to_string(static_cast<unsigned>(set.type)) + " \\# " +
                std::to_string(cursor.rdata().size()) + " ";
        for (const std::uint8_t octet : cursor.rdata()) {
          text += kHex[octet >> 4];
          text += kHex[octet & 15];
        }
        text += '\n';
      }
    }
  }
  return text;
}

std::shared_ptr<const zone::Zone> random_zone(Random& random, std::size_t names) {
  return RandomZone(random, names).build();
}

zone::NodeIndex node_of(const zone::Zone& zone, std::string_view owner) {
  return zone.find_node(name(owner).lower().wire());
}

std::string bitmap_of(const zone::Zone& zone, zone::NodeIndex node) {
  auto set = zone.rrset(node, dns::RrType::kNsec);
  std::size_t at = 0;
  if (set) {
    at = dns::wire_name_size(dns::RdataCursor(*set).rdata());
  } else {
    set = zone.rrset(node, dns::RrType::kNsec3);
    if (!set) { return "none"; }
    const Octets rdata = dns::RdataCursor(*set).rdata();
    at = 5U + rdata[4];
    at += 1U + rdata[at];
  }
  std::string text;
  const Octets rdata = dns::RdataCursor(*set).rdata();
  for (const dns::RrType type : dns::testing::types_in(rdata.subspan(at))) {
    text += (text.empty() ? "" : " ") + dns::to_string(type);
  }
  return text;
}

bool is_signed(const zone::Zone& zone, std::string_view owner, dns::RrType type) {
  const zone::NodeIndex node = node_of(zone, owner);
  return node != zone::kNoNode && zone.signatures(node, type).has_value();
}

}  // namespace gslb::dnssec
