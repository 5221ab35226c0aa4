#include "gslb/transfer/journal.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gslb/base/file.h"
#include "gslb/base/hash.h"
#include "gslb/base/log.h"

namespace gslb::transfer {
namespace {

constexpr std::string_view kMagic = "proxima journal 1\n";
constexpr std::size_t kEntryOctets = 4 + 4 + 4 + 8 + 8;  // length, from, to, digest, checksum
constexpr std::size_t kMaxFileName = 200;

// A zone's file: its name, unless that can't be a file's.
std::string file_name(const dns::Name& apex) {
  std::string text;
  for (const char c : apex.lower().to_string()) {
    text += c == '/' ? std::string("\\047") : std::string(1, c);
  }
  if (text.size() > kMaxFileName) {
    text = text.substr(0, kMaxFileName - 20) + '-' + std::to_string(hash_text(text));
  }
  return text + "journal";
}

std::string header_of(const std::string& apex) { return std::string(kMagic) + apex; }

std::uint64_t checksum(std::string_view header, Octets records) {
  return hash_octets(records, hash_text(header));
}

std::string to_octets(const JournalEntry& entry) {
  std::string octets(kEntryOctets, '\0');
  auto* const at = reinterpret_cast<std::uint8_t*>(octets.data());
  store_u32(at, static_cast<std::uint32_t>(entry.records.size()));
  store_u32(at + 4, entry.from);
  store_u32(at + 8, entry.to);
  store_u64(at + 12, entry.digest);
  store_u64(at + 20, checksum(std::string_view(octets).substr(0, 20), entry.records));
  octets += as_text(entry.records);
  return octets;
}

// Whole records, the first an SOA of `from`: what a stream relies on.
bool is_sound(const JournalEntry& entry) {
  std::size_t soas = 0;
  for (std::size_t at = 0; at < entry.records.size();) {
    const auto record = record_at(entry.records, at);
    if (!record) { return false; }
    const bool is_soa = record->set.type == dns::RrType::kSoa;
    if (at == 0 && !is_soa) { return false; }
    soas += is_soa ? 1 : 0;
    at += record->size;
  }
  return soas == 2;
}

// The next entry; nullopt when it is cut off or damaged.
std::optional<JournalEntry> take_entry(ByteReader& reader) {
  const Octets head = reader.take(kEntryOctets);
  if (reader.failed()) { return std::nullopt; }
  const Octets records = reader.take(load_u32(head.data()));
  if (reader.failed()) { return std::nullopt; }
  JournalEntry entry{load_u32(head.data() + 4),
                     load_u32(head.data() + 8),
                     load_u64(head.data() + 12),
                     {records.begin(), records.end()}};
  if (checksum(as_text(head).substr(0, 20), records) != load_u64(head.data() + 20) ||
      !is_sound(entry)) {
    return std::nullopt;
  }
  return entry;
}

bool append_octets(const std::string& path, const std::string& octets) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
  if (fd < 0) { return false; }
  std::size_t done = 0;
  while (done < octets.size()) {
    const ssize_t put = ::write(fd, octets.data() + done, octets.size() - done);
    if (put < 0 && errno == EINTR) { continue; }
    if (put <= 0) { break; }
    done += static_cast<std::size_t>(put);
  }
  ::close(fd);
  return done == octets.size();
}

}  // namespace

Journal::Journal(const dns::Name& apex, const std::string& folder, std::size_t max_octets)
    : apex_(as_text(apex.lower().wire())), name_(apex.to_string()), max_octets_(max_octets) {
  if (!folder.empty()) { file_ = folder + '/' + file_name(apex); }
  octets_ = header_of(apex_).size();
}

bool Journal::load(std::uint32_t serial) {
  if (file_.empty()) { return false; }
  const auto content = read_file(file_);
  if (!content) { return false; }
  const std::string header = header_of(apex_);
  if (max_octets_ == 0 || !content->starts_with(header)) {
    drop("it is no journal of this zone");
    return false;
  }
  ByteReader reader(as_octets(*content), header.size());
  while (reader.remaining() > 0) {
    auto entry = take_entry(reader);
    if (!entry || (!entries_.empty() && entries_.back()->to != entry->from)) {
      drop("the file is damaged");
      return false;
    }
    entries_.push_back(std::make_shared<const JournalEntry>(std::move(*entry)));
  }
  octets_ = content->size();
  if (entries_.empty() || entries_.back()->to != serial) {
    drop("it ends at another serial than the zone has now");
    return false;
  }
  return true;
}

void Journal::append(JournalEntry entry) {
  if (max_octets_ == 0) { return; }
  if (!entries_.empty() && entries_.back()->to != entry.from) { drop("a version is missing"); }
  const std::size_t size = kEntryOctets + entry.records.size();
  if (header_of(apex_).size() + size > max_octets_) {
    drop("the newest difference is larger than all of it may be");
    return;
  }
  entries_.push_back(std::make_shared<const JournalEntry>(std::move(entry)));
  octets_ += size;
  if (octets_ <= max_octets_) {
    append_to_file(*entries_.back());
    return;
  }
  // More than need be, so that the file is not written anew with every difference.
  drop_oldest(max_octets_ / 4 * 3, 1);
  save_all();
}

void Journal::trim(std::size_t max_octets) {
  if (octets_ <= max_octets) { return; }
  drop_oldest(max_octets, 0);
  if (entries_.empty()) { return drop("all journals together are larger than they may be"); }
  save_all();
}

void Journal::drop_oldest(std::size_t max_octets, std::size_t least) {
  while (entries_.size() > least && octets_ > max_octets) {
    octets_ -= kEntryOctets + entries_.front()->records.size();
    entries_.pop_front();
  }
}

void Journal::append_to_file(const JournalEntry& entry) {
  if (file_.empty()) { return; }
  if (entries_.size() == 1 || !append_octets(file_, to_octets(entry))) { save_all(); }
}

void Journal::save_all() {
  if (file_.empty()) { return; }
  std::string content = header_of(apex_);
  for (const auto& entry : entries_) { content += to_octets(*entry); }
  if (write_file_atomically(file_, content)) { return; }
  log_warning("transfer", "journal can't be saved",
              {{"zone", name_}, {"file", file_}, {"error", std::strerror(errno)}});
  ::unlink(file_.c_str());  // half of it would be taken for damage at the next start
}

void Journal::drop(std::string_view why) {
  const bool had_file = !file_.empty() && ::unlink(file_.c_str()) == 0;
  if (had_file || !entries_.empty()) {
    log_warning("transfer", "journal dropped: secondaries will fetch the zone whole",
                {{"zone", name_}, {"reason", why}});
  }
  entries_.clear();
  octets_ = header_of(apex_).size();
}

JournalChain Journal::chain_from(const JournalChain& chain, std::uint32_t serial) {
  const auto first = std::ranges::find_if(
      chain,
      [&](const std::shared_ptr<const JournalEntry>& entry) { return entry->from == serial; });
  return {first, chain.end()};
}

}  // namespace gslb::transfer
