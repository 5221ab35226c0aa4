// A monitor made ready: its certificates read, its DNS question and answer in wire form.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gslb/base/problem.h"
#include "gslb/config/config.h"
#include "gslb/dns/name.h"
#include "gslb/dns/types.h"
#include "gslb/fleet/model.h"
#include "gslb/fleet/monitor_record.h"

namespace boost::asio::ssl {
class context;
}

namespace gslb::monitor {

// What came of one asking.
struct Finding {
  fleet::Outcome outcome = fleet::Outcome::kGood;
  std::string reason;  // "": good
};
inline Finding bad(std::string reason) { return {fleet::Outcome::kBad, std::move(reason)}; }

// Immutable; shared by all targets of the monitor, used by the monitor thread.
struct Prepared {
  config::Monitor options;
  std::shared_ptr<boost::asio::ssl::context> tls;  // https only
  dns::Name name;                                  // dns only, as the next two
  dns::RrType type = dns::RrType::kA;
  std::optional<std::vector<std::uint8_t>> answer;  // folded RDATA one record must have
};

// By the monitor's id.
using Kit = std::map<std::string, std::shared_ptr<const Prepared>>;

// Null when `problems` got an error: a certificate file that can't be used, a name, type or answer
// that is none.
std::shared_ptr<const Kit> prepare(const config::Config& config, Problems& problems);

// One thing to be asked again and again.
struct Target {
  std::string key;  // fleet::MonitorTarget::key
  std::shared_ptr<const Prepared> how;
  std::optional<Address> address;
  std::string item;
};
// REQUIRES: `kit` and `model` are of one configuration.
std::vector<Target> targets(const Kit& kit, const fleet::FleetModel& model);

}  // namespace gslb::monitor
