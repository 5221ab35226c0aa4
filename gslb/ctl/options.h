// proximactl's command line.
//
// Grammar: options may stand before and after the verb; an option's value is the next argument or
// follows '='.  Exit codes are part of the contract with scripts and stand in kUsage.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gslb/base/clock.h"
#include "gslb/base/result.h"
#include "gslb/ctl/purge.h"

namespace gslb::ctl {

inline constexpr int kExitOk = 0;
inline constexpr int kExitServer = 1;    // unreachable, not ready, or it failed (5xx)
inline constexpr int kExitUsage = 2;     // the command line, a file, or what the server refused
inline constexpr int kExitNotFound = 3;  // no such cluster, node or path
inline constexpr int kExitDenied = 4;    // the token is missing or wrong

enum class Verb {
  kHelp,
  kVersion,
  kStatus,
  kExplain,
  kReload,
  kDrain,
  kUndrain,
  kForce,
  kCheck,
  kReady,
  kMetrics,
  kZones,
  kMonitors,
  kResolvers,
  kAcme,
  kZone,
  kKeys,
  kReplay,
  kSimulate,
  kPurge,
  kPurges,
  kPrefetch,
};

// Where and how to ask, as written; unset: not given.
struct Connection {
  std::optional<std::string> config_file;
  std::optional<std::string> url;
  std::optional<std::string> token;
  std::optional<std::string> token_file;
  std::optional<std::string> authorities_file;
  milliseconds timeout{5'000};
};

// Immutable once parsed.
struct Options {
  Verb verb = Verb::kHelp;
  Connection connection;
  bool json = false;
  bool verbose = false;                 // status
  bool force = false;                   // reload
  std::string name;                     // explain, reload, zones, zone, keys, acme set and clear
  std::string action;                   // acme: "set", "list", "clear"; zone, keys: see kUsage
  std::string tag;                      // keys rollover, keys ds-seen
  std::string role;                     // keys generate and rollover
  std::string algorithm;                // keys generate --dir
  std::optional<std::string> key_dir;   // keys: work on files, ask no server
  std::string token;                    // acme set
  std::string type = "A";               // explain
  std::string client;                   // explain
  std::optional<std::string> resolver;  // explain
  bool as_resolver = false;             // explain
  std::string target;                   // drain, undrain, force; replay: the file
  std::string state;                    // force: "up" or "down"
  std::optional<milliseconds> lasts;    // drain, force, acme set
  std::string reason;                   // drain, undrain, force
  PurgeWish purge;  // prefetch: its URLs
  std::vector<std::string> trial;       // check, simulate: options that proxima-gslb understands
};

extern const std::string_view kUsage;

// `arguments` without the program's name.  The error is one line for people.  Names and addresses
// are not checked here: the server says what is wrong with them.
Result<Options, std::string> parse_options(const std::vector<std::string>& arguments);

}  // namespace gslb::ctl
