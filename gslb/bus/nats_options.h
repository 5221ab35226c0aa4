// From our words to libnats'.  Internal to gslb/bus.
#pragma once

#include "gslb/bus/nats_client.h"

struct __natsOptions;  // NOLINT(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): libnats'

namespace gslb::bus {

// False: a file can't be read, or a value is none.
bool set_options(__natsOptions* to, const NatsOptions& options);

}  // namespace gslb::bus
