// What [monitor.ID] says: one way to ask whether something works, named once, used by many.
//
// Source: gdnsd.config(5) "service_types", whose words, defaults and accounting these are.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gslb/base/toml_table.h"

namespace gslb::config {

enum class MonitorKind : std::uint8_t { kHttp, kHttps, kTcp, kDns, kIcmp, kCommand };

// In the options of a monitor: the id of the service that is asked about.
inline constexpr std::string_view kServiceWord = "%%SERVICE%%";

struct Monitor {
  LocatedString id;
  MonitorKind kind = MonitorKind::kTcp;
  std::int64_t interval_ms = 10'000;  // from one asking to the next
  std::int64_t timeout_ms = 5'000;    // below the interval
  std::int64_t jitter_ms = 1'000;     // the interval varies by so much in all
  unsigned up_thresh = 20;            // good results in a row: down → up
  unsigned ok_thresh = 10;            // good results in a row: earlier failures are forgotten
  unsigned down_thresh = 10;          // failures since then: up → down
  std::uint16_t port = 0;             // icmp and command have none
  // http, https
  std::string path = "/";
  std::string host;  // Host and, for https, SNI and the certificate's name; "": the address
  std::vector<unsigned> ok_codes = {200};
  std::string body;  // must be in the body; "": any
  // https
  std::string ca_file;  // "": the system's
  bool insecure = false;
  // dns
  LocatedString name;
  LocatedString type;  // default A
  unsigned rcode = 0;
  std::optional<LocatedString> answer;  // RDATA one record of the answer must have
  // command: the program and its arguments, in which %%ITEM%% stands for what is asked about.
  // Here, in path, host and body kServiceWord stands for a service.
  std::vector<std::string> command;
};

}  // namespace gslb::config
