// A TSIG key as BIND's and Knot's tools write it.  Internal to gslb/config.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace gslb::config {

// Empty members: not in the file.
struct KeyFile {
  std::string name;
  std::string algorithm;
  std::string secret;  // base64
};

// What `tsig-keygen` (`key "x." { algorithm hmac-sha256; secret "…"; };`), `keymgr -t` (`key:`,
// `- id: x.`, `algorithm: …`, `secret: …`) or nothing but base64 says.  nullopt: none of these, or
// more than one key.
std::optional<KeyFile> parse_key_file(std::string_view text);

}  // namespace gslb::config
