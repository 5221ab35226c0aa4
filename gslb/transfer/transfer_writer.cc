#include "gslb/transfer/transfer_writer.h"

#include <algorithm>

#include "gslb/dns/response.h"

namespace gslb::transfer {
namespace {

constexpr std::size_t kMessageOctets = 16 * 1024;
constexpr std::size_t kLargestMessage = 65535;
constexpr std::size_t kSetOctets = 8 * 1024;

class WholeZone final : public RecordSource {
 public:
  explicit WholeZone(ExportedZone zone) : zone_(std::move(zone)) {}

  bool current(Octets* owner, dns::RrsetView* set) override {
    switch (place_) {
      case Place::kFirst:
      case Place::kLast:
        *owner = zone_.zone->apex().wire();
        *set = zone_.soa();
        return true;
      case Place::kBody:
        *owner = zone_.zone->owner(node_);
        *set = part();
        return true;
      case Place::kEnd:
        break;
    }
    return false;
  }

  void advance() override {
    switch (place_) {
      case Place::kFirst:
        sets_of(zone_, node_, sets_);
        place_ = Place::kBody;
        skip_empty();
        break;
      case Place::kBody:
        offset_ += part().rdata.size();
        if (offset_ == sets_[set_].rdata.size()) {
          offset_ = 0;
          ++set_;
          skip_empty();
        }
        break;
      case Place::kLast:
      case Place::kEnd:
        place_ = Place::kEnd;
        break;
    }
  }

 private:
  enum class Place : std::uint8_t { kFirst, kBody, kLast, kEnd };

  // Of the present set, from offset_ on, as many whole records as fit kSetOctets, one at least.
  dns::RrsetView part() const noexcept {
    dns::RrsetView view = sets_[set_];
    view.rdata = view.rdata.subspan(offset_);
    if (offset_ == 0 && view.rdata.size() <= kSetOctets) { return view; }
    std::size_t size = 0;
    view.count = 0;
    while (size < view.rdata.size()) {
      const std::size_t record = 2U + load_u16(view.rdata.data() + size);
      if (view.count > 0 && size + record > kSetOctets) { break; }
      size += record;
      ++view.count;
    }
    view.rdata = view.rdata.first(size);
    return view;
  }

  void skip_empty() {
    while (set_ == sets_.size()) {
      set_ = 0;
      if (++node_ == zone_.zone->node_count()) {
        place_ = Place::kLast;
        return;
      }
      sets_of(zone_, node_, sets_);
    }
  }

  const ExportedZone zone_;
  Place place_ = Place::kFirst;
  zone::NodeIndex node_ = zone::Zone::kApexNode;
  std::vector<dns::RrsetView> sets_;  // of node_
  std::size_t set_ = 0;
  std::size_t offset_ = 0;  // in its RDATA
};

class Differences final : public RecordSource {
 public:
  Differences(ExportedZone zone, JournalChain chain)
      : zone_(std::move(zone)), chain_(std::move(chain)) {}

  bool current(Octets* owner, dns::RrsetView* set) override {
    if (soas_left_ == 0) { return false; }
    if (!started_ || entry_ == chain_.size()) {
      *owner = zone_.zone->apex().wire();
      *set = zone_.soa();
      return true;
    }
    const auto record = record_at(chain_[entry_]->records, offset_);
    if (!record) { return false; }  // not reached: entries are checked when they are read
    *owner = record->owner;
    *set = record->set;
    size_ = record->size;
    return true;
  }

  void advance() override {
    if (!started_) {
      started_ = true;
      soas_left_ = chain_.empty() ? 0 : 1;
    } else if (entry_ == chain_.size()) {
      soas_left_ = 0;
    } else {
      offset_ += size_;
      if (offset_ >= chain_[entry_]->records.size()) {
        offset_ = 0;
        ++entry_;
      }
    }
  }

 private:
  const ExportedZone zone_;
  const JournalChain chain_;
  bool started_ = false;
  unsigned soas_left_ = 2;  // of the new version, first and last
  std::size_t entry_ = 0;
  std::size_t offset_ = 0;  // in its records
  std::size_t size_ = 0;    // of the record there
};

}  // namespace

std::unique_ptr<RecordSource> whole_zone(ExportedZone zone) {
  return std::make_unique<WholeZone>(std::move(zone));
}

std::unique_ptr<RecordSource> differences(ExportedZone zone, JournalChain chain) {
  return std::make_unique<Differences>(std::move(zone), std::move(chain));
}

TransferWriter::TransferWriter(Octets message, const dns::Query& query,
                               std::optional<std::uint32_t> expire_s,
                               std::unique_ptr<RecordSource> records,
                               std::optional<TsigSigner> signer)
    : message_(message.begin(), message.end()),
      query_(query),
      expire_s_(expire_s),
      records_(std::move(records)),
      signer_(std::move(signer)) {}

std::size_t TransferWriter::next(MutableOctets out, WallTime now) {
  const std::size_t room = signer_ ? signer_->room() : 0;
  const std::size_t size = fill(out, kMessageOctets - room, now);
  // A record larger than that has a message of its own.
  return size != 0 ? size : fill(out, kLargestMessage - room, now);
}

std::size_t TransferWriter::all_in_one(MutableOctets out, std::size_t limit, WallTime now) {
  const std::size_t size = fill(out, limit, now);
  Octets owner;
  dns::RrsetView set;
  return records_->current(&owner, &set) || size > limit ? 0 : size;
}

std::size_t TransferWriter::fill(MutableOctets out, std::size_t limit, WallTime now) {
  dns::ResponseEdns edns;
  edns.dnssec_ok = query_.edns.dnssec_ok;
  edns.expire_s = expire_s_;
  const bool has_opt = query_.edns.present;  // in every message, RFC 9103 7.4
  dns::ResponseWriter writer(out, limit, message_, query_,
                             has_opt ? dns::ResponseWriter::edns_size(edns) : 0);
  bool is_empty = true;
  Octets owner;
  dns::RrsetView set;
  while (records_->current(&owner, &set) && writer.put_if_fits(owner, set)) {
    is_empty = false;
    records_->advance();
  }
  if (is_empty) { return 0; }
  const std::size_t size = writer.finish(dns::Rcode::kNoError, true, has_opt ? &edns : nullptr);
  return signer_ ? signer_->sign(out, size, now) : size;
}

}  // namespace gslb::transfer
