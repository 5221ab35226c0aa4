// Everything in edge/http that reads octets from the net: heads, framing, bodies, Cache-Control,
// dates, entity tags, ranges.
#include <cstdint>
#include <cstdlib>

#include "edge/cache/policy.h"
#include "edge/http/body_decoder.h"
#include "edge/http/date.h"
#include "edge/http/validator.h"

namespace {

using namespace edge;  // NOLINT(google-build-using-namespace): a program of its own

// The decoder must give the same whether fed at once or in two pieces.
void check_decoder(std::string_view octets) {
  std::string whole;
  std::string split;
  http::BodyDecoder once(http::Framing{http::BodyKind::kChunked, 0});
  http::BodyDecoder twice(http::Framing{http::BodyKind::kChunked, 0});
  const auto used = once.feed(octets, whole);
  const std::string_view front = octets.substr(0, octets.size() / 2);
  auto first = twice.feed(front, split);
  if (first && *first == front.size()) { first = twice.feed(octets.substr(front.size()), split); }
  if (used.has_value() != first.has_value() || (used && whole != split)) { std::abort(); }
}

void check_request(std::string_view octets) {
  const auto head = http::parse_request_head(octets);
  if (!head) { return; }
  const auto framing = http::request_framing(*head);
  const cache::RequestRules rules = cache::request_rules(*head);
  http::not_modified(head->fields, head->fields, {});
  http::decide_range(head->fields, head->fields, 100, {});
  // What we would send on must read back as the same request.
  std::size_t from = 0;
  std::size_t end = 0;
  const std::string written = http::write_request_head(*head);
  if (http::scan_head(written, from, end) != http::HeadScan::kDone || end != written.size()) {
    std::abort();
  }
  (void)framing, (void)rules;
}

void check_response(std::string_view octets) {
  auto head = http::parse_response_head(octets);
  if (!head) { return; }
  const cache::Exchange moments{};
  const cache::Freshness freshness = cache::freshness_of(*head, moments, {});
  if (freshness.lifetime_s < 0 || freshness.initial_age_s < 0) { std::abort(); }
  cache::is_storable({}, *head, moments, {});
  (void)http::response_framing(*head, "GET");
  cache::strip_for_storage(*head);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view octets(reinterpret_cast<const char*>(data), size);
  http::parse_cache_control(octets);
  http::parse_targeted_cache_control(octets);
  http::parse_date(octets, {});
  http::parse_entity_tag(octets);
  check_decoder(octets);
  std::size_t from = 0;
  std::size_t end = 0;
  if (http::scan_head(octets, from, end) == http::HeadScan::kDone) {
    check_request(octets.substr(0, end));
    check_response(octets.substr(0, end));
  }
  return 0;
}
