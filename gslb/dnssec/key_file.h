// Key files in the form of BIND and ldns: Kname.+013+12345.key (the DNSKEY record) and .private.
//
// Source: BIND 9's dst_parse.c and lib/dns/dst_api.c (private key format v1.3 with timing
// metadata), ldns's keys.c (v1.2, without), RFC 4034 2.2 (DNSKEY in text).
//
// Why this form: dnssec-signzone, ldns-signzone, knot (keymgr import) and PowerDNS read and write
// it, so keys move in and out without tools of ours.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gslb/base/clock.h"
#include "gslb/base/problem.h"
#include "gslb/dnssec/key.h"
#include "gslb/dnssec/key_directory.h"

namespace gslb::dnssec {

inline constexpr std::string_view kPublicSuffix = ".key";
inline constexpr std::string_view kPrivateSuffix = ".private";
inline constexpr std::string_view kStateSuffix = ".state";
inline constexpr std::size_t kMaxKeyFile = 64 * 1024;  // octets

// BIND's timing metadata, to the second, of the years 1970 to 2199.
struct KeyTimes {
  std::optional<WallTime> created, publish, activate, revoke, inactive;
  std::optional<WallTime> remove;        // "Delete"
  std::optional<WallTime> sync_publish;  // CDS and CDNSKEY appear
  std::optional<WallTime> sync_delete;   // ... and go
  friend bool operator==(const KeyTimes&, const KeyTimes&) = default;
};

struct KeyFile {
  std::shared_ptr<const SigningKey> key;
  KeyTimes times;
  // Lines of the .private file we have no use for ("Predecessor", "12345"), kept as they are.
  std::vector<std::pair<std::string, std::string>> other;
};

// "Kexample.+013+12345"; octets that are no letter, digit, "-", "_" or "." are written as %XX.
std::string key_file_name(const SigningKey& key);

// The two texts of a key; null with errors in `problems` (file:line) when they are not a key we
// can sign with.  No I/O.
struct KeyText {
  std::string file;  // for problems
  std::string_view text;
};
std::optional<KeyFile> parse_key_file(const KeyText& public_half, const KeyText& private_half,
                                      Problems& problems);
std::string public_text(const KeyFile& key);   // the .key file
std::string private_text(const KeyFile& key);  // the .private file

// `path` with or without ".key" or ".private".
std::optional<KeyFile> read_key_file(std::string_view path, Problems& problems);
// Every key of a zone in a directory, ordered by tag.  A .key without a .private is left out with
// a warning; a file that is no key is an error.
std::vector<KeyFile> read_key_directory(const KeyDirectory& directory, const dns::Name& zone,
                                        Problems& problems);
// Writes or replaces both halves, each as one step, the private one (mode 0600) first.  False with
// an error in `problems` on failure.
bool write_key_file(const std::string& directory, const KeyFile& key, Problems& problems);

}  // namespace gslb::dnssec
