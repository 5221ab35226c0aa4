#include "gslb/control/debug_name.h"

#include <algorithm>

#include "gslb/control/epoch.h"

namespace gslb::control {
namespace {

bool is_signed(const config::Config& config, const zone::Zone& zone) {
  return zone.is_signed() || std::ranges::any_of(config.zones, [&](const config::Zone& each) {
           const auto apex = dns::Name::parse(each.name.text);
           return each.dnssec && apex &&
                  std::ranges::equal(apex->lower().wire(), zone.apex().lower().wire());
         });
}

}  // namespace

void check_debug_name(const config::Config& config, const zone::ZoneSet& zones,
                      Problems& problems) {
  if (!config.debug.name) { return; }
  const LocatedString& written = *config.debug.name;
  const auto name = dns::Name::parse(written.text);
  if (!name || name->is_root()) {
    problems.error(written.at, "'" + written.text + "' is not a domain name",
                   "such as \"explain.ops.example.\"");
    return;
  }
  dns::QuestionName asked;
  asked.assign(name->lower().wire());
  const zone::Zone* const zone = zones.find(asked, dns::RrType::kTxt);
  if (zone == nullptr || !is_signed(config, *zone)) { return; }
  const zone::Found found = zone::find(*zone, asked, dns::RrType::kTxt);
  if (found.kind == zone::Found::Kind::kDelegation && !zone->rrset(found.node, dns::RrType::kDs)) {
    return;
  }
  problems.error(written.at,
                 "'" + written.text + "' lies in the signed zone '" + zone->apex().to_string() +
                     "', and its answers are not signed",
                 "delegate it there (NS, no DS), or take a name outside of signed zones");
}

std::shared_ptr<const answer::Debug> make_debug(std::shared_ptr<const Epoch> epoch,
                                                std::vector<double> price_ms) {
  const config::Debug& from = epoch->compiled->config.debug;
  if (!from.name) { return nullptr; }
  const dns::Name name = dns::Name::parse(from.name->text).value().lower();
  auto made = std::make_shared<answer::Debug>();
  made->name.assign(name.wire().begin(), name.wire().end());
  made->allow = PrefixSet(from.allow);
  made->price_ms = std::move(price_ms);
  made->costs = std::shared_ptr<const steer::CostModel>(epoch, &epoch->costs);
  return made;
}

}  // namespace gslb::control
