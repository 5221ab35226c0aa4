// Any octets as a signed request and as a message of a signed stream: nothing unsigned passes.
#include "gslb/transfer/tsig.h"

#include <cstdint>
#include <vector>

#include "gslb/base/check.h"

namespace {

using namespace gslb;
using namespace gslb::transfer;

const Keyring& keyring() {
  static const Keyring keys = [] {
    Problems problems;
    return Keyring({{{"key.example.", {}}, config::TsigAlgorithm::kHmacSha256, "0123456789abcdef"}},
                   problems);
  }();
  return keys;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const WallTime now{std::chrono::seconds(1'700'000'000)};
  std::vector<std::uint8_t> message(data, data + size);
  const SignedRequest request = check_request(message, keyring(), now);
  CHECK(request.size <= size);
  if (request.good()) { CHECK(request.key != nullptr && request.size < size); }
  if (request.size >= 12) {
    message.resize(request.size);
    std::vector<std::uint8_t> response = message;
    response.resize(request.size + error_room(request));
    const std::size_t written = sign_error(request, response, request.size, now);
    CHECK(written >= request.size && written <= response.size());
  }

  message.assign(data, data + size);
  const TsigKey& key = *keyring().find(*dns::Name::parse("key.example."));
  TsigVerifier verifier(key, Mac{});
  const auto checked = verifier.check(message, now);
  if (checked) { CHECK(*checked < size && verifier.is_settled()); }
  return 0;
}
