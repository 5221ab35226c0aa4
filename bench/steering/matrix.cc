#include "bench/steering/matrix.h"

#include <charconv>
#include <fstream>
#include <limits>
#include <map>
#include <stdexcept>

namespace bench::steering {
namespace {

constexpr float kMissing = -1;

// One line of CSV; quotes as in RFC 4180.
std::vector<std::string> split(const std::string& line) {
  std::vector<std::string> fields(1);
  bool quoted = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (c == '"' && quoted && i + 1 < line.size() && line[i + 1] == '"') {
      fields.back() += line[++i];
    } else if (c == '"') {
      quoted = !quoted;
    } else if (c == ',' && !quoted) {
      fields.emplace_back();
    } else if (c != '\r') {
      fields.back() += c;
    }
  }
  return fields;
}

class Table {
 public:
  explicit Table(const std::string& file) : file_(file), stream_(file) {
    std::string line;
    if (!std::getline(stream_, line)) { throw std::runtime_error(file + ": cannot be read"); }
    const auto header = split(line);
    for (std::size_t i = 0; i < header.size(); ++i) { columns_[header[i]] = i; }
  }
  bool next() {
    std::string line;
    ++line_;
    if (!std::getline(stream_, line)) { return false; }
    fields_ = split(line);
    return true;
  }
  std::string text(const std::string& column) const {
    const auto found = columns_.find(column);
    return found == columns_.end() || found->second >= fields_.size() ? "" : fields_[found->second];
  }
  double number(const std::string& column, double otherwise) const {
    const std::string value = text(column);
    if (value.empty()) { return otherwise; }
    double result = 0;
    const auto read = std::from_chars(value.data(), value.data() + value.size(), result);
    if (read.ec != std::errc{}) { fail("'" + value + "' is no number, for " + column); }
    return result;
  }
  [[noreturn]] void fail(const std::string& what) const {
    throw std::runtime_error(file_ + ":" + std::to_string(line_ + 1) + ": " + what);
  }

 private:
  std::string file_;
  std::ifstream stream_;
  std::map<std::string, std::size_t> columns_;
  std::vector<std::string> fields_;
  std::size_t line_ = 0;
};

void fill_missing(RttMatrix& matrix) {
  const std::size_t count = matrix.sites.size();
  std::vector<float> known = matrix.rtt_ms;
  for (std::size_t from = 0; from < count; ++from) {
    for (std::size_t to = 0; to < count; ++to) {
      float& cell = known[from * count + to];
      if (cell < 0) { cell = from == to ? 1 : matrix.rtt_ms[to * count + from]; }
    }
  }
  matrix.rtt_ms = known;
  for (std::size_t from = 0; from < count; ++from) {
    for (std::size_t to = 0; to < count; ++to) {
      float& cell = matrix.rtt_ms[from * count + to];
      if (cell >= 0) { continue; }
      float best = std::numeric_limits<float>::max();
      for (std::size_t by = 0; by < count; ++by) {
        const float a = known[from * count + by];
        const float b = known[by * count + to];
        if (a >= 0 && b >= 0) { best = std::min(best, a + b); }
      }
      if (best == std::numeric_limits<float>::max()) {
        throw std::runtime_error("no way from " + matrix.sites[from].id + " to " +
                                 matrix.sites[to].id);
      }
      cell = best;
    }
  }
}

}  // namespace

double RttMatrix::distance_km(std::size_t from, std::size_t to) const {
  if (!sites[from].has_place || !sites[to].has_place) { return 0; }
  return gslb::geo::distance_km(sites[from].place, sites[to].place);
}

RttMatrix read_matrix(const std::string& places_file, const std::string& pairs_file) {
  RttMatrix matrix;
  std::map<std::string, std::size_t> by_id;
  for (Table places(places_file); places.next();) {
    Site site;
    site.id = places.text("id");
    site.name = places.text("name");
    site.has_place = !places.text("latitude").empty() && !places.text("longitude").empty();
    site.place = {places.number("latitude", 0), places.number("longitude", 0)};
    site.country = places.text("country");
    site.asn = static_cast<std::uint32_t>(places.number("asn", 0));
    site.weight = places.number("weight", 1);
    if (!by_id.emplace(site.id, matrix.sites.size()).second) { places.fail("a second " + site.id); }
    matrix.sites.push_back(std::move(site));
  }
  const std::size_t count = matrix.sites.size();
  matrix.rtt_ms.assign(count * count, kMissing);
  for (Table pairs(pairs_file); pairs.next();) {
    const auto from = by_id.find(pairs.text("from"));
    const auto to = by_id.find(pairs.text("to"));
    if (from == by_id.end() || to == by_id.end()) { pairs.fail("a place that is not listed"); }
    const double rtt_ms = pairs.number("rtt_ms", kMissing);
    matrix.rtt_ms[from->second * count + to->second] = static_cast<float>(rtt_ms);
  }
  fill_missing(matrix);
  return matrix;
}

}  // namespace bench::steering
