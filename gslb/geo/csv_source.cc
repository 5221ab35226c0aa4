// Source: RFC 4180 (quoted fields); ip-location-db's range files, textual and "-num".
//
// Quoted line breaks are not taken: a range file has no use for them, and without them a missing
// quote spoils one line instead of the rest of the file.
#include <algorithm>
#include <cerrno>
#include <system_error>

#include "gslb/base/file.h"
#include "gslb/geo/source.h"

namespace gslb::geo {
namespace {

constexpr std::size_t kMaxColumns = 64;
constexpr std::size_t kMaxLineProblems = 10;  // of one file; the rest are likely the same

struct Row {
  Wide first;
  Wide last;
  RecordId record;
  std::uint32_t line;
};

// An address as a number with its family.
struct Point {
  Wide value;
  bool is_v6;
};

std::optional<Point> parse_point(std::string_view text) {
  if (text.find_first_not_of("0123456789") != std::string_view::npos || text.empty()) {
    const auto address = Address::parse(text);
    if (!address) { return std::nullopt; }
    if (!address->is_v6()) { return Point{address->v4_host_order(), false}; }
    const Octets octets = address->octets();
    return Point{Wide{load_u64(octets.data())} << 64 | load_u64(octets.data() + 8), true};
  }
  Wide value = 0;
  for (const char c : text) {
    const auto digit = static_cast<unsigned>(c - '0');
    if (value > (~Wide{0} - digit) / 10) { return std::nullopt; }
    value = value * 10 + digit;
  }
  return Point{value, value > kIpv4.last_address()};
}

class CsvReader {
 public:
  CsvReader(const Source& source, const ReadContext& context)
      : source_(source), context_(context) {}

  std::optional<SourceData> run() {
    if (!set_columns()) { return std::nullopt; }
    const auto text = read_file(source_.file);
    if (!text) {
      context_.problems.error(
          source_.at, "can't read " + source_.file + ": " + std::generic_category().message(errno),
          "geodata/fetch.sh fetches the default databases");
      return std::nullopt;
    }
    std::string_view rest = *text;
    while (!rest.empty() && line_problems_ < kMaxLineProblems) {
      const std::size_t end = std::min(rest.find('\n'), rest.size());
      std::string_view line = rest.substr(0, end);
      rest.remove_prefix(std::min(end + 1, rest.size()));
      ++line_;
      if (line.ends_with('\r')) { line.remove_suffix(1); }
      if (!line.empty()) { read_line(line); }
    }
    if (line_problems_ == 0 && ipv4_.empty() && ipv6_.empty()) {
      context_.problems.error(source_.at, source_.file + " holds no ranges",
                              "fetch the file again; it may be truncated");
      return std::nullopt;
    }
    SourceData data;
    data.ipv4 = fold(ipv4_, kIpv4);
    data.ipv6 = fold(ipv6_, kIpv6);
    if (line_problems_ > 0) { return std::nullopt; }
    if (overlaps_ > 0) {
      context_.problems.warning(
          {source_.file, overlap_line_, 1},
          "ranges that overlap: " + std::to_string(overlaps_) + ", this is the first",
          "where they do, the one that begins later counts");
    }
    check_fields(source_, seen_, "columns are counted from 0; 0 and 1 are the range",
                 context_.problems);
    data.attribution = attribution_of(source_.file, {}, {});
    return data;
  }

 private:
  bool set_columns() {
    bool good = true;
    for (unsigned i = 0; i < kFieldCount; ++i) {
      const std::string& path = path_of(source_, static_cast<Field>(i));
      columns_[i] = kMaxColumns;  // none
      if (path.empty()) { continue; }
      const auto [end, error] =
          std::from_chars(path.data(), path.data() + path.size(), columns_[i]);
      if (error == std::errc() && end == path.data() + path.size() && columns_[i] >= 2 &&
          columns_[i] < kMaxColumns) {
        continue;
      }
      good = false;
      context_.problems.error(source_.at,
                              std::string(name_of(static_cast<Field>(i))) + " '" + path +
                                  "' is not a column number from 2 to 63",
                              "columns are counted from 0; 0 and 1 are the range");
    }
    return good;
  }

  void fail(std::uint32_t line, std::size_t column, std::string what, std::string hint = {}) {
    ++line_problems_;
    context_.problems.error({source_.file, line, static_cast<std::uint32_t>(column)},
                            std::move(what), std::move(hint));
  }

  // Appends the quoted field that starts at `at` and moves `at` to the comma after it, or to the
  // end of the line.  False after a problem.
  bool unquote(std::string_view line, std::size_t& at, std::string& field) {
    const std::size_t quote = at++;
    for (;; ++at) {
      if (at >= line.size()) {
        fail(line_, quote + 1, "a quote is not closed");
        return false;
      }
      if (line[at] != '"') {
        field += line[at];
      } else if (at + 1 < line.size() && line[at + 1] == '"') {
        field += line[at++];
      } else {
        break;
      }
    }
    if (++at < line.size() && line[at] != ',') {
      fail(line_, at + 1, "text after a closing quote", "write a quote in a field as \"\"");
      return false;
    }
    return true;
  }

  // Cuts the line into fields_; places_ are their columns in the line.  False after a problem.
  bool split(std::string_view line) {
    fields_.clear();
    places_.clear();
    std::size_t at = 0;
    for (;;) {
      std::string field;
      places_.push_back(at + 1);
      if (at < line.size() && line[at] == '"') {
        if (!unquote(line, at, field)) { return false; }
      } else {
        const std::size_t comma = std::min(line.find(',', at), line.size());
        field = line.substr(at, comma - at);
        at = comma;
      }
      fields_.push_back(std::move(field));
      if (at >= line.size() || fields_.size() == kMaxColumns) { return true; }
      ++at;  // the comma
    }
  }

  void read_line(std::string_view line) {
    if (!split(line)) { return; }
    if (fields_.size() < 2) {
      return fail(line_, 1, "a line needs the start and the end of a range");
    }
    const auto first = parse_point(fields_[0]);
    const auto last = parse_point(fields_[1]);
    if (!first || !last) {
      const std::size_t bad = first ? 1 : 0;
      return fail(line_, places_[bad], "'" + fields_[bad] + "' is not an IP address");
    }
    // A number says no family, so a range of numbers may begin below 2^32 in IPv6 only.
    if (first->is_v6 != last->is_v6) {
      return fail(line_, places_[1], "a range from one address family to the other");
    }
    if (first->value > last->value) {
      return fail(line_, places_[1], "the range ends before it begins");
    }
    RawRecord raw;
    raw.country = text_of(kCountry);
    raw.latitude = number_of(kLatitude);
    raw.longitude = number_of(kLongitude);
    raw.radius_km = number_of(kRadius);
    raw.asn = number_of(kAsn);
    raw.operator_name = text_of(kOperator);
    raw.subdivision = text_of(kSubdivision);
    (first->is_v6 ? ipv6_ : ipv4_)
        .push_back({first->value, last->value, put_record(raw, context_), line_});
  }

  std::string_view text_of(Field field) {
    if (columns_[field] >= fields_.size()) { return {}; }
    const std::string_view text = fields_[columns_[field]];
    seen_[field] = seen_[field] || !text.empty();
    return text;
  }

  std::optional<double> number_of(Field field) {
    const std::string_view text = text_of(field);
    if (text.empty()) { return std::nullopt; }
    const auto number = parse_number(text);
    if (!number) {
      fail(line_, places_[columns_[field]],
           "'" + std::string(text) + "' is not a number, for " + name_of(field),
           "columns are counted from 0");
    }
    return number;
  }

  // Published range files do overlap here and there (RouteViews' do), so that is only worth a
  // warning.  Where ranges overlap, the one that begins later counts: it is the inner one.
  Runs fold(std::vector<Row>& rows, Family family) {
    const auto before = [](const Row& a, const Row& b) {
      return a.first != b.first ? a.first < b.first : a.last > b.last;
    };
    if (!std::is_sorted(rows.begin(), rows.end(), before)) {
      std::stable_sort(rows.begin(), rows.end(), before);
    }
    FloorFolder folder(family);
    std::vector<Row> open;  // inner ones later
    Wide at = 0;            // all before it is in the folder
    const auto advance_through = [&](Wide end) {
      while (!open.empty() && at <= end) {
        const Row inner = open.back();
        if (inner.last < at) {
          open.pop_back();
          continue;
        }
        const Wide last = std::min(inner.last, end);
        folder.add(at, last, inner.record);
        if (last == ~Wide{0}) { return; }
        at = last + 1;
      }
    };
    for (const Row& row : rows) {
      if (row.first > 0) { advance_through(row.first - 1); }
      at = row.first;
      while (!open.empty() && open.back().last < at) { open.pop_back(); }
      if (!open.empty() && overlaps_++ == 0) { overlap_line_ = row.line; }
      open.push_back(row);
    }
    advance_through(~Wide{0});
    return folder.finish();
  }

  const Source& source_;
  const ReadContext& context_;
  std::array<std::size_t, kFieldCount> columns_{};
  std::array<bool, kFieldCount> seen_{};
  std::uint32_t line_ = 0;
  std::size_t line_problems_ = 0;
  std::size_t overlaps_ = 0;
  std::uint32_t overlap_line_ = 0;   // of the first
  std::vector<std::string> fields_;  // of the line at hand
  std::vector<std::size_t> places_;
  std::vector<Row> ipv4_;
  std::vector<Row> ipv6_;
};

}  // namespace

std::optional<SourceData> read_csv(const Source& source, const ReadContext& context) {
  return CsvReader(source, context).run();
}

}  // namespace gslb::geo
