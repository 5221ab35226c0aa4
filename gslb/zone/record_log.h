// Where each record of a zone was read, kept only while its checks run.
//
// Why beside the zone: places are needed for problems alone; 24 octets a record for a while are
// cheaper than a file name and line in every record for good.
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "gslb/base/problem.h"
#include "gslb/dns/name.h"
#include "gslb/dns/types.h"

namespace gslb::zone {

// Thread-compatible.
class RecordLog {
 public:
  struct Line {
    std::uint64_t key = 0;  // of owner and type
    std::uint32_t ttl_s = 0;
    std::uint32_t line = 0;
    std::uint16_t column = 0;
    std::uint16_t file = 0;  // index, see add_file()
    dns::RrType type = dns::RrType::kA;
  };

  static std::uint64_t key(Octets lower_owner, dns::RrType type) noexcept;

  std::uint16_t add_file(const std::string& path);
  const std::string& file(std::uint16_t index) const { return files_[index]; }
  std::size_t file_count() const noexcept { return files_.size(); }
  void add(const Line& line) { lines_.push_back(line); }
  const std::deque<Line>& lines() const noexcept { return lines_; }

  Location at(const Line& line) const { return {files_[line.file], line.line, line.column}; }
  // The `nth` record (from 0) of that owner and type; the last one when there are fewer, the
  // first file without a line when there is none.  O(records): ask only to report a problem.
  Location find(Octets lower_owner, dns::RrType type, std::size_t nth = 0) const;

 private:
  std::vector<std::string> files_;
  std::deque<Line> lines_;  // never moved: there may be millions
};

}  // namespace gslb::zone
