// All zones that come from primaries: which are due, what was fetched, what is kept on disk, and
// which zones catalogs add to them.
//
// Source: RFC 1034 4.3.5, RFC 1996, RFC 9432 5.
//
// Why apart from its thread (secondaries.h): time and the fetching itself are given to it, so that
// tests run whole lives of zones without a socket.  It reads and writes the copies on disk.
#pragma once

#include <array>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "gslb/transfer/catalog.h"
#include "gslb/transfer/fetch.h"
#include "gslb/transfer/notify.h"
#include "gslb/transfer/refresh.h"

namespace gslb::transfer {

using PrimaryList = std::vector<std::shared_ptr<const Primary>>;
using ZonePtr = std::shared_ptr<const zone::Zone>;

// Where a zone's data come from, and who may say that there are new ones.
struct Source {
  PrimaryList primaries;  // 1.., in order
  std::shared_ptr<const AccessList> notify = std::make_shared<const AccessList>();
};

struct SecondaryZone {
  dns::Name apex;  // lower case
  Source source;
  bool is_catalog = false;
  Source members;                        // is_catalog: of the zones it lists
  std::map<std::string, Source> groups;  // ... of those with this group property
};

struct SecondaryConfig {
  std::vector<SecondaryZone> zones;
  std::set<dns::Name> configured;  // every zone, when one is secondary: catalogs can't list them
  RefreshPolicy policy;
  TransferLimits limits;
  milliseconds step{10'000};
  milliseconds all{3'600'000};
  std::size_t transfers = 20;  // at a time
  std::string folder;          // of the copies; "": none are kept
};

// What changes for those who serve the zones; applied together and in order.
struct SecondaryEvent {
  enum class Kind : std::uint8_t {
    kDeliver,  // `zone` is the new copy of `apex`
    kExpire,   // `apex` is known, but has no data to serve
    kMembers,  // the catalog `apex` now lists `members`
  };
  Kind kind = Kind::kDeliver;
  dns::Name apex;
  ZonePtr zone;
  std::string source;  // kDeliver: "knot1 (192.0.2.1:53), IXFR"
  std::vector<dns::Name> members;
};

struct SecondaryStatus {
  dns::Name apex;
  Refresh::State state = Refresh::State::kEmpty;
  bool is_catalog = false;
  std::optional<dns::Name> catalog;  // that lists it
  std::optional<std::uint32_t> serial;
  std::vector<std::string> primaries;
  WallTime next_refresh;
  std::optional<WallTime> expires;      // kCurrent
  std::optional<WallTime> transferred;  // since this process started
  std::string last_error;               // "" after a success
};

inline constexpr std::size_t kFetchKinds = 3;  // as Refresh::Kind
using FetchCounts = std::array<std::array<std::uint64_t, kFetchResults>, kFetchKinds>;

struct TransferTime {
  MonoTime mono;
  WallTime wall;
};

// Transfer-thread-only, but for what says otherwise.
class SecondaryZones {
 public:
  // Starts a fetch that ends in finished(token, …), never from within.
  using Launch = std::function<void(FetchRequest request, std::uint64_t token)>;
  using Sink = std::function<void(std::vector<SecondaryEvent>)>;
  SecondaryZones(Launch launch, Sink sink, std::uint64_t seed);
  ~SecondaryZones();

  // Zones that stay keep their data and timers; new ones take their copies from disk.
  void configure(std::shared_ptr<const SecondaryConfig> config, TransferTime now);
  // Does what is due; returns when to be called again.
  MonoTime run(TransferTime now);
  void finished(std::uint64_t token, Fetched fetched, TransferTime now);
  void notify(const dns::Name& apex, std::optional<std::uint32_t> serial, const Address& from,
              TransferTime now);
  // The operator's.  False when there is no such zone.
  bool refresh_now(const dns::Name& apex, bool whole, TransferTime now);

  // Any thread.
  std::vector<SecondaryStatus> status() const;
  FetchCounts counts() const;
  // Until when the data of a zone are good; nullopt: they are not, or it is none of these.
  std::optional<WallTime> expires(const dns::Name& apex) const;
  // Transfer thread.
  std::shared_ptr<const NotifyTable> notify_table(std::shared_ptr<const Keyring> keys) const;

 private:
  struct Item;  // one zone
  struct Running;
  // What is due at the same time goes by name, not by where it happens to lie in memory.
  struct DueFirst {
    using Entry = std::pair<MonoTime, const Item*>;
    bool operator()(const Entry& a, const Entry& b) const;
  };

  std::shared_ptr<Item> make_item(const SecondaryZone& zone, TransferTime now);
  void add_item(const SecondaryZone& zone, std::optional<dns::Name> catalog, TransferTime now);
  void restore(Item& item, TransferTime now);
  void reschedule(Item& item);
  void launch(const std::shared_ptr<Item>& item, const Refresh::Attempt& attempt);
  void launch_waiting();
  void took_serial(Item& item, const Fetched& fetched, TransferTime now);
  void took_zone(Item& item, const Running& run, Fetched& fetched, TransferTime now);
  void failed(Item& item, const Running& run, const Fetched& fetched, TransferTime now);
  void deliver(const Item& item, std::string source);
  void read_members(const Item& catalog, TransferTime now);
  SecondaryZone member_zone(const CatalogMembership::Owned& owned) const;
  void apply(const dns::Name& catalog, const CatalogMembership::Changes& changes, TransferTime now);
  void drop_item(const dns::Name& apex);
  void forget(const dns::Name& apex);
  void show(const Item& item, TransferTime now);
  void flush();
  std::string path_of(const dns::Name& apex) const;

  const Launch launch_;
  const Sink sink_;
  Random random_;
  std::shared_ptr<const SecondaryConfig> config_;
  std::map<dns::Name, std::shared_ptr<Item>> items_;
  std::set<std::pair<MonoTime, Item*>, DueFirst> due_;
  CatalogMembership membership_;
  std::vector<SecondaryEvent> events_;  // until flush()
  std::unordered_map<std::uint64_t, Running> running_;
  std::deque<std::uint64_t> waiting_;  // tokens of fetches not launched yet
  std::size_t launched_ = 0;
  std::uint64_t next_token_ = 1;

  mutable std::mutex mutex_;  // guards what follows
  std::map<dns::Name, SecondaryStatus> shown_;
  FetchCounts counts_{};
};

}  // namespace gslb::transfer
