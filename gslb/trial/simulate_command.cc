#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "gslb/base/fields.h"
#include "gslb/base/file.h"
#include "gslb/trial/command.h"
#include "gslb/trial/n_minus_1.h"
#include "gslb/trial/simulate.h"

namespace gslb::trial {

const char* const kSimulateUsage =
    "       proxima-gslb simulate -c FILE [OPTION]...\n"
    "                                     what would move: traffic, use of targets, round-trip\n"
    "                                     times, cost, before and after; nothing is changed\n"
    "         --base FILE                 ... against this configuration, not FILE itself\n"
    "         --state DIR                 demand, loads and RTT from the state_dir of a node;\n"
    "         --learnt FILE               ... from GET /v1/learnt; else the configuration's\n"
    "         --queries FILE              demand by lines 'NAME TYPE CLIENT [COUNT]'\n"
    "         --rate N                    queries/s in all\n"
    "         --load X                    where no load is known: share of all targets in use "
    "(0.7)\n"
    "         --outage GLOB, --drain GLOB clusters or groups that answer no more\n"
    "         --capacity GLOB=X           clusters that can take X times as much\n"
    "         --max-utilisation X         exit 5 when a cluster is over X of its target,\n"
    "         --max-moved X               ... more than X of the clients move (0.2 or 20%),\n"
    "         --max-rtt-p95-increase MS   ... the 95th percentile of RTT grows by more\n"
    "         --json\n";

namespace {

struct Line {
  std::string config;
  std::string base;
  std::string state;
  std::string learnt;
  std::string queries;
  double rate_per_s = 0;
  Assumption assumption;
  Changes changes;
  Limits limits;
  bool json = false;
};

// "0.2" or "20%".
std::optional<double> parse_share(std::string_view text) {
  const bool is_percent = text.ends_with('%');
  if (is_percent) { text.remove_suffix(1); }
  const auto value = parse_number<double>(text);
  // A NaN is in no range.
  if (!value || !(*value >= 0 && *value <= 1e9)) { return std::nullopt; }
  return is_percent ? *value / 100 : *value;
}

class LineParser {
 public:
  explicit LineParser(const std::vector<std::string>& arguments) : arguments_(arguments) {}

  // The error; empty: `line` is filled.
  std::string run(Line& line) {
    for (std::size_t i = 0; i < arguments_.size(); ++i) {
      std::string name = arguments_[i];
      if (name == "--json") {
        line.json = true;
        continue;
      }
      std::string value;
      const std::size_t equals = name.starts_with("--") ? name.find('=') : std::string::npos;
      if (equals != std::string::npos) {
        value = name.substr(equals + 1);
        name.resize(equals);
      } else if (i + 1 < arguments_.size()) {
        value = arguments_[++i];
      }
      const std::string error = set(line, name, value);
      if (!error.empty()) { return error; }
    }
    return line.config.empty() ? "simulate needs -c FILE" : "";
  }

 private:
  static std::string set(Line& line, const std::string& name, const std::string& value) {
    std::string* const text = name == "-c" || name == "--config" ? &line.config
                              : name == "--base"                 ? &line.base
                              : name == "--state"                ? &line.state
                              : name == "--learnt"               ? &line.learnt
                              : name == "--queries"              ? &line.queries
                                                                 : nullptr;
    if (value.empty()) { return name + " needs a value, or is no option of simulate"; }
    if (text != nullptr) {
      *text = value;
    } else if (name == "--outage") {
      line.changes.outages.push_back(value);
    } else if (name == "--drain") {
      line.changes.drains.push_back(value);
    } else if (name == "--capacity") {
      return set_capacity(line, value);
    } else {
      return set_number(line, name, value);
    }
    return {};
  }

  static std::string set_capacity(Line& line, const std::string& value) {
    const std::size_t equals = value.rfind('=');
    const auto factor =
        equals == std::string::npos ? std::nullopt : parse_share(value.substr(equals + 1));
    if (!factor || *factor <= 0) { return "--capacity: '" + value + "' is not GLOB=X, X above 0"; }
    line.changes.capacity.emplace_back(value.substr(0, equals), *factor);
    return {};
  }

  static std::string set_number(Line& line, const std::string& name, const std::string& value) {
    const auto number = parse_share(value);
    if (name == "--rate" && number) {
      line.rate_per_s = *number;
    } else if (name == "--load" && number) {
      line.assumption.use_of_targets = *number;
    } else if (name == "--max-utilisation" && number) {
      line.limits.utilisation = number;
    } else if (name == "--max-moved" && number) {
      line.limits.moved = number;
    } else if (name == "--max-rtt-p95-increase" && number) {
      line.limits.rtt_p95_increase_ms = number;
    } else if (!number && name.starts_with("--")) {
      return name + ": '" + value + "' is no number of 0 or more, or no such option";
    } else {
      return "unexpected '" + name + "'";
    }
    return {};
  }

  const std::vector<std::string>& arguments_;
};

std::optional<std::string> read_named(const std::string& file, Problems& problems) {
  auto text = read_file(file);
  if (!text) { problems.error({file}, std::string("can't be read: ") + std::strerror(errno)); }
  return text;
}

control::Learnt read_learnt(const Line& line, const control::Compiled& compiled,
                            Problems& problems) {
  if (!line.learnt.empty()) {
    const auto text = read_named(line.learnt, problems);
    if (!text) { return {}; }
    control::Learnt learnt = control::parse_learnt(*text);
    if (learnt.clusters.empty()) {
      problems.error({line.learnt}, "this is not what GET /v1/learnt gives");
    }
    return learnt;
  }
  const std::string& folder = line.state.empty() ? compiled.config.server.state_dir : line.state;
  control::Learnt learnt = read_state(folder);
  if (!line.state.empty() && learnt.clusters.empty()) {
    problems.error({folder + '/' + control::kLearntFile}, "there is no learnt demand",
                   "a node writes it every five minutes and at its end");
  }
  return learnt;
}

// What a trial is made of.
struct Setting {
  const Line& line;
  const control::Learnt& learnt;
  const std::vector<AskedQuery>& queries;
  WallTime now;
};

void set_up(Trial& trial, const Setting& setting, const control::Compiled* learnt_with,
            Problems& problems) {
  trial.take(setting.learnt, learnt_with, setting.now);
  if (!setting.queries.empty()) {
    const double other = trial.ask(setting.queries, setting.line.rate_per_s);
    const bool any = std::ranges::any_of(trial.demand(), [](double each) { return each > 0; });
    if (!any) {
      problems.error({setting.line.queries}, "none of the names is routed",
                     "nothing would be simulated; routes are [[route]] in the configuration");
    } else if (other > 0) {
      std::fprintf(stderr, "%s: %g queries are of names that aren't routed here\n",
                   setting.line.queries.c_str(), other);
    }
  } else if (setting.line.rate_per_s > 0) {
    trial.set_rate(setting.line.rate_per_s);
  }
}

}  // namespace

int simulate_command(const std::vector<std::string>& arguments) {
  Line line;
  const std::string error = LineParser(arguments).run(line);
  if (!error.empty()) {
    std::fprintf(stderr, "proxima-gslb: %s\nusage:\n%s", error.c_str(), kSimulateUsage);
    return kExitUsage;
  }
  Problems problems;
  const auto fail = [&problems] {
    std::fputs(problems.to_string().c_str(), stderr);
    return kExitUsage;
  };
  const auto compiled = control::compile(line.config, problems);
  const auto base =
      line.base.empty() || !compiled ? compiled : control::compile(line.base, problems);
  if (!compiled || !base) { return fail(); }
  const control::Learnt learnt = read_learnt(line, *base, problems);
  std::vector<AskedQuery> queries;
  if (!line.queries.empty()) {
    if (const auto text = read_named(line.queries, problems)) {
      queries = read_queries(*text, line.queries, problems);
    }
  }
  if (problems.has_errors()) { return fail(); }
  const Setting setting{line, learnt, queries, std::chrono::system_clock::now()};
  Trial before(base);
  set_up(before, setting, nullptr, problems);
  const double use = before.estimate_use(line.assumption);
  before.assume_loads(use);
  std::optional<Trial> after;
  if (!line.base.empty()) {
    after.emplace(compiled);
    set_up(*after, setting, base.get(), problems);
    after->assume_loads(use);
  }
  if (problems.has_errors()) { return fail(); }
  const Simulation result =
      simulate(before, after ? &*after : nullptr, line.changes, line.limits, problems);
  if (problems.has_errors()) { return fail(); }
  std::fputs((line.json ? to_json(result) : to_text(result)).c_str(), stdout);
  return result.passed_limits.empty() ? kExitOk : kExitLimit;
}

}  // namespace gslb::trial
