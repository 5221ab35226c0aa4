// The estimator's samples as text: what survives a restart.
//
//   proxima-rtt 1
//   00c0ffee00c0ffee fra 1790000000250 2.8163:3.5 3.1023:0.25
//
// unit's id (hexadecimal), cluster's id, time of the last sample (ms since 1970; behind a 'p' where
// only probes stand behind it), then the points of the histogram (value:weight).
#include <cstdio>
#include <map>
#include <optional>

#include "gslb/base/fields.h"
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

}  // namespace

std::string Estimator::write() const {
  std::string text(kHeader);
  text += '\n';
  std::array<char, 48> buffer{};
  const auto append = [&](const char* format, auto... values) {
    const int length = std::snprintf(buffer.data(), buffer.size(), format, values...);
    text.append(buffer.data(), static_cast<std::size_t>(length));
  };
  for (std::size_t unit = 0; unit < geo_units_; ++unit) {
    for (const PairTrack& track : tracks_[unit]) {
      append("%016llx ", static_cast<unsigned long long>(units_[unit].id));
      text += sites_[track.cluster()].id;
      const auto since = track.updated().time_since_epoch();
      append(track.has_clients() ? " %lld" : " p%lld",
             static_cast<long long>(std::chrono::duration_cast<milliseconds>(since).count()));
      for (const LogHistogram::Point& point : track.history()) {
        append(" %.5g:%.3g", double{point.value}, double{point.weight});
      }
      text += '\n';
    }
  }
  return text;
}

std::size_t Estimator::read(std::string_view text) {
  std::map<std::uint64_t, std::size_t> unit_of;
  for (std::size_t i = 0; i < geo_units_; ++i) { unit_of.emplace(units_[i].id, i); }
  std::map<std::string_view, std::size_t> cluster_of;
  for (std::size_t i = 0; i < sites_.size(); ++i) { cluster_of.emplace(sites_[i].id, i); }
  if (take_field(text, '\n') != kHeader) { return 1; }
  std::size_t useless = 0;
  while (!text.empty()) {
    std::string_view line = take_field(text, '\n');
    const auto id = parse_number<std::uint64_t>(take_field(line, ' '), 16);
    const auto cluster = cluster_of.find(take_field(line, ' '));
    std::string_view time = take_field(line, ' ');
    const bool is_probed = time.starts_with('p');
    time.remove_prefix(is_probed ? 1 : 0);
    const auto since = parse_number<std::int64_t>(time);
    const auto points = parse_points(line);
    const auto unit = id ? unit_of.find(*id) : unit_of.end();
    constexpr std::int64_t kLatest = std::int64_t{1} << 43;  // ms; the year 2248
    if (unit == unit_of.end() || cluster == cluster_of.end() || !since || *since < 0 ||
        *since > kLatest || !points) {
      ++useless;
      continue;
    }
    const auto index = static_cast<fleet::ClusterIndex>(cluster->second);
    const auto track = find(unit->second, index);
    const bool known = track != tracks_[unit->second].end() && track->cluster() == index;
    if (known || figures_.pairs >= limits_.pairs) {
      ++useless;
      continue;
    }
    const WallTime updated{milliseconds(*since)};
    const auto restored = tracks_[unit->second].insert(track, PairTrack(index));
    restored->restore(*points, updated);
    if (!is_probed) { restored->note_clients(); }
    ++figures_.pairs;
    news_ = true;
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
