#include "gslb/dnssec/key_directory.h"

#include <algorithm>
#include <filesystem>

#include "gslb/base/file.h"
#include "gslb/dnssec/key_file.h"
#include "gslb/dnssec/key_text.h"

namespace gslb::dnssec {

KeyDirectory::KeyDirectory(std::string path) : path_(std::move(path)) {
  namespace fs = std::filesystem;
  fs::directory_iterator entries(path_, failure_);
  std::error_code end;
  for (; !failure_ && !end && entries != fs::directory_iterator(); entries.increment(end)) {
    std::string name = entries->path().filename().string();
    if (!name.starts_with('K')) { continue; }
    if (name.ends_with(kPublicSuffix)) { add_public(entries->path().string()); }
    const std::size_t plus = name.find('+');
    if (!name.ends_with(kStateSuffix) || plus == std::string::npos) { continue; }
    std::string owner = name.substr(1, plus - 1);
    states_[std::move(owner)].push_back(std::move(name));
  }
}

void KeyDirectory::add_public(std::string file) {
  const auto text = read_file(file, kMaxKeyFile);
  Problems ignored;
  const auto record = text ? parse_key_record({file, *text}, ignored) : std::nullopt;
  Files& files = record ? public_[record->owner.lower().to_string()] : nobodys_;
  files.push_back(std::move(file));
}

std::vector<std::string> KeyDirectory::public_files(const dns::Name& zone) const {
  Files files = nobodys_;
  const auto own = public_.find(zone.lower().to_string());
  if (own != public_.end()) { files.insert(files.end(), own->second.begin(), own->second.end()); }
  std::ranges::sort(files);  // problems in the same order every time
  return files;
}

std::vector<std::string> KeyDirectory::state_files(const dns::Name& zone) const {
  const auto own = states_.find(zone.lower().to_string());
  return own == states_.end() ? Files() : own->second;
}

}  // namespace gslb::dnssec
