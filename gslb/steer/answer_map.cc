#include "gslb/steer/answer_map.h"

#include <algorithm>
#include <array>

#include "gslb/base/check.h"
#include "gslb/base/hash.h"

namespace gslb::steer {
namespace {

constexpr std::array<std::string_view, kReasonCount> kReasonNames = {"best", "spill", "stay",
                                                                     "failover", "fallback"};
constexpr std::size_t kHeaderCells = 2;
constexpr std::size_t kSpillBits = 4;  // of Row::spilled and Row::stayed

struct Header {
  std::size_t choices;
  std::size_t thresholds;
  std::uint8_t spilled;
  std::uint8_t stayed;
  std::uint8_t ttl_step;
};

Header decode(const std::uint16_t* cells) noexcept {
  return {.choices = cells[0] & 0xfffU,
          .thresholds = cells[1] & 0xffU,
          .spilled = static_cast<std::uint8_t>(cells[1] >> 8 & 0xfU),
          .stayed = static_cast<std::uint8_t>(cells[0] >> 12),
          .ttl_step = static_cast<std::uint8_t>(cells[1] >> 12)};
}

std::vector<std::uint16_t> encode(const Row& row) {
  std::vector<std::uint16_t> cells;
  cells.push_back(static_cast<std::uint16_t>(row.choices.size() | row.stayed << 12));
  cells.push_back(
      static_cast<std::uint16_t>(row.thresholds.size() | row.spilled << 8 | row.ttl_step << 12));
  cells.insert(cells.end(), row.thresholds.begin(), row.thresholds.end());
  cells.insert(cells.end(), row.choices.begin(), row.choices.end());
  return cells;
}

std::uint64_t hash_cells(std::span<const std::uint16_t> cells) noexcept {
  return hash_octets({reinterpret_cast<const std::uint8_t*>(cells.data()), cells.size_bytes()});
}

}  // namespace

std::string_view to_string(Reason reason) noexcept {
  return kReasonNames[static_cast<std::size_t>(reason)];
}

double Row::share(std::size_t rank) const noexcept {
  if (rank > thresholds.size()) { return 0; }
  const int low = rank == 0 ? 0 : thresholds[rank - 1];
  const int high = rank == thresholds.size() ? 256 : thresholds[rank];
  return (high - low) / 256.0;
}

AnswerMap::AnswerMap(std::size_t service_count, std::size_t unit_count,
                     std::shared_ptr<const measure::ResolverRows> resolvers)
    : units_(unit_count),
      columns_(unit_count + (resolvers ? resolvers->slots() : 0)),
      resolvers_(std::move(resolvers)),
      modes_(service_count),
      row_of_(service_count * columns_, 0),
      cells_(1, 0) {
  table_.assign(1024, 0);
}

std::uint32_t AnswerMap::intern(const Row& row) {
  const std::vector<std::uint16_t> fresh = encode(row);
  const auto equals = [&](std::uint32_t offset) {
    return cells_.size() - offset >= fresh.size() &&
           std::equal(fresh.begin(), fresh.end(), cells_.begin() + offset);
  };
  if (distinct_rows_ * 2 >= table_.size()) {
    std::vector<std::uint32_t> larger(table_.size() * 4, 0);
    for (const std::uint32_t offset : table_) {
      if (offset == 0) { continue; }
      const Header header = decode(cells_.data() + offset);
      const std::span<const std::uint16_t> cells(cells_.data() + offset,
                                                 kHeaderCells + header.thresholds + header.choices);
      std::size_t at = hash_cells(cells) & (larger.size() - 1);
      while (larger[at] != 0) { at = (at + 1) & (larger.size() - 1); }
      larger[at] = offset;
    }
    table_ = std::move(larger);
  }
  std::size_t at = hash_cells(fresh) & (table_.size() - 1);
  for (; table_[at] != 0; at = (at + 1) & (table_.size() - 1)) {
    if (equals(table_[at])) { return table_[at]; }
  }
  const auto offset = static_cast<std::uint32_t>(cells_.size());
  cells_.insert(cells_.end(), fresh.begin(), fresh.end());
  table_[at] = offset;
  ++distinct_rows_;
  return offset;
}

void AnswerMap::set_row(ServiceIndex service, geo::UnitIndex unit, const Row& row) {
  CHECK(row.ttl_step < kTtlSteps && row.spilled < 1U << kSpillBits &&
        row.stayed < 1U << kSpillBits);
  CHECK(row.thresholds.size() <= kMaxThresholds &&
        row.choices.size() <= kMaxRowChoices + row.thresholds.size());
  CHECK(row.choices.empty() ? row.thresholds.empty() : row.thresholds.size() < row.choices.size());
  row_of_[slot(service, unit)] = row.choices.empty() ? 0 : intern(row);
}

Choice AnswerMap::choose(ServiceIndex service, geo::UnitIndex unit, std::uint8_t split,
                         const fleet::HealthView& health,
                         std::span<const std::uint64_t> nodes) const noexcept {
  const std::uint32_t offset = row_of_[slot(service, unit)];
  if (offset == 0) { return {}; }
  const Header header = decode(cells_.data() + offset);
  const std::uint16_t* thresholds = cells_.data() + offset + kHeaderCells;
  const std::uint16_t* choices = thresholds + header.thresholds;
  const auto first = static_cast<std::size_t>(
      std::upper_bound(thresholds, thresholds + header.thresholds, split) - thresholds);
  const auto counting = [&](ClusterIndex cluster) {
    return nodes.empty() ? ~std::uint64_t{0} : nodes[cluster];
  };
  const auto can_serve = [&](ClusterIndex cluster) {
    return (health.serving_nodes(cluster) & counting(cluster)) != 0;
  };
  ClusterIndex planned = choices[first];
  if (can_serve(planned)) {
    const bool spilled = first < kSpillBits && (header.spilled >> first & 1) != 0;
    const bool stayed = first < kSpillBits && (header.stayed >> first & 1) != 0;
    const Reason reason = !spilled ? Reason::kBest : stayed ? Reason::kStay : Reason::kSpill;
    return {planned, reason, planned, header.ttl_step};
  }
  for (std::size_t i = 0; i < header.choices; ++i) {
    if (can_serve(choices[i])) { return {choices[i], Reason::kFailover, planned, 0}; }
  }
  for (std::size_t i = 0; i < header.choices && counting(planned) == 0; ++i) {
    planned = choices[i];
  }
  if (counting(planned) == 0) { planned = kNoCluster; }
  return {kNoCluster, Reason::kFallback, planned, 0};
}

std::span<const ClusterIndex> AnswerMap::choices(ServiceIndex service,
                                                 geo::UnitIndex unit) const noexcept {
  const std::uint32_t offset = row_of_[slot(service, unit)];
  if (offset == 0) { return {}; }
  const Header header = decode(cells_.data() + offset);
  return {cells_.data() + offset + kHeaderCells + header.thresholds, header.choices};
}

Row AnswerMap::row(ServiceIndex service, geo::UnitIndex unit) const {
  Row row;
  const std::uint32_t offset = row_of_[slot(service, unit)];
  if (offset == 0) { return row; }
  const Header header = decode(cells_.data() + offset);
  for (std::size_t i = 0; i < header.thresholds; ++i) {
    row.thresholds.push_back(static_cast<std::uint8_t>(cells_[offset + kHeaderCells + i]));
  }
  const std::uint16_t* choices = cells_.data() + offset + kHeaderCells + header.thresholds;
  row.choices.assign(choices, choices + header.choices);
  row.spilled = header.spilled;
  row.stayed = header.stayed;
  row.ttl_step = header.ttl_step;
  return row;
}

std::size_t AnswerMap::memory_octets() const noexcept {
  return row_of_.size() * sizeof(row_of_[0]) + cells_.size() * sizeof(cells_[0]) +
         table_.size() * sizeof(table_[0]);
}

}  // namespace gslb::steer
