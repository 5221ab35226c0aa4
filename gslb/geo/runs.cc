#include "gslb/geo/runs.h"

#include <utility>

namespace gslb::geo {
namespace {

void append(Runs& runs, std::uint64_t first, RecordId record) {
  if (runs.empty() || runs.back().record != record) { runs.push_back({first, record}); }
}

}  // namespace

void FloorFolder::add(Wide first, Wide last, RecordId record) {
  if (record == 0) { return; }
  const int shift = family_.floor_shift();
  const Wide block_size = Wide{1} << shift;
  auto first_block = static_cast<std::uint64_t>(first >> shift);
  auto last_block = static_cast<std::uint64_t>(last >> shift);
  const Wide head = first & (block_size - 1);
  const Wide tail = (last & (block_size - 1)) + 1;  // addresses of the last block
  if (first_block == last_block && (head != 0 || tail != block_size)) {
    return vote(first_block, last - first + 1, record);
  }
  if (head != 0) { vote(first_block++, block_size - head, record); }
  const bool partial_tail = tail != block_size;
  if (first_block + (partial_tail ? 1 : 0) <= last_block) {
    close_block();
    put(first_block, last_block - (partial_tail ? 1 : 0), record);
  }
  if (partial_tail) { vote(last_block, tail, record); }
}

void FloorFolder::vote(std::uint64_t block, Wide addresses, RecordId record) {
  if (!shares_.empty() && open_block_ != block) { close_block(); }
  open_block_ = block;
  for (Share& share : shares_) {
    if (share.record == record) {
      share.addresses += addresses;
      return;
    }
  }
  shares_.push_back({record, addresses});
}

void FloorFolder::close_block() {
  if (shares_.empty()) { return; }
  const Share* winner = &shares_.front();
  for (const Share& share : shares_) {
    if (share.addresses > winner->addresses) { winner = &share; }
  }
  put(open_block_, open_block_, winner->record);
  shares_.clear();
}

void FloorFolder::put(std::uint64_t first, std::uint64_t last, RecordId record) {
  if (first > next_) { append(runs_, next_, 0); }
  append(runs_, first, record);
  next_ = last + 1;
}

Runs FloorFolder::finish() {
  close_block();
  if (!runs_.empty() && next_ <= family_.last_block()) { append(runs_, next_, 0); }
  return std::move(runs_);
}

Runs merge_runs(Runs primary, const Runs& secondary, RecordTable& records) {
  if (secondary.empty()) { return primary; }
  if (primary.empty()) { return secondary; }
  Runs merged;
  merged.reserve(primary.size() + secondary.size());
  FlatMap known;  // pair of ids → merged id
  std::size_t p = 0;
  std::size_t s = 0;
  std::uint64_t at = 0;
  for (;;) {
    const RecordId a = primary[p].record;
    const RecordId b = secondary[s].record;
    RecordId record = a | b;
    if (a != 0 && b != 0) {
      const auto [id, is_new] = known.find_or_add(std::uint64_t{a} << 32 | b);
      if (is_new) { *id = records.intern(merge(records[a], records[b])); }
      record = *id;
    }
    append(merged, at, record);
    const bool p_ends = p + 1 == primary.size();
    const bool s_ends = s + 1 == secondary.size();
    if (p_ends && s_ends) { return merged; }
    const std::uint64_t p_next = p_ends ? ~std::uint64_t{0} : primary[p + 1].first;
    const std::uint64_t s_next = s_ends ? ~std::uint64_t{0} : secondary[s + 1].first;
    at = p_next < s_next ? p_next : s_next;
    p += p_next == at ? 1 : 0;
    s += s_next == at ? 1 : 0;
  }
}

}  // namespace gslb::geo
