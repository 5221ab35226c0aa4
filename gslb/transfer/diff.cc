#include "gslb/transfer/diff.h"

#include <algorithm>

namespace gslb::transfer {
namespace {

using dns::RrsetView;
using Sets = std::vector<RrsetView>;

bool is_same_set(const RrsetView& a, const RrsetView& b) noexcept {
  return a.type == b.type && covered_type(a) == covered_type(b);
}

bool equal(Octets a, Octets b) noexcept { return std::ranges::equal(a, b); }

bool equal(const RrsetView& a, const RrsetView& b) noexcept {
  return a.type == b.type && a.ttl_s == b.ttl_s && equal(a.rdata, b.rdata);
}

bool less(Octets a, Octets b) noexcept { return std::ranges::lexicographical_compare(a, b); }

const RrsetView* find_set(const Sets& sets, const RrsetView& like) noexcept {
  const auto found =
      std::ranges::find_if(sets, [&](const RrsetView& set) { return is_same_set(set, like); });
  return found == sets.end() ? nullptr : &*found;
}

std::vector<Octets> sorted_records(const RrsetView& set) {
  std::vector<Octets> records;
  for (dns::RdataCursor cursor(set); !cursor.done(); cursor.next()) {
    records.push_back(cursor.rdata());
  }
  std::sort(records.begin(), records.end(), less);
  return records;
}

class Finder {
 public:
  Finder(const ExportedZone& old, const ExportedZone& now, std::size_t max_octets)
      : old_(old), now_(now), left_(max_octets) {}

  std::optional<Difference> run() {
    difference_.old_soa = old_.soa_record();
    difference_.new_soa = now_.soa_record();
    for (zone::NodeIndex node = 0; node < now_.zone->node_count() && !full_; ++node) {
      const zone::NodeIndex before = old_.zone->find_node(now_.zone->owner(node));
      sets_of(now_, node, now_sets_);
      old_sets_.clear();
      if (before != zone::kNoNode) { sets_of(old_, before, old_sets_); }
      compare(now_.zone->owner(node));
    }
    now_sets_.clear();
    for (zone::NodeIndex node = 0; node < old_.zone->node_count() && !full_; ++node) {
      if (now_.zone->find_node(old_.zone->owner(node)) != zone::kNoNode) { continue; }
      sets_of(old_, node, old_sets_);
      compare(old_.zone->owner(node));
    }
    if (full_) { return std::nullopt; }
    return std::move(difference_);
  }

 private:
  // The sets of one owner.
  void compare(Octets owner) {
    const auto same = [](const RrsetView& a, const RrsetView& b) { return equal(a, b); };
    if (std::ranges::equal(old_sets_, now_sets_, same)) { return; }
    for (const RrsetView& set : old_sets_) {
      compare(owner, set, find_set(now_sets_, set), difference_.deleted);
    }
    for (const RrsetView& set : now_sets_) {
      compare(owner, set, find_set(old_sets_, set), difference_.added);
    }
  }

  // Puts the records of `set` that `other` (null: there is none) doesn't have into `into`.
  void compare(Octets owner, const RrsetView& set, const RrsetView* other,
               std::vector<Record>& into) {
    if (other != nullptr && equal(set, *other)) { return; }
    std::vector<Octets> kept;
    if (other != nullptr && other->ttl_s == set.ttl_s) { kept = sorted_records(*other); }
    for (dns::RdataCursor cursor(set); !cursor.done() && !full_; cursor.next()) {
      const Octets rdata = cursor.rdata();
      if (std::binary_search(kept.begin(), kept.end(), rdata, less)) { continue; }
      const std::size_t size = owner.size() + rdata.size() + 8;
      full_ = size > left_;
      left_ -= full_ ? 0 : size;
      into.push_back(
          {dns::Name::from_wire(owner).value(), set.type, set.ttl_s, {rdata.begin(), rdata.end()}});
    }
  }

  const ExportedZone& old_;
  const ExportedZone& now_;
  std::size_t left_;
  bool full_ = false;
  Difference difference_;
  Sets old_sets_;
  Sets now_sets_;
};

}  // namespace

std::optional<Difference> find_difference(const ExportedZone& old, const ExportedZone& now,
                                          std::size_t max_octets) {
  return Finder(old, now, max_octets).run();
}

}  // namespace gslb::transfer
