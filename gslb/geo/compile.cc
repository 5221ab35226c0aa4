#include "gslb/geo/compile.h"

#include <algorithm>
#include <bit>

#include "gslb/geo/compiled.h"
#include "gslb/geo/overrides.h"
#include "gslb/geo/runs.h"
#include "gslb/geo/source.h"
#include "gslb/geo/unit_builder.h"

namespace gslb::geo {
namespace {

// Collects stretches of keys in order, joins neighbours of one unit and cuts what results into
// the fewest aligned prefixes.
template <typename Key>
class LeafWriter {
 public:
  explicit LeafWriter(LeafTable<Key>& table) : table_(table) {}

  // From `first` on, until the next call or the end, addresses are in `unit`.
  void start(Key first, UnitIndex unit) {
    if (has_unit_ && unit == unit_) { return; }
    if (has_unit_) { cut(static_cast<Key>(first - 1)); }
    first_ = first;
    unit_ = unit;
    has_unit_ = true;
  }
  void finish() {
    cut(static_cast<Key>(~Key{0}));
    table_.finish();
  }

 private:
  static constexpr int kBits = LeafTable<Key>::kKeyBits;

  void cut(Key last) {
    Key at = first_;
    for (;;) {
      // As large as the alignment of `at` and the distance to `last` allow; a full range of
      // 2^kBits keys would overflow, hence lengths in bits.
      const int aligned = at == 0 ? kBits : std::countr_zero(at);
      const Key left = static_cast<Key>(last - at);  // keys after `at`
      const int fits = left == static_cast<Key>(~Key{0})
                           ? kBits
                           : std::bit_width(static_cast<Key>(left + 1)) - 1;
      const int size_bits = std::min(aligned, fits);
      table_.append(at, kBits - size_bits, unit_);
      if (size_bits == kBits) { return; }
      const auto size = static_cast<Key>(Key{1} << size_bits);
      if (static_cast<Key>(last - at) < size) { return; }
      at = static_cast<Key>(at + size);
    }
  }

  LeafTable<Key>& table_;
  Key first_ = 0;
  UnitIndex unit_ = 0;
  bool has_unit_ = false;
};

// Records under overrides → units.
class UnitChooser {
 public:
  UnitChooser(const CompileOptions& options, RecordTable& records, UnitBuilder& units)
      : options_(options), records_(records), units_(units) {}

  UnitIndex choose(RecordId record, std::uint32_t override_number, double weight) {
    std::int32_t override_index = -1;
    if (override_number != kNoOverride) {
      const PrefixOverride& above = options_.overrides[override_number];
      override_index = above.override_index;
      record = records_.intern(apply(above, records_[record]));
    }
    const auto [unit, is_new] = known_.find_or_add(
        (std::uint64_t{record} << 32 | static_cast<std::uint32_t>(override_index)) + 2);
    if (is_new) { *unit = units_.unit_of(records_[record], override_index); }
    units_.add(*unit, records_[record], weight);
    return *unit;
  }

 private:
  const CompileOptions& options_;
  RecordTable& records_;
  UnitBuilder& units_;
  FlatMap known_;  // record and override_index (-1 and up), + 2 → unit
};

// A prior for demand.  An IPv6 allocation's size says little of its users: a /40 and all that is
// larger count as 256 /48s.
double weight_of(double blocks, bool is_v6) { return is_v6 ? std::min(blocks, 256.0) : blocks; }

// Sweeps records and overrides of one family together.  `shift`: key bits below a floor block.
template <typename Key>
void sweep(const Runs& runs, const OverrideRuns& overrides, int shift, UnitChooser& chooser,
           LeafTable<Key>& table) {
  LeafWriter<Key> writer(table);
  const double block_keys = static_cast<double>(std::uint64_t{1} << shift);
  std::size_t r = 0;
  std::size_t o = 0;
  std::uint64_t at = 0;
  for (;;) {
    const bool r_ends = r + 1 >= runs.size();
    const bool o_ends = o + 1 >= overrides.size();
    const std::uint64_t r_next = r_ends ? ~std::uint64_t{0} : runs[r + 1].first << shift;
    const std::uint64_t o_next = o_ends ? ~std::uint64_t{0} : overrides[o + 1].first;
    const std::uint64_t next = std::min(r_next, o_next);
    const std::uint64_t end = r_ends && o_ends ? static_cast<Key>(~Key{0}) : next - 1;
    const double blocks = (static_cast<double>(end - at) + 1) / block_keys;
    const RecordId record = runs.empty() ? 0 : runs[r].record;
    const std::uint32_t above = overrides.empty() ? kNoOverride : overrides[o].override_number;
    writer.start(static_cast<Key>(at),
                 chooser.choose(record, above, weight_of(blocks, sizeof(Key) == 8)));
    if (r_ends && o_ends) { break; }
    r += !r_ends && r_next == next ? 1 : 0;
    o += !o_ends && o_next == next ? 1 : 0;
    at = next;
  }
  writer.finish();
}

}  // namespace

std::shared_ptr<const GeoMap> compile(const CompileOptions& options, Problems& problems) {
  const std::size_t errors_before = problems.error_count();
  auto compiled = std::make_unique<Compiled>();
  RecordTable records;
  OperatorNames names;
  const ReadContext context{records, names, problems};
  Runs ipv4;
  Runs ipv6;
  for (const Source& source : options.sources) {
    auto data =
        source.kind == SourceKind::kMmdb ? read_mmdb(source, context) : read_csv(source, context);
    if (!data) { continue; }  // the other files' problems are worth knowing too
    ipv4 = merge_runs(std::move(ipv4), data->ipv4, records);
    ipv6 = merge_runs(std::move(ipv6), data->ipv6, records);
    std::string credit = source.attribution.empty() ? data->attribution : source.attribution;
    auto& credits = compiled->attributions;
    if (!credit.empty() && std::find(credits.begin(), credits.end(), credit) == credits.end()) {
      credits.push_back(std::move(credit));
    }
  }
  check_overrides(options.overrides, problems);
  if (problems.error_count() > errors_before) { return nullptr; }

  UnitBuilder units;
  UnitChooser chooser(options, records, units);
  sweep(ipv4, flatten_overrides(options.overrides, false), kIpv4.floor_shift(), chooser,
        compiled->ipv4);
  sweep(ipv6, flatten_overrides(options.overrides, true), 64 - kIpv6.floor_bits, chooser,
        compiled->ipv6);
  if (units.size() >= LeafTable<std::uint32_t>::kMaxUnits) {
    problems.error({}, "the geo sources make more than 33 million units",
                   "use fewer or coarser sources");
    return nullptr;
  }
  compiled->units = units.finish();
  compiled->operator_names.assign(std::make_move_iterator(names.begin()),
                                  std::make_move_iterator(names.end()));
  std::sort(compiled->operator_names.begin(), compiled->operator_names.end());
  return std::make_shared<GeoMap>(std::move(compiled));
}

}  // namespace gslb::geo
