// The estimator's samples as text: what survives a restart.
//
//   proxima-rtt 1
//   cache fra 0.83
//   00c0ffee00c0ffee fra 1790000000250 path=1200:3:5e+07 2.8163:3.5 3.1023:0.25
//
// cache: cluster's id, hit ratio.  Else: unit's id (hexadecimal), cluster's id, time of the last
// sample (ms since 1970; behind a 'p' where only probes stand behind it); where known path= with
// segments sent, sent again and bits a second, and broken= with the time (ms since 1970) when the
// way was last found broken; then the points of the histogram (value:weight).
#include <cstdio>
#include <map>
#include <optional>

#include "gslb/base/fields.h"
#include "gslb/base/units.h"
#include "gslb/measure/estimator.h"

namespace gslb::measure {
namespace {

constexpr std::string_view kHeader = "proxima-rtt 1";

std::optional<LogHistogram> parse_points(std::string_view text) {
  LogHistogram histogram;
  for (std::size_t i = 0; !text.empty(); ++i) {
    std::string_view point = take_field(text, ' ');
    const auto value = parse_number<float>(take_field(point, ':'));
    const auto weight = parse_number<float>(point);
    // Logarithms of 5 ms to 60 s; a NaN is in no range.
    const bool sane = value && weight && *value > 1 && *value < 12 && *weight > 0 && *weight < 1e6F;
    if (i == LogHistogram::kPoints || !sane) { return std::nullopt; }
    histogram.add(*value, *weight);
  }
  if (histogram.empty()) { return std::nullopt; }
  return histogram;
}

constexpr std::int64_t kLatest = std::int64_t{1} << 43;  // ms; the year 2248

std::optional<WallTime> parse_time(std::string_view text) {
  const auto since = parse_number<std::int64_t>(text);
  if (!since || *since < 0 || *since > kLatest) { return std::nullopt; }
  return WallTime(milliseconds(*since));
}

bool parse_path(std::string_view text, PathCount* path) {
  constexpr double kMost = 1e18;
  for (double* each : {&path->sent, &path->retransmitted, &path->bits_per_s}) {
    const auto value = parse_number<double>(take_field(text, ':'));
    if (!value || !(*value >= 0 && *value <= kMost)) { return false; }
    *each = *value;
  }
  return path->retransmitted <= path->sent;
}

long long milliseconds_of(WallTime time) {
  return std::chrono::duration_cast<milliseconds>(time.time_since_epoch()).count();
}

// The members before the points.  False: one is none.
bool parse_details(std::string_view& line, PathCount* path, WallTime* broken_at) {
  while (line.starts_with("path=") || line.starts_with("broken=")) {
    std::string_view value = take_field(line, ' ');
    if (take_field(value, '=') == "path") {
      if (!parse_path(value, path)) { return false; }
      continue;
    }
    const auto time = parse_time(value);
    if (!time) { return false; }
    *broken_at = *time;
  }
  return true;
}

}  // namespace

struct Estimator::Ids {
  std::map<std::uint64_t, std::size_t> units;
  std::map<std::string_view, std::size_t> sites;
};

std::string Estimator::write() const {
  std::string text(kHeader);
  text += '\n';
  std::array<char, 96> buffer{};
  const auto append = [&](const char* format, auto... values) {
    const int length = std::snprintf(buffer.data(), buffer.size(), format, values...);
    text.append(buffer.data(), static_cast<std::size_t>(length));
  };
  for (std::size_t i = 0; i < hit_ratios_.size(); ++i) {
    const auto ratio = hit_ratios_[i].ratio();
    if (!ratio) { continue; }
    text += "cache " + sites_[i].id;
    append(" %.5g\n", *ratio);
  }
  for (std::size_t unit = 0; unit < geo_units_; ++unit) {
    for (const PairTrack& track : tracks_[unit]) {
      text += format_hex(units_[unit].id) + ' ' + sites_[track.cluster()].id;
      append(track.has_clients() ? " %lld" : " p%lld", milliseconds_of(track.updated()));
      const PathCount& path = track.path();
      if (path.sent > 0 || path.bits_per_s > 0) {
        append(" path=%.6g:%.6g:%.6g", path.sent, path.retransmitted, path.bits_per_s);
      }
      if (track.broken_at() != WallTime()) {
        append(" broken=%lld", milliseconds_of(track.broken_at()));
      }
      for (const LogHistogram::Point& point : track.history()) {
        append(" %.5g:%.3g", double{point.value}, double{point.weight});
      }
      text += '\n';
    }
  }
  return text;
}

bool Estimator::read_cache(std::string_view line, const Ids& ids) {
  const auto cluster = ids.sites.find(take_field(line, ' '));
  const auto ratio = parse_number<double>(line);
  const bool is_known = cluster != ids.sites.end() && cluster->second < clusters_;
  if (!is_known || !ratio || !(*ratio >= 0 && *ratio <= 1)) { return false; }
  if (hit_ratios_[cluster->second].ratio()) { return false; }
  hit_ratios_[cluster->second].restore(*ratio);
  return true;
}

bool Estimator::read_pair(std::string_view line, const Ids& ids) {
  const auto id = parse_number<std::uint64_t>(take_field(line, ' '), 16);
  const auto site = ids.sites.find(take_field(line, ' '));
  std::string_view time = take_field(line, ' ');
  const bool is_probed = time.starts_with('p');
  time.remove_prefix(is_probed ? 1 : 0);
  const auto updated = parse_time(time);
  PathCount path;
  WallTime broken_at{};
  if (!parse_details(line, &path, &broken_at)) { return false; }
  const auto points = parse_points(line);
  const auto unit = id ? ids.units.find(*id) : ids.units.end();
  if (unit == ids.units.end() || site == ids.sites.end() || !updated || !points) { return false; }
  const auto cluster = static_cast<fleet::ClusterIndex>(site->second);
  const auto track = find(unit->second, cluster);
  const bool known = track != tracks_[unit->second].end() && track->cluster() == cluster;
  if (known || figures_.pairs >= limits_.pairs) { return false; }
  const auto restored = tracks_[unit->second].insert(track, PairTrack(cluster));
  restored->restore(*points, *updated);
  restored->restore_path(path, broken_at);
  if (!is_probed) { restored->note_clients(); }
  ++figures_.pairs;
  return true;
}

std::size_t Estimator::read(std::string_view text) {
  Ids ids;
  for (std::size_t i = 0; i < geo_units_; ++i) { ids.units.emplace(units_[i].id, i); }
  for (std::size_t i = 0; i < sites_.size(); ++i) { ids.sites.emplace(sites_[i].id, i); }
  if (take_field(text, '\n') != kHeader) { return 1; }
  std::size_t useless = 0;
  while (!text.empty()) {
    std::string_view line = take_field(text, '\n');
    const bool is_cache = line.starts_with("cache ");
    if (is_cache) { take_field(line, ' '); }
    const bool is_good = is_cache ? read_cache(line, ids) : read_pair(line, ids);
    news_ = news_ || is_good;
    useless += is_good ? 0 : 1;
  }
  return useless;
}

void Estimator::inherit(const Estimator& old) {
  read(old.write());
  const std::size_t pairs = figures_.pairs;
  figures_ = old.figures_;
  figures_.pairs = pairs;
}

}  // namespace gslb::measure
