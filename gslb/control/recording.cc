#include "gslb/control/recording.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "gslb/base/fields.h"
#include "gslb/base/hash.h"
#include "gslb/base/units.h"
#include "gslb/control/recorded_cluster.h"

namespace gslb::control {
namespace {

constexpr std::string_view kHeader = "proxima-decisions 1";

std::uint64_t hash_number(std::uint64_t state, double value) {
  return hash_combine(state, std::bit_cast<std::uint64_t>(value));
}

std::uint64_t hash_numbers(const std::vector<double>& values) {
  std::uint64_t state = values.size();
  for (const double value : values) { state = hash_number(state, value); }
  return state;
}

// What isn't known changes nothing.
std::uint64_t hash_path(std::uint64_t state, const measure::PathQuality& path) {
  if (path.loss_source != measure::LossSource::kNone) { state = hash_number(state, path.loss); }
  if (path.trouble_ms > 0) { state = hash_number(state, path.trouble_ms); }
  return path.hit_ratio ? hash_number(state, *path.hit_ratio) : state;
}

std::uint64_t hash_row(std::uint64_t state, const steer::Row& row) {
  state = hash_combine(state, row.choices.size() << 20 | row.stayed << 16 |
                                  row.thresholds.size() << 8 | row.ttl_step << 4 | row.spilled);
  for (const std::uint8_t each : row.thresholds) { state = hash_combine(state, each); }
  for (const fleet::ClusterIndex each : row.choices) { state = hash_combine(state, each); }
  return state;
}

template <typename Time>
std::string nanoseconds_of(Time time) {
  using std::chrono::nanoseconds;
  return std::to_string(std::chrono::duration_cast<nanoseconds>(time.time_since_epoch()).count());
}

template <typename Time>
bool read_time(std::string_view text, Time* into) {
  const auto count = parse_number<std::int64_t>(text);
  if (!count) { return false; }
  *into = Time(std::chrono::nanoseconds(*count));
  return true;
}

bool read_hash(std::string_view text, std::uint64_t* into) {
  const auto hash = text.size() == 16 ? parse_number<std::uint64_t>(text, 16) : std::nullopt;
  *into = hash.value_or(0);
  return hash.has_value();
}

template <typename Integer>
bool read_integer(std::string_view text, Integer* into) {
  const auto value = parse_number<Integer>(text);
  *into = value.value_or(0);
  return value.has_value();
}

// The word at the front of the next line, which is taken; `line` is what follows it.
std::string_view take_line(std::string_view& rest, std::string_view& line) {
  line = take_field(rest, '\n');
  return take_field(line, ' ');
}

// As many octets as `count` says, and the line's end behind them.
bool take_octets(std::string_view& rest, std::string_view count, std::string* into) {
  const auto size = parse_number<std::size_t>(count);
  if (!size || *size >= rest.size() || rest[*size] != '\n') { return false; }
  *into = rest.substr(0, *size);
  rest.remove_prefix(*size + 1);
  return true;
}

std::string write_unit(const geo::Unit& unit) {
  std::string country = unit.country[0] == 0 ? "--" : geo::country_text(unit);
  return format_hex(unit.id) + ' ' + std::to_string(unit.asn) + ' ' + country +
         (unit.has_place ? " 1 " : " 0 ") + format_number(unit.place.latitude) + ' ' +
         format_number(unit.place.longitude) + ' ' + format_number(unit.place_sigma_km) + ' ' +
         format_number(unit.address_weight) + ' ' + std::to_string(unit.override_index) + '\n';
}

bool read_unit(std::string_view line, geo::Unit& unit) {
  if (!read_hash(take_field(line, ' '), &unit.id)) { return false; }
  if (!read_integer(take_field(line, ' '), &unit.asn)) { return false; }
  const std::string_view country = take_field(line, ' ');
  constexpr std::size_t kPart = 3;  // "US-CA": after the hyphen
  if (country.size() < 2 || country.size() > kPart + unit.subdivision.size()) { return false; }
  if (country != "--") { unit.country = {country[0], country[1]}; }
  if (country.size() > kPart) {
    std::copy(country.begin() + kPart, country.end(), unit.subdivision.begin());
  }
  unit.has_place = take_field(line, ' ') == "1";
  return read_amount(take_field(line, ' '), &unit.place.latitude) &&
         read_amount(take_field(line, ' '), &unit.place.longitude) &&
         read_amount(take_field(line, ' '), &unit.place_sigma_km) &&
         read_amount(take_field(line, ' '), &unit.address_weight) &&
         read_integer(line, &unit.override_index);
}

// As many amounts as there are places for them, parted by colons.
bool read_amounts(std::string_view text, std::initializer_list<double*> into) {
  for (double* each : into) {
    if (!read_amount(take_field(text, ':'), each)) { return false; }
  }
  return text.empty();
}

// What is known of a sample beside the RTT; false: it is none of these, or no number.
bool read_counts(std::string_view name, std::string_view value, TimedSample& timed) {
  measure::Sample& sample = timed.sample;
  if (name == "path") {
    measure::PathCount& path = sample.path;
    return read_amounts(value, {&path.sent, &path.retransmitted, &path.bits_per_s});
  }
  if (name == "cache") {
    measure::CacheCount& count = timed.cache.emplace();
    return read_amounts(value, {&count.requests, &count.hits});
  }
  double tried = 0;
  double failed = 0;
  if (name != "requests" || !read_amounts(value, {&tried, &failed})) { return false; }
  sample.requests = {static_cast<float>(tried), static_cast<float>(failed)};
  return true;
}

// What a sample may be beside a client's single RTT.
bool read_details(std::string_view line, TimedSample& timed) {
  measure::Sample& sample = timed.sample;
  while (!line.empty()) {
    std::string_view value = take_field(line, ' ');
    const std::string_view name = take_field(value, '=');
    if (name == "probe") {
      sample.is_probe = true;
    } else if (name == "peer") {
      if (!read_integer(value, &timed.peer.emplace())) { return false; }
    } else if (name == "share") {
      double rtt_ms = 0;
      double connections = 0;
      if (!read_amounts(value, {&rtt_ms, &connections})) { return false; }
      sample.spread.push_back({static_cast<float>(rtt_ms), static_cast<float>(connections)});
    } else if (!read_counts(name, value, timed)) {
      return false;
    }
  }
  return true;
}

std::string amounts(std::initializer_list<double> values) {
  std::string text;
  for (const double each : values) { text += (text.empty() ? "" : ":") + format_number(each); }
  return text;
}

std::string write_details(const TimedSample& timed) {
  const measure::Sample& sample = timed.sample;
  const measure::PathCount& path = sample.path;
  std::string text;
  if (path.sent > 0 || path.bits_per_s > 0) {
    text += " path=" + amounts({path.sent, path.retransmitted, path.bits_per_s});
  }
  if (sample.requests.tried > 0) {
    text += " requests=" + amounts({double{sample.requests.tried}, double{sample.requests.failed}});
  }
  if (timed.cache) { text += " cache=" + amounts({timed.cache->requests, timed.cache->hits}); }
  if (timed.sample.is_probe) { text += " probe"; }
  if (timed.peer) { text += " peer=" + std::to_string(*timed.peer); }
  for (const measure::Sample::Share& share : timed.sample.spread) {
    text += " share=" + format_number(double{share.rtt_ms}) + ':' +
            format_number(double{share.connections});
  }
  return text;
}

bool read_sample(std::string_view line, TimedSample& timed) {
  measure::Sample& sample = timed.sample;
  return read_integer(take_field(line, ' '), &sample.unit) &&
         read_integer(take_field(line, ' '), &sample.cluster) &&
         read_amount(take_field(line, ' '), &sample.rtt_ms) &&
         read_integer(take_field(line, ' '), &sample.count) &&
         read_time(take_field(line, ' '), &timed.at) && read_details(line, timed);
}

bool read_join(std::string_view line, measure::BeaconJoin& join) {
  const auto resolver = Prefix::parse(take_field(line, ' '));
  join.resolver = resolver.value_or(Prefix());
  return resolver && read_integer(take_field(line, ' '), &join.home) &&
         read_integer(take_field(line, ' '), &join.client) && read_time(line, &join.at);
}

bool read_served(std::string_view line, steer::FleetUse& use) {
  if (!read_amount(take_field(line, ' '), &use.egress_share)) { return false; }
  while (!line.empty()) {
    std::string_view one = take_field(line, ' ');
    steer::ServiceUse& each = use.services.emplace_back();
    if (!read_integer(take_field(one, ':'), &each.service)) { return false; }
    if (!read_amounts(one, {&each.requests_per_s, &each.octets_per_s})) { return false; }
  }
  return true;
}

bool read_asked(std::string_view line, RecordedPlan& plan) {
  while (!line.empty()) {
    std::string_view pair = take_field(line, ' ');
    std::pair<std::uint32_t, std::uint32_t> asked;
    if (!read_integer(take_field(pair, ':'), &asked.first)) { return false; }
    if (!read_integer(pair, &asked.second)) { return false; }
    plan.asked.push_back(asked);
  }
  return true;
}

bool read_made(std::string_view line, PlanDigest& made) {
  return read_hash(take_field(line, ' '), &made.demand) &&
         read_hash(take_field(line, ' '), &made.estimates) &&
         read_hash(take_field(line, ' '), &made.prices) && read_hash(line, &made.loads);
}

bool read_map(std::string_view line, PlanDigest& made) {
  while (!line.empty()) {
    if (!read_hash(take_field(line, ' '), &made.map.emplace_back())) { return false; }
  }
  return true;
}

// One line of a plan; false: it has no place in one.
bool read_plan_line(std::string_view kind, std::string_view line, RecordedPlan& plan) {
  if (kind == "sample") { return read_sample(line, plan.inputs.samples.emplace_back()); }
  if (kind == "join") { return read_join(line, plan.inputs.joins.emplace_back()); }
  if (kind == "served") { return read_served(line, plan.inputs.use); }
  if (kind == "asked") { return read_asked(line, plan); }
  if (kind == "cluster") { return read_cluster(line, plan.inputs.clusters.emplace_back()); }
  if (kind == "made") { return read_made(line, plan.made); }
  return kind == "map" && read_map(line, plan.made);
}

}  // namespace

PlanDigest digest(const Epoch& epoch, const steer::Plan& plan) {
  const auto& units = epoch.compiled->geo->units();
  PlanDigest made;
  made.demand = hash_numbers(epoch.ledger.demand(units).expected);
  if (plan.estimates) {
    made.estimates = units.size();
    for (std::size_t i = 0; i < units.size() * plan.estimates->clusters(); ++i) {
      const measure::RttEstimate each =
          plan.estimates->at(static_cast<geo::UnitIndex>(i / plan.estimates->clusters()),
                             static_cast<fleet::ClusterIndex>(i % plan.estimates->clusters()));
      made.estimates = hash_number(hash_number(made.estimates, each.mean_ms), each.sigma_ms);
      made.estimates = hash_path(made.estimates, each.path);
    }
  }
  made.prices = hash_numbers(plan.summary.price_ms);
  made.loads = hash_numbers(plan.summary.planned_load);
  for (std::size_t i = 0; i < epoch.compiled->services->services.size(); ++i) {
    const steer::ServiceMode mode = plan.map->mode(static_cast<steer::ServiceIndex>(i));
    const std::size_t rows = epoch.demand->units();
    std::uint64_t& state =
        made.map.emplace_back(rows << 10 | mode.variant << 2 | static_cast<unsigned>(mode.split));
    for (std::size_t unit = 0; unit < rows; ++unit) {
      state = hash_row(state, plan.map->row(static_cast<steer::ServiceIndex>(i),
                                            static_cast<geo::UnitIndex>(unit)));
    }
  }
  return made;
}

std::string write_start(const RecordedStart& start) {
  std::string text(kHeader);
  text += "\nconfig " + start.config_path + ' ' + std::to_string(start.config_text.size()) + '\n' +
          start.config_text + "\ngeo " + format_hex(start.geo) + "\nunits " +
          std::to_string(start.units.size()) + '\n';
  for (const geo::Unit& unit : start.units) { text += write_unit(unit); }
  text += "start " + nanoseconds_of(start.started) + "\nlearnt " +
          std::to_string(start.learnt.size()) + '\n' + start.learnt + '\n';
  return text;
}

std::string write_plan(const RecordedPlan& plan) {
  const PlanInputs& inputs = plan.inputs;
  std::string text = "plan " + std::to_string(plan.number) + ' ' + nanoseconds_of(inputs.mono) +
                     ' ' + nanoseconds_of(inputs.wall) + (inputs.learns ? " learns\n" : " keeps\n");
  for (const TimedSample& each : inputs.samples) {
    text += "sample " + std::to_string(each.sample.unit) + ' ' +
            std::to_string(each.sample.cluster) + ' ' + format_number(each.sample.rtt_ms) + ' ' +
            std::to_string(each.sample.count) + ' ' + nanoseconds_of(each.at) +
            write_details(each) + '\n';
  }
  for (const measure::BeaconJoin& each : inputs.joins) {
    text += "join " + each.resolver.to_string() + ' ' + std::to_string(each.home) + ' ' +
            std::to_string(each.client) + ' ' + nanoseconds_of(each.at) + '\n';
  }
  if (!inputs.use.services.empty()) {
    text += "served " + format_number(inputs.use.egress_share);
    for (const steer::ServiceUse& each : inputs.use.services) {
      text += ' ' + std::to_string(each.service) + ':' +
              amounts({each.requests_per_s, each.octets_per_s});
    }
    text += '\n';
  }
  text += "asked";
  for (const auto& [row, count] : plan.asked) {
    text += ' ' + std::to_string(row) + ':' + std::to_string(count);
  }
  text += '\n';
  for (const steer::ClusterInput& each : inputs.clusters) {
    text += "cluster " + cluster_text(each) + '\n';
  }
  text += "made " + format_hex(plan.made.demand) + ' ' + format_hex(plan.made.estimates) + ' ' +
          format_hex(plan.made.prices) + ' ' + format_hex(plan.made.loads) + "\nmap";
  for (const std::uint64_t each : plan.made.map) { text += ' ' + format_hex(each); }
  return text + "\nend\n";
}

std::optional<RecordedStart> RecordingReader::start() {
  RecordedStart start;
  std::string_view line;
  if (take_field(rest_, '\n') != kHeader) { return std::nullopt; }
  if (take_line(rest_, line) != "config") { return std::nullopt; }
  // The path may have spaces.
  const std::size_t space = line.rfind(' ');
  if (space == std::string_view::npos) { return std::nullopt; }
  start.config_path = line.substr(0, space);
  if (!take_octets(rest_, line.substr(space + 1), &start.config_text)) { return std::nullopt; }
  if (take_line(rest_, line) != "geo" || !read_hash(line, &start.geo)) { return std::nullopt; }
  std::size_t units = 0;
  if (take_line(rest_, line) != "units" || !read_integer(line, &units)) { return std::nullopt; }
  for (; units > 0 && !rest_.empty(); --units) {
    if (!read_unit(take_field(rest_, '\n'), start.units.emplace_back())) { return std::nullopt; }
  }
  if (units > 0 || start.units.empty()) { return std::nullopt; }
  if (take_line(rest_, line) != "start" || !read_time(line, &start.started)) {
    return std::nullopt;
  }
  if (take_line(rest_, line) != "learnt" || !take_octets(rest_, line, &start.learnt)) {
    return std::nullopt;
  }
  return start;
}

std::optional<RecordedPlan> RecordingReader::next() {
  is_cut_off_ = !rest_.empty();
  std::string_view line;
  if (take_line(rest_, line) != "plan") { return std::nullopt; }
  RecordedPlan plan;
  if (!read_integer(take_field(line, ' '), &plan.number) ||
      !read_time(take_field(line, ' '), &plan.inputs.mono) ||
      !read_time(take_field(line, ' '), &plan.inputs.wall)) {
    return std::nullopt;
  }
  plan.inputs.learns = line == "learns";
  while (!rest_.empty()) {
    const std::string_view kind = take_line(rest_, line);
    if (kind == "end") {
      is_cut_off_ = false;
      return plan;
    }
    if (!read_plan_line(kind, line, plan)) { return std::nullopt; }
  }
  return std::nullopt;
}

std::size_t RecordingReader::line() const noexcept {
  const std::string_view read = text_.substr(0, text_.size() - rest_.size());
  return 1 + static_cast<std::size_t>(std::ranges::count(read, '\n'));
}

}  // namespace gslb::control
