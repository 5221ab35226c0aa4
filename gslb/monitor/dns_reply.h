// What a DNS server's datagram says about it.
#pragma once

#include <optional>

#include "gslb/base/bytes.h"
#include "gslb/monitor/prepared.h"

namespace gslb::monitor {

// nullopt: not the answer to our query `id`; forged or late ones are waited past.  Total.
std::optional<Finding> judge_dns(const Prepared& monitor, std::uint16_t id, Octets message);

}  // namespace gslb::monitor
