// Entries of a zone file → records: owners, TTLs, classes, and the $ directives.
//
// Source: RFC 1035 5.1, RFC 2308 4 ($TTL), RFC 2181 8 (TTL range), BIND's $GENERATE.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gslb/base/problem.h"
#include "gslb/dns/name.h"
#include "gslb/zone/record_log.h"
#include "gslb/zone/scanner.h"
#include "gslb/zone/zone.h"

namespace gslb::zone {

struct ReadLimits {
  bool may_include = true;
  std::uint64_t max_generated = 4'000'000;  // records from $GENERATE, in all
};

// Reads one zone.  Thread-compatible; borrows all it is given.
class ZoneReader {
 public:
  ZoneReader(const dns::Name& apex, const ReadLimits& limits, ZoneBuilder& builder, RecordLog& log,
             Problems& problems);

  // Adds every good record to the builder and the log; each bad one is a problem.  `text` is what
  // `path` holds; $INCLUDE reads the file system.
  void read(const std::string& path, std::string_view text);

  bool has_soa() const noexcept { return has_soa_; }

 private:
  void directive(const Entry& entry);
  void set_origin(const Entry& entry);
  void set_ttl(const Entry& entry);
  void include(const Entry& entry);
  void generate(const Entry& entry);
  void record(std::span<const Word> words, bool starts_blank);
  bool take_owner(const Word& word);
  // Moves `at` past TTL and class; false when one of them is wrong.
  bool take_ttl_and_class(std::span<const Word> words, std::size_t& at,
                          std::optional<std::uint32_t>& ttl_s);
  std::optional<std::uint32_t> ttl_of(const Word& word);
  std::optional<std::uint32_t> implied_ttl(const Word& at, dns::RrType type);
  void keep(const Word& at, dns::RrType type, std::uint32_t ttl_s);

  void error(const Word& at, std::string what, std::string hint = {});
  void warning(const Word& at, std::string what, std::string hint = {});
  Location place(const Word& at) const;

  const dns::Name apex_;
  const ReadLimits limits_;
  ZoneBuilder& builder_;
  RecordLog& log_;
  Problems& problems_;

  dns::Name origin_;
  std::optional<dns::Name> owner_;  // of the last record
  bool owner_failed_ = false;       // ... could not be read: records that lean on it are skipped
  std::optional<std::uint32_t> default_ttl_s_;
  std::optional<std::uint32_t> last_ttl_s_;
  bool warned_of_ttl_ = false;
  bool has_soa_ = false;
  bool stopped_ = false;
  std::size_t errors_ = 0;
  std::uint16_t file_ = 0;
  int depth_ = 0;
  std::uint64_t generated_ = 0;
  std::uint64_t stored_octets_ = 0;
  std::vector<std::uint8_t> rdata_;  // of the record being read
};

}  // namespace gslb::zone
