#include "gslb/ctl/options.h"

#include <algorithm>
#include <array>

#include "gslb/base/problem.h"
#include "gslb/base/units.h"

namespace gslb::ctl {

namespace {

struct VerbRow {
  std::string_view word;
  Verb verb;
  std::size_t least;  // arguments after the verb
  std::size_t most;
};

constexpr std::array<VerbRow, 20> kVerbs = {
    {{"status", Verb::kStatus, 0, 0},       {"explain", Verb::kExplain, 1, 2},
     {"reload", Verb::kReload, 0, 1},       {"drain", Verb::kDrain, 1, 1},
     {"undrain", Verb::kUndrain, 1, 1},     {"force", Verb::kForce, 2, 2},
     {"check", Verb::kCheck, 0, 0},         {"ready", Verb::kReady, 0, 0},
     {"metrics", Verb::kMetrics, 0, 0},     {"monitors", Verb::kMonitors, 0, 0},
     {"resolvers", Verb::kResolvers, 0, 0}, {"zones", Verb::kZones, 0, 1},
     {"acme", Verb::kAcme, 1, 3},           {"zone", Verb::kZone, 1, 2},
     {"keys", Verb::kKeys, 1, 3},           {"replay", Verb::kReplay, 1, 1},
     {"purge", Verb::kPurge, 0, 1000},      {"prefetch", Verb::kPrefetch, 1, 1000},
     {"purges", Verb::kPurges, 0, 0},       {"simulate", Verb::kSimulate, 0, 0}}};

// What proxima-gslb is told, as it stands here.
constexpr std::array<std::string_view, 14> kTrialOptions = {
    "--base",      "--state",
    "--learnt",    "--queries",
    "--rate",      "--load",
    "--outage",    "--drain",
    "--capacity",  "--n-1",
    "--max-moved", "--max-utilisation",
    "--dnssec",    "--max-rtt-p95-increase"};

bool is_trial_option(std::string_view name) {
  return std::ranges::find(kTrialOptions, name) != kTrialOptions.end();
}

constexpr std::array<std::string_view, 6> kPurgeOptions = {"--prefix", "--host", "--key",
                                                           "--all",    "--soft", "--wait"};

bool is_purge_option(std::string_view name) {
  return std::ranges::find(kPurgeOptions, name) != kPurgeOptions.end();
}

constexpr const char* kZoneNeeds = " needs 'refresh', 'retransfer' or 'secondaries'";

std::string suggest(const std::string& word, const std::vector<std::string>& known) {
  const std::string near = did_you_mean(word, known);
  return near.empty() ? "" : "; did you mean '" + near + "'?";
}

// One pass over the arguments.  `error` is set by the first fault; nothing is done after it.
class Parser {
 public:
  explicit Parser(const std::vector<std::string>& arguments) : arguments_(arguments) {}

  Result<Options, std::string> run() {
    while (at_ < arguments_.size() && error_.empty() && !done_) {
      const std::string argument = arguments_[at_++];
      if (argument.size() > 1 && argument[0] == '-') {
        option(argument);
      } else {
        words_.push_back(argument);
      }
    }
    if (error_.empty() && !done_) { finish(); }
    if (!error_.empty()) { return Unexpected(error_); }
    return options_;
  }

 private:
  void option(const std::string& argument) {
    const std::size_t equals = argument.starts_with("--") ? argument.find('=') : std::string::npos;
    const std::string name = argument.substr(0, equals);
    inline_value_.reset();
    if (equals != std::string::npos) { inline_value_ = argument.substr(equals + 1); }
    given_.push_back(name);
    if (!flag(name) && !of_purge(name) && !valued(name)) {
      error_ =
          "unknown option '" + name + "'" +
          suggest(name, {"--config",    "--url",     "--token",   "--token-file", "--ca",
                         "--json",      "--timeout", "--client",  "--resolver",   "--as-resolver",
                         "--for",       "--reason",  "--ttl-out", "--dir",        "--role",
                         "--algorithm", "--force",   "--verbose", "--help",       "--version"});
    }
  }

  bool flag(const std::string& name) {
    if (name == "-h" || name == "--help" || name == "--version") {
      options_.verb = name == "--version" ? Verb::kVersion : Verb::kHelp;
      done_ = true;
    } else if (name == "--json") {
      options_.json = true;
    } else if (name == "-v" || name == "--verbose") {
      options_.verbose = true;
    } else if (name == "--force") {
      options_.force = true;
    } else if (name == "--as-resolver") {
      options_.as_resolver = true;
    } else if (name == "--dnssec") {
      options_.trial.push_back(name);
    } else {
      return false;
    }
    if (inline_value_) { error_ = name + " takes no value"; }
    return true;
  }

  // --prefix, --host and --key may be given several times.
  bool of_purge(const std::string& name) {
    PurgeWish& purge = options_.purge;
    if (!is_purge_option(name)) { return false; }
    if (name == "--prefix") {
      purge.prefixes.push_back(value(name));
    } else if (name == "--host") {
      purge.hosts.push_back(value(name));
    } else if (name == "--key") {
      purge.keys.push_back(value(name));
    } else {
      (name == "--soft" ? purge.soft : name == "--wait" ? purge.wait : purge.all) = true;
      if (inline_value_) { error_ = name + " takes no value"; }
    }
    return true;
  }

  bool valued(const std::string& name) {
    Connection& connection = options_.connection;
    if (name == "-c" || name == "--config") {
      connection.config_file = value(name);
    } else if (name == "--url") {
      connection.url = value(name);
    } else if (name == "--token") {
      connection.token = value(name);
    } else if (name == "--token-file") {
      connection.token_file = value(name);
    } else if (name == "--ca") {
      connection.authorities_file = value(name);
    } else if (name == "--timeout") {
      connection.timeout = duration(name);
    } else if (name == "--client") {
      options_.client = value(name);
    } else if (name == "--resolver") {
      options_.resolver = value(name);
    } else if (name == "--for" || name == "--ttl-out") {
      options_.lasts = duration(name);
    } else if (name == "--reason") {
      options_.reason = value(name);
    } else if (name == "--dir") {
      options_.key_dir = value(name);
    } else if (name == "--role") {
      options_.role = value(name);
    } else if (name == "--algorithm") {
      options_.algorithm = value(name);
    } else if (is_trial_option(name)) {
      options_.trial.push_back(name);
      options_.trial.push_back(value(name));
    } else {
      return false;
    }
    return true;
  }

  std::string value(const std::string& name) {
    if (inline_value_) { return *inline_value_; }
    if (at_ < arguments_.size()) { return arguments_[at_++]; }
    error_ = name + " needs a value";
    return {};
  }

  // A bare number is seconds, as in the configuration.
  milliseconds duration(const std::string& name) {
    const std::string text = value(name);
    if (!error_.empty()) { return {}; }
    auto parsed = parse_duration_ms(text);
    if (!parsed) { parsed = parse_duration_ms(text + "s"); }
    if (!parsed || *parsed <= 0) {
      error_ = name + ": '" + text + "' is no time; write 90s, 10m or 2h";
      return {};
    }
    return milliseconds(*parsed);
  }

  void finish() {
    if (words_.empty()) {
      error_ = "no verb given";
      return;
    }
    const auto* const row = std::find_if(
        kVerbs.begin(), kVerbs.end(), [&](const VerbRow& each) { return each.word == words_[0]; });
    if (row == kVerbs.end()) {
      std::vector<std::string> known;
      for (const VerbRow& each : kVerbs) { known.emplace_back(each.word); }
      error_ = "unknown verb '" + words_[0] + "'" + suggest(words_[0], known);
      return;
    }
    options_.verb = row->verb;
    const std::size_t count = words_.size() - 1;
    if (count < row->least) {
      error_ = words_[0] + (row->verb == Verb::kExplain    ? " needs a NAME"
                            : row->verb == Verb::kAcme     ? " needs 'set', 'list' or 'clear'"
                            : row->verb == Verb::kZone     ? kZoneNeeds
                            : row->verb == Verb::kKeys     ? " needs 'list', 'ds', 'generate' ..."
                            : row->verb == Verb::kReplay   ? " needs a FILE"
                            : row->verb == Verb::kPrefetch ? " needs a URL"
                            : count == 0                   ? " needs a TARGET"
                                                           : " needs 'up' or 'down'");
    } else if (count > row->most) {
      error_ = "unexpected '" + words_[row->most + 1] + "'";
    } else {
      take_words();
    }
  }

  void take_words() {
    if (options_.verb == Verb::kExplain) {
      options_.name = words_[1];
      if (words_.size() > 2) { options_.type = words_[2]; }
      if (options_.client.empty()) { error_ = "explain needs --client ADDR"; }
      if (options_.as_resolver && options_.resolver) {
        error_ = "--as-resolver and --resolver exclude each other";
      }
    } else if (options_.verb == Verb::kAcme) {
      take_acme();
    } else if (options_.verb == Verb::kZone) {
      take_zone();
    } else if (options_.verb == Verb::kKeys) {
      take_keys();
    } else if (options_.verb == Verb::kPrefetch) {
      options_.purge.urls.assign(words_.begin() + 1, words_.end());
    } else if (options_.verb == Verb::kPurge) {
      options_.purge.urls.assign(words_.begin() + 1, words_.end());
      if (options_.purge.empty()) {
        error_ = "purge needs a URL, --prefix, --host, --key or --all";
      }
    } else if (options_.verb == Verb::kReload || options_.verb == Verb::kZones) {
      if (words_.size() > 1) { options_.name = words_[1]; }
    } else if (words_.size() > 1) {
      options_.target = words_[1];
    }
    if (options_.verb == Verb::kForce) {
      options_.state = words_[2];
      if (options_.state != "up" && options_.state != "down") {
        error_ = "force sets 'up' or 'down', not '" + options_.state + "'";
      }
    }
    if (error_.empty()) { refuse_strangers(); }
  }

  void take_acme() {
    options_.action = words_[1];
    const std::size_t wanted = options_.action == "set" ? 4U : options_.action == "clear" ? 3U : 2U;
    if (options_.action != "set" && options_.action != "list" && options_.action != "clear") {
      error_ = "acme has 'set', 'list' and 'clear', not '" + options_.action + "'";
    } else if (words_.size() > wanted) {
      error_ = "unexpected '" + words_[wanted] + "'";
    } else if (words_.size() < wanted) {
      error_ =
          "acme " + options_.action + (wanted == 4 ? " needs a NAME and a TOKEN" : " needs a NAME");
    } else {
      if (wanted > 2) { options_.name = words_[2]; }
      if (wanted > 3) { options_.token = words_[3]; }
    }
  }

  void take_zone() {
    options_.action = words_[1];
    const bool lists = options_.action == "secondaries";
    if (!lists && options_.action != "refresh" && options_.action != "retransfer") {
      error_ = std::string("zone") + kZoneNeeds + ", not '" + options_.action + "'";
    } else if (lists && words_.size() > 2) {
      error_ = "unexpected '" + words_[2] + "'";
    } else if (!lists && words_.size() < 3) {
      error_ = "zone " + options_.action + " needs a ZONE";
    } else if (!lists) {
      options_.name = words_[2];
    }
  }

  void take_keys() {
    struct Action {
      std::string_view word;
      std::size_t least;
      std::size_t most;
    };
    constexpr std::array<Action, 5> kActions = {
        {{"list", 2, 3}, {"ds", 3, 3}, {"generate", 3, 3}, {"rollover", 3, 4}, {"ds-seen", 4, 4}}};
    options_.action = words_[1];
    const auto* const action = std::ranges::find(kActions, words_[1], &Action::word);
    if (action == kActions.end()) {
      error_ = "keys has list, ds, generate, rollover and ds-seen, not '" + words_[1] + "'";
    } else if (words_.size() > action->most) {
      error_ = "unexpected '" + words_[action->most] + "'";
    } else if (words_.size() < action->least) {
      error_ = "keys " + options_.action +
               (action->least == 4 ? " needs a ZONE and a TAG" : " needs a ZONE");
    } else {
      if (words_.size() > 2) { options_.name = words_[2]; }
      if (words_.size() > 3) { options_.tag = words_[3]; }
    }
    const bool on_files = options_.action != "rollover" && options_.action != "ds-seen";
    if (error_.empty() && options_.key_dir && (!on_files || options_.name.empty())) {
      error_ = on_files ? "keys list --dir needs a ZONE"
                        : "keys " + options_.action + " is for a running server, without --dir";
    }
    if (error_.empty() && !options_.algorithm.empty() && !options_.key_dir) {
      error_ = "--algorithm goes with --dir; a running server has a policy";
    }
  }

  // An option another verb has is a mistake: `undrain fra --for 1h` would not do what it says.
  void refuse_strangers() {
    const Verb verb = options_.verb;
    const bool sets = verb == Verb::kDrain || verb == Verb::kForce;
    for (const std::string& name : given_) {
      const bool of_explain = name == "--client" || name == "--resolver" || name == "--as-resolver";
      if ((of_explain && verb != Verb::kExplain) || (name == "--for" && !sets) ||
          (name == "--ttl-out" && options_.action != "set") ||
          (name == "--force" && verb != Verb::kReload) ||
          ((name == "--dir" || name == "--role" || name == "--algorithm") && verb != Verb::kKeys) ||
          (name == "--reason" && !sets && verb != Verb::kUndrain) ||
          ((name == "-v" || name == "--verbose") && verb != Verb::kStatus) ||
          (name == "--json" &&
           (verb == Verb::kMetrics || verb == Verb::kCheck || verb == Verb::kReplay)) ||
          (is_purge_option(name) && verb != Verb::kPurge &&
           (verb != Verb::kPrefetch || name != "--wait")) ||
          (is_trial_option(name) && verb != Verb::kSimulate && verb != Verb::kCheck)) {
        error_ = words_[0] + " has no option " + name;
        return;
      }
    }
  }

  const std::vector<std::string>& arguments_;
  std::size_t at_ = 0;
  std::optional<std::string> inline_value_;
  std::vector<std::string> words_;
  std::vector<std::string> given_;
  Options options_;
  std::string error_;
  bool done_ = false;
};

}  // namespace

Result<Options, std::string> parse_options(const std::vector<std::string>& arguments) {
  return Parser(arguments).run();
}

}  // namespace gslb::ctl
