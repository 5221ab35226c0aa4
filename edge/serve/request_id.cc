#include "edge/serve/request_id.h"

#include <algorithm>

#include "gslb/base/entropy.h"
#include "gslb/base/random.h"
#include "gslb/base/units.h"

namespace edge::serve {
namespace {

constexpr std::string_view kMarks = "-_.:+/=";

bool is_id(std::string_view text) {
  constexpr std::size_t kMost = 128;
  return !text.empty() && text.size() <= kMost && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           kMarks.find(c) != kMarks.npos;
  });
}

}  // namespace

void settle_request_id(http::RequestHead& request, bool wanted) {
  const std::string* const given = request.fields.find(kRequestIdField);
  if (given != nullptr && request.fields.count(kRequestIdField) == 1 && is_id(*given)) { return; }
  if (given != nullptr) { request.fields.remove(kRequestIdField); }
  if (!wanted) { return; }
  // Unlike others is all it has to be; nobody is kept from guessing it.
  static thread_local gslb::Random random(gslb::random_seed());
  request.fields.add(std::string(kRequestIdField),
                     gslb::format_hex(random.next()) + gslb::format_hex(random.next()));
}

}  // namespace edge::serve
