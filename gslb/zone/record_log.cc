#include "gslb/zone/record_log.h"

#include "gslb/base/hash.h"

namespace gslb::zone {

std::uint64_t RecordLog::key(Octets lower_owner, dns::RrType type) noexcept {
  return hash_octets(lower_owner, static_cast<std::uint64_t>(type));
}

std::uint16_t RecordLog::add_file(const std::string& path) {
  files_.push_back(path);
  return static_cast<std::uint16_t>(files_.size() - 1);
}

Location RecordLog::find(Octets lower_owner, dns::RrType type, std::size_t nth) const {
  const std::uint64_t wanted = key(lower_owner, type);
  const Line* found = nullptr;
  for (const Line& line : lines_) {
    if (line.key != wanted) { continue; }
    found = &line;
    if (nth-- == 0) { break; }
  }
  if (found != nullptr) { return at(*found); }
  return {files_.empty() ? std::string() : files_.front(), 0, 0};
}

}  // namespace gslb::zone
