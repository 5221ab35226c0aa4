// What the lookup tests share: zones from text, and answers of find() as readable words.
#pragma once

#include <string>

#include <gtest/gtest.h>

#include "gslb/zone/loader.h"

namespace gslb::zone {

inline dns::Name name_of(const std::string& text) { return dns::Name::parse(text).value(); }

inline std::string text_of(const Zone& zone, NodeIndex node) {
  return node == kNoNode ? "-" : dns::Name::from_wire(zone.owner(node)).value().to_string();
}

inline std::shared_ptr<const Zone> zone_of(const std::string& apex, const std::string& text,
                                           const std::vector<RouteBinding>& routes = {}) {
  Problems problems;
  auto zone = load_zone_text(name_of(apex), text, "test.zone", routes, problems);
  EXPECT_FALSE(problems.has_errors()) << problems.to_string();
  return zone;
}

// "exact www.example.", "wildcard *.example. of example. 2", "delegation sub.example. 1",
// "nxdomain in example. 1"; the number is labels_below.
inline std::string look_up(const Zone& zone, const std::string& qname,
                           dns::RrType qtype = dns::RrType::kA) {
  dns::QuestionName question;
  question.assign(name_of(qname).wire());
  const Found found = find(zone, question, qtype);
  const std::string below = ' ' + std::to_string(found.labels_below);
  switch (found.kind) {
    case Found::Kind::kExact:
      return "exact " + text_of(zone, found.node);
    case Found::Kind::kWildcard:
      return "wildcard " + text_of(zone, found.node) + " of " +
             text_of(zone, found.closest_encloser) + below;
    case Found::Kind::kDelegation:
      return "delegation " + text_of(zone, found.node) + below;
    case Found::Kind::kDname:
      return "dname " + text_of(zone, found.node) + below;
    case Found::Kind::kNxDomain:
      return "nxdomain in " + text_of(zone, found.closest_encloser) + below;
  }
  return "?";
}

}  // namespace gslb::zone
