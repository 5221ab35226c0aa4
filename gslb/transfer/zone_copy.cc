#include "gslb/transfer/zone_copy.h"

#include <algorithm>
#include <array>
#include <cerrno>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gslb/base/file.h"
#include "gslb/base/hash.h"
#include "gslb/transfer/rdata_wire.h"

namespace gslb::transfer {
namespace {

// Magic with the format's number; then the apex; then for each RRset: owner, type, TTL, count, and
// the records as dns::RrsetView has them; then the hash of all before.  Network order.
constexpr std::string_view kMagic = "PXZONE1\n";
constexpr std::size_t kHashOctets = 8;
constexpr std::size_t kMaxPlainName = 200;  // of the 255 a file name may have
constexpr std::size_t kMaxCopyOctets = std::size_t{4} << 30;

template <typename T>
void append(std::string& to, T value) {
  for (int shift = static_cast<int>(sizeof value) * 8 - 8; shift >= 0; shift -= 8) {
    to += static_cast<char>(value >> shift);
  }
}

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

bool add_rrset(zone::ZoneBuilder& builder, const dns::Name& owner, ByteReader& reader) {
  const auto type = static_cast<dns::RrType>(reader.u16());
  const std::uint32_t ttl_s = reader.u32();
  std::vector<std::uint8_t> rdata;
  for (std::size_t left = reader.u16(); left > 0; --left) {
    const Octets octets = reader.take(reader.u16());
    if (reader.failed() || dns::is_meta(type)) { return false; }
    if (!read_rdata(octets, 0, octets.size(), type, rdata)) { return false; }
    builder.add(owner, type, ttl_s, rdata);
  }
  return !reader.failed();
}

bool has_soa(Octets apex, Octets first_owner, std::uint16_t first_type) {
  return std::equal(apex.begin(), apex.end(), first_owner.begin(), first_owner.end()) &&
         first_type == static_cast<std::uint16_t>(dns::RrType::kSoa);
}

}  // namespace

std::string copy_path(const std::string& folder, const dns::Name& apex) {
  std::string name;
  if (apex.is_root()) { name = "@"; }
  const Octets wire = apex.wire();
  constexpr std::string_view kDigits = "0123456789abcdef";
  for (std::size_t at = 0; wire[at] != 0; at += wire[at] + 1U) {
    if (at > 0) { name += '.'; }
    for (const std::uint8_t octet : wire.subspan(at + 1, wire[at])) {
      const char c = static_cast<char>(dns::ascii_lower(octet));
      if (is_plain(c)) {
        name += c;
      } else {
        name += {'%', kDigits[octet >> 4], kDigits[octet & 15U]};
      }
    }
  }
  if (name.size() > kMaxPlainName) {
    const dns::Name lower = apex.lower();
    name.resize(kMaxPlainName);
    name += '~' + std::to_string(hash_octets(lower.wire()));
  }
  return folder + '/' + name + ".copy";
}

std::string encode_copy(const zone::Zone& zone) {
  std::string text(kMagic);
  text += as_text(zone.apex().lower().wire());
  const auto put_set = [&](zone::NodeIndex node, const dns::RrsetView& set) {
    text += as_text(zone.owner(node));
    append(text, static_cast<std::uint16_t>(set.type));
    append(text, set.ttl_s);
    append(text, set.count);
    text += as_text(set.rdata);
  };
  // The SOA first: a copy without one is no zone.
  put_set(zone::Zone::kApexNode, *zone.rrset(zone::Zone::kApexNode, dns::RrType::kSoa));
  for (zone::NodeIndex node = 0; node < zone.node_count(); ++node) {
    for (std::size_t i = 0; i < zone.rrset_count(node); ++i) {
      const dns::RrsetView set = zone.rrset_at(node, i);
      if (set.type != dns::RrType::kSoa) { put_set(node, set); }
    }
  }
  append(text, hash_text(text));
  return text;
}

std::shared_ptr<const zone::Zone> decode_copy(const dns::Name& apex, std::string_view octets) {
  const dns::Name lower = apex.lower();
  const std::string start = std::string(kMagic) + std::string(as_text(lower.wire()));
  if (octets.size() < start.size() + kHashOctets || !octets.starts_with(start)) { return nullptr; }
  const std::string_view content = octets.substr(0, octets.size() - kHashOctets);
  if (load_u64(as_octets(octets).data() + content.size()) != hash_text(content)) { return nullptr; }
  const Octets body = as_octets(content.substr(start.size()));
  zone::ZoneBuilder builder(apex);
  ByteReader reader(body);
  for (bool is_first = true; reader.remaining() > 0; is_first = false) {
    const Octets rest = body.subspan(reader.position());
    const std::size_t size = dns::wire_name_size(rest);
    const auto owner = dns::Name::from_wire(reader.take(size));
    if (size == 0 || !owner || !owner->is_at_or_below(apex) || rest.size() < size + 2) {
      return nullptr;
    }
    const std::uint16_t type = load_u16(rest.data() + size);
    if (is_first != has_soa(lower.wire(), owner->lower().wire(), type)) { return nullptr; }
    if (!add_rrset(builder, *owner, reader)) { return nullptr; }
  }
  return body.empty() ? nullptr : builder.build();
}

bool save_copy(const std::string& path, const zone::Zone& zone, WallTime confirmed) {
  if (!write_file_atomically(path, encode_copy(zone))) { return false; }
  touch_copy(path, confirmed);
  return true;
}

void touch_copy(const std::string& path, WallTime confirmed) noexcept {
  timespec time{};
  time.tv_sec = std::chrono::system_clock::to_time_t(confirmed);
  const std::array<timespec, 2> times{time, time};
  static_cast<void>(::utimensat(AT_FDCWD, path.c_str(), times.data(), 0));
}

Result<StoredCopy, CopyError> load_copy(const std::string& path, const dns::Name& apex) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) {
    return Unexpected(errno == ENOENT ? CopyError::kAbsent : CopyError::kUnreadable);
  }
  const auto octets = read_file(path, kMaxCopyOctets);
  if (!octets) { return Unexpected(CopyError::kUnreadable); }
  auto zone = decode_copy(apex, *octets);
  if (!zone) { return Unexpected(CopyError::kDamaged); }
  return StoredCopy{std::move(zone), std::chrono::system_clock::from_time_t(info.st_mtim.tv_sec)};
}

void remove_copy(const std::string& path) noexcept { static_cast<void>(::unlink(path.c_str())); }

}  // namespace gslb::transfer
