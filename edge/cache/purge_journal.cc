#include "edge/cache/purge_journal.h"

#include <algorithm>

#include <fcntl.h>
#include <unistd.h>

#include "gslb/base/bytes.h"
#include "gslb/base/file.h"
#include "gslb/base/hash.h"

namespace edge::cache {
namespace {

// kind, soft, length, 4 of nothing, three numbers, checksum.
constexpr std::size_t kEntryOctets = 40;
constexpr std::uint8_t kCursorKind = 16;
constexpr std::uint64_t kSeed = 0x5052'5850'5552'4731ULL;  // "PRXPURG1": the version too
// Twice what a full book writes.
constexpr std::size_t kMostOctets = 64 << 20;

struct Entry {
  std::uint8_t kind = 0;
  bool soft = false;
  std::uint16_t length = 0;
  std::uint64_t a = 0;
  std::uint64_t b = 0;
  std::uint64_t number = 0;
};

void append(std::string& out, const Entry& entry) {
  std::array<std::uint8_t, kEntryOctets> octets{};
  octets[0] = entry.kind;
  octets[1] = entry.soft ? 1 : 0;
  gslb::store_u16(octets.data() + 2, entry.length);
  gslb::store_u64(octets.data() + 8, entry.a);
  gslb::store_u64(octets.data() + 16, entry.b);
  gslb::store_u64(octets.data() + 24, entry.number);
  const gslb::Octets signed_part(octets.data(), kEntryOctets - 8);
  gslb::store_u64(octets.data() + kEntryOctets - 8, gslb::hash_octets(signed_part, kSeed));
  out += gslb::as_text(octets);
}

std::string text_of(const std::vector<PurgeMark>& marks, const std::vector<OrderCursor>& cursors) {
  std::string text;
  text.reserve((marks.size() + cursors.size()) * kEntryOctets);
  for (const PurgeMark& mark : marks) {
    append(text, {static_cast<std::uint8_t>(mark.kind), mark.soft, mark.length, mark.host,
                  mark.hash, mark.number});
  }
  for (const OrderCursor& each : cursors) {
    append(text, {kCursorKind, false, 0, each.source, each.journal, each.seen});
  }
  return text;
}

bool take(gslb::Octets octets, PurgeJournal::Content& content) {
  const std::uint64_t checksum = gslb::load_u64(octets.data() + kEntryOctets - 8);
  const std::uint8_t kind = octets[0];
  const bool known = kind == kCursorKind || (kind >= 1 && kind <= kPurgeKinds);
  if (!known || gslb::hash_octets(octets.first(kEntryOctets - 8), kSeed) != checksum) {
    return false;
  }
  const std::uint64_t a = gslb::load_u64(octets.data() + 8);
  const std::uint64_t b = gslb::load_u64(octets.data() + 16);
  const std::uint64_t number = gslb::load_u64(octets.data() + 24);
  if (kind != kCursorKind) {
    content.marks.push_back({static_cast<PurgeKind>(kind), octets[1] != 0,
                             gslb::load_u16(octets.data() + 2), a, b, number});
    return true;
  }
  auto& cursors = content.cursors;
  const auto same = std::find_if(cursors.begin(), cursors.end(),
                                 [&](const OrderCursor& each) { return each.source == a; });
  if (same != cursors.end()) { cursors.erase(same); }
  cursors.push_back({a, b, number});
  return true;
}

bool write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(descriptor, text.data(), text.size());
    if (written <= 0) { return false; }
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

}  // namespace

PurgeJournal::~PurgeJournal() { close(); }

void PurgeJournal::close() {
  if (descriptor_ >= 0) { ::close(descriptor_); }
  descriptor_ = -1;
}

PurgeJournal::Content PurgeJournal::read(const std::string& path) {
  Content content;
  const bool there = ::access(path.c_str(), F_OK) == 0;
  const auto text = gslb::read_file(path, kMostOctets);
  content.found = there;
  if (!text) {
    content.damaged = there;
    return content;
  }
  gslb::Octets left = gslb::as_octets(*text);
  bool skipped = false;
  for (; left.size() >= kEntryOctets; left = left.subspan(kEntryOctets)) {
    const bool good = take(left.first(kEntryOctets), content);
    content.damaged = content.damaged || (good && skipped);
    skipped = skipped || !good;
  }
  return content;
}

bool PurgeJournal::begin(const std::vector<PurgeMark>& marks,
                         const std::vector<OrderCursor>& cursors) {
  close();
  const std::string text = text_of(marks, cursors);
  if (!gslb::write_file_atomically(path_, text, 0600)) { return false; }
  descriptor_ = ::open(path_.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
  octets_ = text.size();
  return descriptor_ >= 0;
}

bool PurgeJournal::add(const std::vector<PurgeMark>& marks,
                       const std::vector<OrderCursor>& cursors) {
  if (descriptor_ < 0) { return false; }
  const std::string text = text_of(marks, cursors);
  if (write_all(descriptor_, text) && ::fdatasync(descriptor_) == 0) {
    octets_ += text.size();
    return true;
  }
  // What of it was written stands in the way of what would follow.
  close();
  return false;
}

}  // namespace edge::cache
