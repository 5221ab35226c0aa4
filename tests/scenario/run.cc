#include <algorithm>
#include <optional>
#include <set>

#include "tests/scenario/expect.h"
#include "tests/scenario/scenario.h"
#include "tests/scenario/tally.h"
#include "tests/scenario/words.h"

namespace scenario {
namespace {

using gslb::fleet::AdminState;
using gslb::fleet::NodeState;
using tests::Ask;
using tests::Reply;
using tests::World;

constexpr gslb::fleet::Outcome kOutcomes[] = {
    gslb::fleet::Outcome::kGood, gslb::fleet::Outcome::kBad, gslb::fleet::Outcome::kUnasked};

gslb::milliseconds read_time(const std::string& text) {
  const std::size_t unit = text.find_first_not_of("0123456789");
  const auto count = number<std::int64_t>(text.substr(0, unit));
  const std::string name = unit == std::string::npos ? "" : text.substr(unit);
  if (name == "ms") { return gslb::milliseconds(count); }
  if (name == "s") { return gslb::milliseconds(count * 1000); }
  if (name == "m") { return gslb::milliseconds(count * 60'000); }
  throw std::runtime_error("'" + text + "' is no time such as 250ms, 30s or 2m");
}

NodeState read_state(const std::string& text) {
  if (text == "up") { return NodeState::kUp; }
  if (text == "draining") { return NodeState::kDraining; }
  if (text == "down") { return NodeState::kDown; }
  throw std::runtime_error("a state is up, draining or down");
}

// "NAME TYPE [from ADDR] [ecs PREFIX] [do] [tcp] [noedns]"; leaves what it does not know.
Ask read_ask(Words& words) {
  Ask ask;
  ask.name = words.take("the name");
  const std::string type = words.take("the type");
  unsigned code = 1;
  while (code < 258 && to_string(static_cast<gslb::dns::RrType>(code)) != type) { ++code; }
  if (code == 258) { throw std::runtime_error("'" + type + "' is no type"); }
  ask.type = static_cast<gslb::dns::RrType>(code);
  for (;;) {
    if (words.take_if("from")) {
      ask.from = words.take("the resolver's address");
      if (!gslb::Address::parse(ask.from)) { throw std::runtime_error("no address: " + ask.from); }
    } else if (words.take_if("ecs")) {
      ask.ecs = words.take("the client subnet");
      if (!gslb::Prefix::parse(ask.ecs)) { throw std::runtime_error("no prefix: " + ask.ecs); }
    } else if (words.take_if("do")) {
      ask.dnssec_ok = true;
    } else if (words.take_if("tcp")) {
      ask.tcp = true;
    } else if (words.take_if("noedns")) {
      ask.edns = false;
    } else {
      return ask;
    }
  }
}

class Runner {
 public:
  explicit Runner(const Scenario& scenario)
      : world_(scenario.config, scenario.files), counted_(tally(world_)) {}

  void step(const std::string& text) {
    Words words(text);
    const std::string verb = words.take("the step");
    if (verb == "expect") {
      if (!asked_) { throw std::runtime_error("expect without a query before it"); }
      expect(words.take_rest(), *asked_);
      asked_.reset();
      return;
    }
    finish();
    if (verb == "at") {
      at(words);
    } else if (verb == "beat") {
      beat(words);
    } else if (verb == "silence") {
      silence(words);
    } else if (verb == "admin") {
      admin(words);
    } else if (verb == "monitor") {
      monitor(words);
    } else if (verb == "query") {
      const Ask ask = read_ask(words);
      words.finish();
      asked_ = world_.ask(ask);
    } else if (verb == "traffic") {
      traffic(words);
    } else if (verb == "share") {
      share(words.take_rest());
    } else if (verb == "count") {
      count(words);
    } else {
      throw std::runtime_error("no step is called '" + verb + "'");
    }
    words.finish();
  }

  // A query that nothing is expected of is a forgotten line.
  void finish() const {
    if (asked_) { throw std::runtime_error("the query before has no expect"); }
  }

 private:
  void at(Words& words) {
    const gslb::milliseconds to = read_time(words.take("the time"));
    if (to < now_) { throw std::runtime_error("time does not run backwards"); }
    while (now_ < to) {
      const gslb::milliseconds step = std::min(to - now_, gslb::milliseconds(1000));
      world_.advance(step);
      now_ += step;
      for (unsigned i = 0; i < traffic_per_s_; ++i) { world_.ask(numbered(traffic_, asked_of_++)); }
    }
  }

  // "10 *.cdn.example. A ecs P": so many queries at the end of each second that passes.
  void traffic(Words& words) {
    traffic_per_s_ = number<unsigned>(words.take("queries per second"));
    if (traffic_per_s_ != 0) { traffic_ = read_ask(words); }
  }

  // `*` becomes n0, n1, ….
  static Ask numbered(Ask ask, unsigned number) {
    if (ask.name.starts_with("*.")) {
      ask.name = 'n' + std::to_string(number % 1000) + ask.name.substr(1);
    }
    return ask;
  }

  void beat(Words& words) {
    std::vector<std::string> nodes;
    while (words.peek().find('/') != std::string_view::npos) {
      nodes.push_back(words.take("the node"));
    }
    if (nodes.empty()) { throw std::runtime_error("the node is missing, such as fra/n1"); }
    NodeState state = NodeState::kUp;
    if (words.take_if("state")) { state = read_state(words.take("the state")); }
    std::map<std::string, double> load;
    if (words.take_if("load")) {
      do {
        const std::vector<std::string> pair = split(words.take("RESOURCE=NUMBER"), '=');
        if (pair.size() != 2) { throw std::runtime_error("a load is RESOURCE=NUMBER"); }
        load[pair[0]] = number<double>(pair[1]);
      } while (!words.empty());
    }
    words.finish();
    for (const std::string& node : nodes) {
      world_.beat(node, state, load);
      beating_.insert(node);
    }
  }

  void silence(Words& words) {
    while (!words.empty()) {
      const std::string node = words.take("the node");
      if (beating_.erase(node) == 0) { throw std::runtime_error(node + " does not beat"); }
      world_.silence(node);
    }
  }

  void monitor(Words& words) {
    const std::string name = words.take("the monitor");
    const std::string item = words.take("the address");
    const std::string what = words.take("good, bad or unasked");
    const auto* const outcome =
        std::find_if(std::begin(kOutcomes), std::end(kOutcomes),
                     [&](gslb::fleet::Outcome each) { return to_string(each) == what; });
    if (outcome == std::end(kOutcomes)) { throw std::runtime_error("good, bad or unasked"); }
    const auto times = words.empty() ? 1U : number<unsigned>(words.take("how often"));
    for (unsigned i = 0; i < times; ++i) { world_.result(name, item, *outcome); }
  }

  void admin(Words& words) {
    const std::string what = words.take("drain, down, up or clear");
    const auto state = what == "clear" ? AdminState::kNone : gslb::fleet::parse_admin_state(what);
    if (!state || what == "none") {
      throw std::runtime_error("'" + what + "' is not drain, down, up or clear");
    }
    world_.set_admin(words.take("the cluster or node"), *state);
  }

  // "*.cdn.example. A ecs P over 200 names; fra 60%..80%; lon 20%..40%".
  void share(const std::string& text) {
    const std::vector<std::string> parts = split(text, ';');
    Words words(parts[0]);
    const Ask ask = read_ask(words);
    if (!words.take_if("over")) { throw std::runtime_error("'over N names' is missing"); }
    const auto names = number<unsigned>(words.take("how many names"));
    if (!words.take_if("names") || names == 0) { throw std::runtime_error("over N names"); }
    words.finish();
    if (!ask.name.starts_with("*.")) { throw std::runtime_error("the name begins with '*.'"); }
    std::map<std::string, unsigned> found;
    for (unsigned i = 0; i < names; ++i) {
      const Reply reply = world_.ask(numbered(ask, i));
      const std::vector<std::string> addresses = reply.answers(ask.type);
      ++found[addresses.empty() ? reply.rcode : cluster_of(addresses[0])];
    }
    check_shares({parts.begin() + 1, parts.end()}, names, found);
  }

  // What isn't listed must have nothing.
  static void check_shares(const std::vector<std::string>& ranges, unsigned names,
                           std::map<std::string, unsigned>& found) {
    std::string got;
    for (const auto& [cluster, count] : found) {
      got += "; " + cluster + ' ' + std::to_string(100.0 * count / names) + '%';
    }
    for (const std::string& range : ranges) {
      Words words(range);
      const std::string cluster = words.take("the cluster");
      const std::string limits = words.take("LOW%..HIGH%");
      const std::size_t dots = limits.find("%..");
      if (dots == std::string::npos || !limits.ends_with('%')) {
        throw std::runtime_error("a share is LOW%..HIGH%");
      }
      words.finish();
      const auto low = number<double>(limits.substr(0, dots));
      const auto high = number<double>(limits.substr(dots + 3, limits.size() - dots - 4));
      const double share = 100.0 * found[cluster] / names;
      if (share < low || share > high) {
        throw std::runtime_error("the share of " + cluster + " differs\n  answered" + got);
      }
      found.erase(cluster);
    }
    if (!found.empty()) {
      throw std::runtime_error("'" + found.begin()->first + "' is not expected\n  answered" + got);
    }
  }

  std::string cluster_of(const std::string& address) const {
    const auto is_it = [&](const std::optional<gslb::Address>& of) {
      return of && of->to_string() == address;
    };
    for (const auto& cluster : world_.epoch->compiled->config.clusters) {
      for (const auto& node : cluster.nodes) {
        if (is_it(node.ipv4) || is_it(node.ipv6)) { return cluster.id.text; }
      }
    }
    return address;
  }

  void count(Words& words) {
    Tally now = tally(world_);
    if (words.empty()) { throw std::runtime_error("the counter is missing"); }
    while (!words.empty()) {
      const std::string counter = words.take("the counter");
      const std::string by = words.take("+N");
      if (!by.starts_with('+')) { throw std::runtime_error("a count is '+N'"); }
      if (!now.contains(counter)) { throw std::runtime_error("no counter '" + counter + "'"); }
      const std::uint64_t grown = now[counter] - counted_[counter];
      if (grown != number<std::uint64_t>(by.substr(1))) {
        throw std::runtime_error(counter + " grew by " + std::to_string(grown) + ", not " + by);
      }
    }
    counted_ = std::move(now);
  }

  World world_;
  Tally counted_;  // at the last count
  gslb::milliseconds now_{0};
  unsigned traffic_per_s_ = 0;
  Ask traffic_;
  unsigned asked_of_ = 0;  // names of it so far
  std::set<std::string> beating_;
  std::optional<Reply> asked_;
};

}  // namespace

void run(const Scenario& scenario) {
  std::optional<Runner> runner;
  try {
    runner.emplace(scenario);
  } catch (const std::exception& error) { fail(scenario.file, 1, error.what()); }
  bool asserts = false;
  for (const Step& step : scenario.steps) {
    try {
      runner->step(step.text);
    } catch (const std::exception& error) { fail(scenario.file, step.line, error.what()); }
    asserts |= step.text.starts_with("expect") || step.text.starts_with("share");
  }
  const std::size_t last = scenario.steps.back().line;
  try {
    runner->finish();
  } catch (const std::exception& error) { fail(scenario.file, last, error.what()); }
  if (!asserts) { fail(scenario.file, last, "nothing is expected, so nothing is tested"); }
}

}  // namespace scenario
