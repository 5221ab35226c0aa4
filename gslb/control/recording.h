// What plans were made of and what came out, as text: a plan made again from it, on another machine
// and years later, must be the same bit by bit.
//
// Why the inputs and not the plans: the planner is a pure function, so inputs are enough to see
// every row, price and estimate of a decision that is complained of, and take a fiftieth of the
// room.  Why text: a recording is read by people and cut by their tools.
//
//   proxima-decisions 1
//   config /etc/proxima.toml 1234     and as many octets, secrets blanked
//   geo 00c0ffee00c0ffee              hash of the geo files' fingerprint
//   units 2                           and a line each: id, ASN, country, place known, latitude,
//                                     longitude, its error in km, weight, override
//   start 123456789                   ns of the monotonic clock
//   learnt 567                        and as many octets, see learnt.h
//   plan 1 123456789 1790000000000000000 learns      … of the monotonic and the wall clock; keeps
//   sample 17 2 35.5 4 1790000000000000000           unit, cluster, RTT ms, connections, when; then
//                                     probe, peer=CLUSTER (of the mesh), share=MS:CONNECTIONS …,
//                                     path=SENT:AGAIN:BITS_PER_S, requests=COUNT:FAILED, or
//                                     cache=REQUESTS:HITS (of a cluster, without unit and RTT)
//   join 192.0.2.0/24 3 17 1790000000000000000       resolver, its unit, its client's, when
//   served 0.25 0:120:500000          egress's share of the load; service, requests and octets a
//                                     second, of those that edges told of
//   asked 0:15 7:2                                   row, queries since the last plan
//   cluster up 0.73 target                           one a cluster, then one a group; then max
//                                     RATIO, blind SHARE, surcharge MONEY-PER-GB, fails
//                                     SERVICE,SERVICE
//   made DEMAND ESTIMATES PRICES LOADS               hashes
//   map 00c0ffee00c0ffee …                           of the answer map, by service
//   end
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gslb/control/epoch.h"

namespace gslb::control {

struct PlanDigest {
  std::uint64_t demand = 0;
  std::uint64_t estimates = 0;  // 0: none yet
  std::uint64_t prices = 0;
  std::uint64_t loads = 0;
  std::vector<std::uint64_t> map;  // by service

  friend bool operator==(const PlanDigest&, const PlanDigest&) = default;
};

// Of a plan the epoch has just made.  O(services x units x clusters).  Planning thread only.
PlanDigest digest(const Epoch& epoch, const steer::Plan& plan);

struct RecordedStart {
  std::string config_path;
  std::string config_text;
  std::uint64_t geo = 0;
  std::vector<geo::Unit> units;
  MonoTime started;
  std::string learnt;
};

struct RecordedPlan {
  std::uint64_t number = 0;
  PlanInputs inputs;
  // Queries since the plan before: row = service * (units + slots) + unit, ascending.
  std::vector<std::pair<std::uint32_t, std::uint32_t>> asked;
  PlanDigest made;
};

std::string write_start(const RecordedStart& start);
std::string write_plan(const RecordedPlan& plan);

// Reads a recording from the front.  Total.  Thread-compatible.
class RecordingReader {
 public:
  // `text` must outlive the reader.
  explicit RecordingReader(std::string_view text) : text_(text), rest_(text) {}

  // Once, first.  nullopt: this is no recording.
  std::optional<RecordedStart> start();
  // nullopt: there are no more whole plans; is_cut_off() tells whether a part of one is left.
  std::optional<RecordedPlan> next();
  bool is_cut_off() const noexcept { return is_cut_off_; }
  // Of the text read so far; from 1.
  std::size_t line() const noexcept;

 private:
  std::string_view text_;
  std::string_view rest_;
  bool is_cut_off_ = false;
};

}  // namespace gslb::control
