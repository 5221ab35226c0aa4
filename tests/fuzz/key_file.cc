// Any two texts, split at the first 0 octet, as the halves of a key: refused with a problem, or a
// key that survives being written.
#include "gslb/dnssec/key_file.h"

#include <cstdint>
#include <string_view>

#include "gslb/base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace gslb::dnssec;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t split = std::min(text.find('\0'), size);
  const std::string_view public_half = text.substr(0, split);
  const std::string_view private_half = text.substr(std::min(split + 1, size));
  gslb::Problems problems;
  const auto key = parse_key_file({"K.key", public_half}, {"K.private", private_half}, problems);
  CHECK(key.has_value() != problems.has_errors());
  if (!key) { return 0; }
  const std::string again_public = public_text(*key);
  const std::string again_private = private_text(*key);
  const auto again =
      parse_key_file({"K.key", again_public}, {"K.private", again_private}, problems);
  CHECK(again.has_value() && again->times == key->times);
  CHECK(again->key->tag() == key->key->tag());
  return 0;
}
