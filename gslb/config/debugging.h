// What the file says about looking into decisions: the name that shows them, and their recording.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "gslb/base/ip.h"
#include "gslb/base/toml_table.h"

namespace gslb::config {

// [debug]: TXT at NAME.`name` tells why NAME is answered as it is.
struct Debug {
  std::optional<LocatedString> name;  // nothing: off
  std::vector<Prefix> allow;          // who may ask
};

// [record]: the inputs of every plan, to be planned again elsewhere.
struct Record {
  std::string folder;                               // "": off
  std::int64_t max_octets = std::int64_t{1} << 28;  // of one file
  unsigned files = 8;                               // kept; the oldest go
};

}  // namespace gslb::config
