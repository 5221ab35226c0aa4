// What lies in a directory of key files, and whose it is.
//
// Why: one directory serves as many zones as are signed.  Looked through anew for each of them, ten
// thousand zones would have a hundred million files read.
#pragma once

#include <memory>
#include <string>
#include <system_error>
#include <unordered_map>
#include <vector>

#include "gslb/dns/name.h"

namespace gslb::dnssec {

// Immutable; thread-safe.  As the directory was when it was made.
class KeyDirectory {
 public:
  // Lists `path` and reads every public half in it.
  explicit KeyDirectory(std::string path);

  const std::string& path() const noexcept { return path_; }
  // Why it could not be listed; no_such_file_or_directory: there is none.
  const std::error_code& failure() const noexcept { return failure_; }
  // Paths of the .key files that hold a key of `zone`, whatever they are called, and of those that
  // don't say whose they are.  Sorted.
  std::vector<std::string> public_files(const dns::Name& zone) const;
  // Names of the .state files that are called after `zone`.
  std::vector<std::string> state_files(const dns::Name& zone) const;

 private:
  using Files = std::vector<std::string>;

  void add_public(std::string file);

  std::string path_;
  std::error_code failure_;
  std::unordered_map<std::string, Files> public_;  // by owner, lower case
  std::unordered_map<std::string, Files> states_;  // the same
  Files nobodys_;                                  // unreadable, or no key
};

// Each directory as it was when first asked for.  Thread-compatible.
class KeyDirectories {
 public:
  std::shared_ptr<const KeyDirectory> of(const std::string& path) {
    auto& known = by_path_[path];
    if (!known) { known = std::make_shared<const KeyDirectory>(path); }
    return known;
  }

 private:
  std::unordered_map<std::string, std::shared_ptr<const KeyDirectory>> by_path_;
};

}  // namespace gslb::dnssec
