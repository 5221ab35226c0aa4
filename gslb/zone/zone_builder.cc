#include <algorithm>
#include <atomic>
#include <array>

#include "gslb/base/check.h"
#include "gslb/zone/zone_storage.h"

namespace gslb::zone {
namespace {

constexpr std::uint32_t kNone = 0xffffffffU;

// One record waiting for build(); a node's records form a list in the order they were added.
struct Entry {
  std::uint32_t next = kNone;
  std::uint32_t ttl_s = 0;
  std::uint32_t rdata = 0;  // offset of the length and octets in Work::rdata
  dns::RrType type = dns::RrType::kA;
};
struct List {
  std::uint32_t first = kNone;
  std::uint32_t last = kNone;
};

// What a zone keeps for good, put one array after the other into one piece of memory.
class Piece {
 public:
  explicit Piece(std::size_t octets) : octets_(new std::uint8_t[octets]) {}

  // REQUIRES: arrays come in falling order of alignment.
  template <typename T>
  std::span<const T> put(std::span<const T> from) {
    std::uint8_t* const to = octets_.get() + used_;
    used_ += from.size_bytes();
    if (!from.empty()) { std::memcpy(to, from.data(), from.size_bytes()); }
    return {reinterpret_cast<const T*>(to), from.size()};
  }
  std::unique_ptr<const std::uint8_t[]> take() { return std::move(octets_); }

 private:
  std::unique_ptr<std::uint8_t[]> octets_;
  std::size_t used_ = 0;
};

template <typename T>
void append(std::vector<std::uint8_t>& to, const T& value) {
  const auto* octets = reinterpret_cast<const std::uint8_t*>(&value);
  to.insert(to.end(), octets, octets + sizeof value);
}

}  // namespace

struct ZoneBuilder::Work {
  dns::Name apex;
  std::size_t apex_labels = 0;
  NameTableBuilder names;
  std::vector<List> lists;          // by node
  std::vector<RouteIndex> routes;   // by node
  std::vector<NodeIndex> wildcard;  // by node: the child "*"
  std::vector<bool> has_children;   // by node
  std::vector<Entry> entries;
  std::vector<std::uint8_t> rdata;
  std::vector<std::uint32_t> waiting;  // scratch of put_node()
  std::size_t record_count = 0;

  NodeIndex node_of(const dns::Name& owner);
  NodeIndex add_node(Octets wire, NameTable::Hash hash);
  Octets rdata_of(const Entry& entry) const {
    const std::uint8_t* at = rdata.data() + entry.rdata;
    return {at, std::size_t{2} + load_u16(at)};
  }
  // The type an RRSIG covers; 0 when it is too short to say.
  dns::RrType covered_by(const Entry& entry) const {
    const Octets octets = rdata_of(entry);
    return static_cast<dns::RrType>(octets.size() < 4 ? 0 : load_u16(octets.data() + 2));
  }
  // Gives their memory back: all that is needed of them stands in blocks.
  void forget_records() {
    std::vector<Entry>().swap(entries);
    std::vector<std::uint8_t>().swap(rdata);
  }
  void put_rrset(std::vector<std::uint32_t>& members, std::vector<std::uint8_t>& blocks);
  void drop_duplicates(std::vector<std::uint32_t>& members) const;
  NodeRecord put_node(NodeIndex node, std::vector<std::uint8_t>& blocks);
};

NodeIndex ZoneBuilder::Work::add_node(Octets wire, NameTable::Hash hash) {
  lists.emplace_back();
  routes.push_back(kNoRoute);
  wildcard.push_back(kNoNode);
  has_children.push_back(false);
  return names.insert(wire, hash);
}

NodeIndex ZoneBuilder::Work::node_of(const dns::Name& owner) {
  dns::QuestionName name;  // lower case and label offsets, without allocation
  name.assign(owner.wire());
  CHECK(name.label_count() >= apex_labels);
  NodeIndex node = Zone::kApexNode;
  for (std::size_t below = name.label_count() - apex_labels; below-- > 0;) {
    const std::size_t at = name.label_offset(below);
    const Octets label = name.wire().subspan(at, std::size_t{1} + name.wire()[at]);
    const NameTable::Hash hash = name.suffix_hash(below);
    NodeIndex child = names.table().find(name.suffix(below), hash);
    if (child == kNoNode) {
      child = add_node(name.suffix(below), hash);
      has_children[node] = true;
      if (label.size() == 2 && label[1] == '*') { wildcard[node] = child; }
    }
    node = child;
  }
  return node;
}

// Octet-equal RDATA is one record (RFC 2181 5).  Sorted, so that a hostile set of 65,000 records
// costs n log n; the first of each stays, in the order added.
void ZoneBuilder::Work::drop_duplicates(std::vector<std::uint32_t>& members) const {
  if (members.size() < 2) { return; }
  const auto order = [&](std::uint32_t a, std::uint32_t b) {
    const Octets left = rdata_of(entries[a]);
    const Octets right = rdata_of(entries[b]);
    const auto found = std::lexicographical_compare_three_way(left.begin(), left.end(),
                                                              right.begin(), right.end());
    return found != 0 ? found < 0 : a < b;
  };
  const auto same = [&](std::uint32_t a, std::uint32_t b) {
    return std::ranges::equal(rdata_of(entries[a]), rdata_of(entries[b]));
  };
  std::ranges::sort(members, order);
  members.erase(std::unique(members.begin(), members.end(), same), members.end());
  std::ranges::sort(members);  // entry numbers grow as records are added
}

void ZoneBuilder::Work::put_rrset(std::vector<std::uint32_t>& members,
                                  std::vector<std::uint8_t>& blocks) {
  RrsetHeader header;
  header.type = static_cast<std::uint16_t>(entries[members.front()].type);
  header.ttl_s = entries[members.front()].ttl_s;
  for (const std::uint32_t member : members) {
    header.ttl_s = std::min(header.ttl_s, entries[member].ttl_s);
  }
  drop_duplicates(members);
  // An answer has no room for more; the loader refuses such a set before it gets here.
  if (members.size() > 0xffff) { members.resize(0xffff); }
  header.count = static_cast<std::uint16_t>(members.size());
  for (const std::uint32_t member : members) {
    header.size += static_cast<std::uint32_t>(rdata_of(entries[member]).size());
  }
  append(blocks, header);
  for (const std::uint32_t member : members) {
    const Octets octets = rdata_of(entries[member]);
    blocks.insert(blocks.end(), octets.begin(), octets.end());
  }
  record_count += members.size();
}

NodeRecord ZoneBuilder::Work::put_node(NodeIndex node, std::vector<std::uint8_t>& blocks) {
  NodeRecord record;
  record.block = static_cast<std::uint32_t>(blocks.size());
  if (routes[node] != kNoRoute) {
    record.flags |= kHasRoute;
    append(blocks, routes[node]);
  }
  if (wildcard[node] != kNoNode) {
    record.flags |= kHasWildcard;
    append(blocks, wildcard[node]);
  }
  waiting.clear();
  for (std::uint32_t at = lists[node].first; at != kNone; at = entries[at].next) {
    waiting.push_back(at);
  }
  // Moves what `belongs` from `waiting` into the block; false when there was none.
  const auto put = [&](const auto& belongs) {
    if (waiting.size() == 1) {  // nearly all nodes: without the memory the rest asks for
      if (!belongs(waiting.front())) { return false; }
      put_rrset(waiting, blocks);
      waiting.clear();
      ++record.rrset_count;
      return true;
    }
    const auto rest = std::stable_partition(waiting.begin(), waiting.end(), belongs);
    if (rest == waiting.begin()) { return false; }
    std::vector<std::uint32_t> members(waiting.begin(), rest);
    waiting.erase(waiting.begin(), rest);
    put_rrset(members, blocks);
    ++record.rrset_count;
    return true;
  };
  const auto is_signature = [&](std::uint32_t at) {
    return entries[at].type == dns::RrType::kRrsig;
  };
  bool has_nsec3 = false;
  bool has_other = routes[node] != kNoRoute || has_children[node];
  // Types in the order of their first record, each with its signatures.
  while (!waiting.empty()) {
    const std::uint32_t front = waiting.front();
    const dns::RrType type = is_signature(front) ? covered_by(entries[front]) : entries[front].type;
    if (put([&](std::uint32_t at) { return entries[at].type == type && !is_signature(at); })) {
      if (type == dns::RrType::kNs && node != Zone::kApexNode) { record.flags |= kIsCut; }
      if (type == dns::RrType::kDname) { record.flags |= kIsDname; }
      if (type == dns::RrType::kCname) { record.flags |= kIsCname; }
      (type == dns::RrType::kNsec3 ? has_nsec3 : has_other) = true;
    }
    put([&](std::uint32_t at) { return is_signature(at) && covered_by(entries[at]) == type; });
  }
  if (has_nsec3 && !has_other) { record.flags |= kIsNsec3Owner; }
  return record;
}

std::unique_ptr<Zone::Storage> Zone::Storage::pack(const NameTable& names,
                                                   std::span<const NodeRecord> nodes, Octets blocks,
                                                   std::size_t apex_labels) {
  auto storage = std::make_unique<Storage>();
  storage->piece_octets = names.slots.size_bytes() + names.starts.size_bytes() +
                          nodes.size_bytes() + names.octets.size() + blocks.size();
  Piece piece(storage->piece_octets);
  storage->names.slots = piece.put(names.slots);
  storage->names.starts = piece.put(names.starts);
  storage->nodes = piece.put(nodes);
  storage->names.octets = piece.put(names.octets);
  storage->blocks = piece.put(blocks);
  storage->piece = piece.take();
  storage->apex_labels = apex_labels;
  return storage;
}

ZoneBuilder::ZoneBuilder(const dns::Name& apex) : work_(std::make_unique<Work>()) {
  work_->apex = apex;
  work_->apex_labels = apex.label_count();
  dns::QuestionName name;  // in lower case
  name.assign(apex.wire());
  work_->add_node(name.wire(), name.suffix_hash(0));
}

ZoneBuilder::~ZoneBuilder() = default;

void ZoneBuilder::add(const dns::Name& owner, dns::RrType type, std::uint32_t ttl_s, Octets rdata) {
  CHECK(rdata.size() <= 0xffff);
  const NodeIndex node = work_->node_of(owner);
  const auto entry = static_cast<std::uint32_t>(work_->entries.size());
  const auto at = static_cast<std::uint32_t>(work_->rdata.size());
  work_->entries.push_back({kNone, ttl_s, at, type});
  std::array<std::uint8_t, 2> size{};
  store_u16(size.data(), static_cast<std::uint16_t>(rdata.size()));
  work_->rdata.insert(work_->rdata.end(), size.begin(), size.end());
  work_->rdata.insert(work_->rdata.end(), rdata.begin(), rdata.end());
  List& list = work_->lists[node];
  (list.first == kNone ? list.first : work_->entries[list.last].next) = entry;
  list.last = entry;
}

void ZoneBuilder::bind_route(const dns::Name& owner, RouteIndex route) {
  work_->routes[work_->node_of(owner)] = route;
}

std::shared_ptr<const Zone> ZoneBuilder::build() {
  const std::unique_ptr<Work> work = std::exchange(work_, nullptr);
  const std::size_t node_count = work->lists.size();
  std::vector<NodeRecord> nodes;
  std::vector<std::uint8_t> blocks;
  nodes.reserve(node_count);
  blocks.reserve(work->rdata.size() + node_count * sizeof(RrsetHeader));
  for (NodeIndex node = 0; node < node_count; ++node) {
    nodes.push_back(work->put_node(node, blocks));
  }
  auto zone = std::make_shared<Zone>(Zone::Key());
  zone->apex_ = work->apex;
  zone->record_count_ = work->record_count;
  work->forget_records();
  auto storage = Zone::Storage::pack(work->names.table(), nodes, blocks, work->apex_labels);
  std::unique_ptr<const DenialIndex>& denial = storage->denial;
  zone->storage_ = std::move(storage);
  denial = DenialIndex::build(*zone, work->has_children);
  const auto soa = zone->rrset(Zone::kApexNode, dns::RrType::kSoa);
  CHECK(soa.has_value());
  // The fixed fields are the last 20 octets: serial, refresh, retry, expire, minimum.
  const Octets rdata = dns::RdataCursor(*soa).rdata();
  CHECK(rdata.size() >= 22);
  const std::uint8_t* fixed = rdata.data() + rdata.size() - 20;
  zone->serial_ = load_u32(fixed);
  zone->negative_ttl_s_ = std::min(soa->ttl_s, load_u32(fixed + 16));
  zone->is_signed_ = zone->denial() != DenialKind::kNone &&
                     zone->signatures(Zone::kApexNode, dns::RrType::kSoa).has_value();
  static std::atomic<std::uint64_t> last_compact_id{0};
  if (is_compact_) { zone->compact_id_ = ++last_compact_id; }
  return zone;
}

std::shared_ptr<const Zone> Zone::without_data(const dns::Name& apex, ZoneState why) {
  CHECK(why != ZoneState::kServed);
  NameTableBuilder names;
  dns::QuestionName name;  // in lower case
  name.assign(apex.wire());
  names.insert(name.wire(), name.suffix_hash(0));
  const NodeRecord apex_node;
  const auto zone = std::make_shared<Zone>(Key());
  zone->apex_ = apex;
  zone->state_ = why;
  zone->storage_ = Storage::pack(names.table(), {&apex_node, 1}, {}, apex.label_count());
  return zone;
}

}  // namespace gslb::zone
