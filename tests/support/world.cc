#include "tests/support/world.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "tests/support/folder.h"

namespace tests {

using namespace gslb;
using dns::RrType;
using dns::testing::append;
using dns::testing::Buffer;
using dns::testing::Decoder;
using dns::testing::hex;
using fleet::NodeState;

namespace {

void append_u16(Buffer& to, unsigned value) {
  to.push_back(static_cast<std::uint8_t>(value >> 8));
  to.push_back(static_cast<std::uint8_t>(value));
}

// The subnet as written, unless it is "family/source/scope:hex".
Buffer ecs_option(const std::string& text) {
  Buffer data;
  if (const std::size_t colon = text.find(":raw:"); colon != std::string::npos) {
    data = hex(text.substr(colon + 5));
  } else {
    const auto prefix = Prefix::parse(text).value();
    append_u16(data, prefix.is_v6() ? 2 : 1);
    data.push_back(static_cast<std::uint8_t>(prefix.bits()));
    data.push_back(0);
    append(data, prefix.address().octets().first(static_cast<std::size_t>(prefix.bits() + 7) / 8));
  }
  Buffer option;
  append_u16(option, 8);
  append_u16(option, static_cast<unsigned>(data.size()));
  append(option, data);
  return option;
}

std::string rdata_text(const Buffer& octets, const dns::testing::DecodedRecord& record) {
  if (record.type == RrType::kA || record.type == RrType::kAaaa) {
    return Address::from_octets(record.rdata).to_string();
  }
  std::size_t at = record.rdata_at;
  Decoder decoder(octets);
  switch (record.type) {
    case RrType::kNs:
    case RrType::kCname:
    case RrType::kDname:
    case RrType::kPtr:
    case RrType::kSoa:
      return decoder.read_name(&at);
    case RrType::kMx:
      at += 2;
      return decoder.read_name(&at);
    case RrType::kTxt:
      return '"' + std::string(record.rdata.begin() + 1, record.rdata.end()) + '"';
    default:
      return std::to_string(record.rdata.size()) + " octets";
  }
}

}  // namespace

Buffer make_query(const Ask& ask) {
  Buffer query;
  append_u16(query, 0x2a17);
  append_u16(query, ask.flags);
  append_u16(query, 1);
  append_u16(query, 0);
  append_u16(query, 0);
  append_u16(query, ask.edns ? 1 : 0);
  append(query, dns::Name::parse(ask.name).value().wire());
  append_u16(query, static_cast<unsigned>(ask.type));
  append_u16(query, static_cast<unsigned>(ask.klass));
  if (ask.edns) {
    Buffer options = hex(ask.options);
    if (!ask.ecs.empty()) { append(options, ecs_option(ask.ecs)); }
    query.push_back(0);
    append_u16(query, static_cast<unsigned>(RrType::kOpt));
    append_u16(query, ask.payload);
    query.push_back(0);
    query.push_back(ask.version);
    append_u16(query, ask.dnssec_ok ? 0x8000 : 0);
    append_u16(query, static_cast<unsigned>(options.size()));
    append(query, options);
  }
  if (const std::size_t colon = ask.patch.find(':'); colon != std::string::npos) {
    const Buffer patch = hex(ask.patch.substr(colon + 1));
    std::copy(patch.begin(), patch.end(), query.begin() + std::stol(ask.patch));
  }
  return query;
}

Reply::Reply(Buffer from) : octets(std::move(from)) {
  if (octets.empty()) { return; }
  message = Decoder(octets).decode();
  aa = (message.flags & 0x0400) != 0;
  tc = (message.flags & 0x0200) != 0;
  if ((message.flags & 0x8000) == 0) { throw std::runtime_error("QR is not set"); }
  unsigned number = message.flags & 0xfU;
  for (std::size_t section = 0; section < 3; ++section) {
    for (const auto& record : message.sections[section]) {
      if (record.type != RrType::kOpt) {
        records[section].push_back(record.owner + ' ' + std::to_string(record.ttl) + ' ' +
                                   dns::to_string(record.type) + ' ' + rdata_text(octets, record));
        continue;
      }
      if (has_opt || section != 2) { throw std::runtime_error("OPT stands wrong"); }
      has_opt = true;
      number |= record.ttl >> 24 << 4;
      dnssec_ok = (record.ttl & 0x8000) != 0;
      ByteReader reader(record.rdata);
      while (reader.remaining() > 0) {
        const unsigned code = reader.u16();
        const Octets data = reader.take(reader.u16());
        if (reader.failed()) { throw std::runtime_error("option is cut off"); }
        if (code == 3) { nsid = std::string(as_text(data)); }
        if (code == 8) { source = data[2], scope = data[3]; }
        if (code == 15) { ede = load_u16(data.data()); }
      }
    }
  }
  rcode = dns::to_string(static_cast<dns::Rcode>(number));
}

std::string Reply::text() const {
  if (dropped()) { return "dropped"; }
  std::string out = rcode + (aa ? " aa" : "") + (tc ? " tc" : "");
  const char* const titles[] = {"", "authority ", "additional "};
  for (std::size_t section = 0; section < 3; ++section) {
    for (const std::string& record : records[section]) {
      out += "; ";
      out += titles[section];
      out += record;
    }
  }
  if (scope) { out += "; scope " + std::to_string(*scope); }
  return out;
}

std::vector<std::string> Reply::answers(RrType type) const {
  std::vector<std::string> found;
  for (const auto& record : message.sections[0]) {
    if (record.type == type) { found.push_back(rdata_text(octets, record)); }
  }
  return found;
}

World::World(const std::string& config, const std::map<std::string, std::string>& files) {
  const Folder folder;
  for (const auto& [name, text] : files) { folder.write(name, text); }
  Problems problems;
  const auto compiled = control::compile(folder.write("proxima.toml", config), problems);
  if (!compiled) { throw std::runtime_error(problems.to_string()); }
  epoch = std::make_shared<control::Epoch>(compiled, 1, clock_.mono());
  fleet = std::make_unique<fleet::FleetState>(compiled->fleet, now());
  plan();
}

Buffer World::respond(Octets message, const Address& client, answer::Transport transport) {
  Buffer out(65535);
  const auto since_1970 = clock_.wall().time_since_epoch();
  const auto mono = clock_.mono().time_since_epoch();
  const answer::Request request{
      .message = message,
      .client = client,
      .transport = transport,
      .now_s = static_cast<std::uint32_t>(std::chrono::duration_cast<seconds>(since_1970).count()),
      .now_ms = static_cast<std::uint32_t>(std::chrono::duration_cast<milliseconds>(mono).count())};
  out.resize(answer::answer(*snapshot, request, scratch, counters, out));
  return out;
}

Reply World::ask(const Ask& ask) {
  return Reply(respond(make_query(ask), Address::parse(ask.from).value(),
                       ask.tcp ? answer::Transport::kTcp : answer::Transport::kUdp));
}

void World::send(Beating& beating) {
  ++beating.report.sequence;
  const auto verdict = fleet->apply_heartbeat(beating.report, now());
  if (verdict != fleet::HeartbeatVerdict::kAccepted) {
    throw std::runtime_error("heartbeat of " + beating.report.node + ": " +
                             std::string(fleet::to_string(verdict)));
  }
  beating.next = clock_.mono() + milliseconds(beating.report.interval_ms);
}

void World::beat(const std::string& node, NodeState state, std::map<std::string, double> load) {
  Beating& beating = beating_[node];
  const std::size_t slash = node.find('/');
  fleet::Report& report = beating.report;
  report.cluster = node.substr(0, slash);
  report.node = node.substr(slash + 1);
  report.incarnation = 1;
  report.state = state;
  report.interval_ms =
      static_cast<std::uint32_t>(epoch->compiled->config.health.heartbeat_interval_ms);
  report.load.clear();
  for (const auto& [resource, current] : load) { report.load.push_back({resource, current, 0, 0}); }
  beating.on = true;
  send(beating);
  plan_if_serving_changed();
}

void World::silence(const std::string& prefix) {
  for (auto& [node, beating] : beating_) {
    if (node.starts_with(prefix)) { beating.on = false; }
  }
}

void World::result(const std::string& monitor, const std::string& item, fleet::Outcome outcome) {
  for (const fleet::MonitorTarget& target : fleet->model().monitors()) {
    if (target.label() != monitor + ' ' + item) { continue; }
    fleet->apply_monitor({target.key, outcome, "test", milliseconds(1)}, now());
    return plan_if_serving_changed();
  }
  throw std::runtime_error("no monitor '" + monitor + "' is asked of " + item);
}

void World::set_admin(const std::string& glob, fleet::AdminState state) {
  const bool clears = state == fleet::AdminState::kNone;
  const std::size_t named = clears ? fleet->clear_admin(glob, now())
                                   : fleet->set_admin(glob, state, "test", std::nullopt, now());
  if (named == 0) { throw std::runtime_error("'" + glob + "' names nothing"); }
  plan_if_serving_changed();
}

void World::plan_if_serving_changed() {
  if (fleet->serving() != serving_) { plan(); }
}

void World::advance(milliseconds by) {
  constexpr milliseconds kStep{50};
  for (milliseconds left = by; left > milliseconds(0); left -= kStep) {
    clock_.advance(std::min(left, kStep));
    for (auto& [node, beating] : beating_) {
      if (beating.on && clock_.mono() >= beating.next) { send(beating); }
    }
    fleet->tick(now());
    plan_if_serving_changed();
    if (clock_.mono() >= next_plan_) { plan(); }
  }
}

void World::plan() {
  const std::vector<steer::ClusterInput> inputs = control::cluster_inputs(*fleet);
  serving_ = fleet->serving();
  steer::Plan plan = control::make_plan(*epoch, inputs, now());
  next_plan_ = clock_.mono() + milliseconds(epoch->compiled->config.steering.plan_interval_ms);
  summary = std::move(plan.summary);
  auto next = std::make_shared<answer::Snapshot>();
  next->generation = ++generation_;
  next->identity = epoch->identity;
  next->protection = epoch->protection;
  next->zones = epoch->compiled->zones;
  next->geo = epoch->compiled->geo;
  next->services = epoch->compiled->services;
  next->map = std::move(plan.map);
  next->estimates = std::move(plan.estimates);
  next->fleet = epoch->compiled->fleet;
  next->health = fleet->board();
  next->demand = epoch->demand;
  next->decisions = epoch->decisions;
  snapshot = std::move(next);
}

fleet::ClusterIndex World::cluster(const std::string& id) const {
  return epoch->compiled->fleet->find_cluster(id);
}

std::uint64_t World::queries() const {
  std::uint64_t sum = 0;
  for (const auto& transport : counters.queries) {
    for (const auto& family : transport) { sum += family.value(); }
  }
  return sum;
}

std::uint64_t World::responses() const {
  std::uint64_t sum = 0;
  for (const auto& counter : counters.responses_by_rcode) { sum += counter.value(); }
  return sum;
}

}  // namespace tests
