// A secondary zone's copy on disk: octets with a checksum, replaced as one step.
//
// Why not a zone file: it is written after every transfer and read at every start, a text form
// costs ten times as much, and nobody may edit it anyway. Why the file's time: it says when a
// primary last confirmed the copy, so a refresh that finds nothing new writes one inode instead of
// the zone.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "gslb/base/clock.h"
#include "gslb/base/result.h"
#include "gslb/zone/zone.h"

namespace gslb::transfer {

// Where the copy of `apex` lies below `folder`: any name gives one file name of its own.
std::string copy_path(const std::string& folder, const dns::Name& apex);

// The octets of a copy, and what they are a copy of.  nullptr when they are damaged, cut, of
// another zone or of another version of this format.  Total.
std::string encode_copy(const zone::Zone& zone);
std::shared_ptr<const zone::Zone> decode_copy(const dns::Name& apex, std::string_view octets);

struct StoredCopy {
  std::shared_ptr<const zone::Zone> zone;
  WallTime confirmed;
};
enum class CopyError : std::uint8_t { kAbsent, kUnreadable, kDamaged };

// False with errno set when it can't be written; the old copy then stays.
bool save_copy(const std::string& path, const zone::Zone& zone, WallTime confirmed);
// A primary confirmed the copy at `confirmed`.  Failing does not matter much: it expires earlier.
void touch_copy(const std::string& path, WallTime confirmed) noexcept;
Result<StoredCopy, CopyError> load_copy(const std::string& path, const dns::Name& apex);
void remove_copy(const std::string& path) noexcept;

}  // namespace gslb::transfer
