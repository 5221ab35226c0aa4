#include "gslb/dnssec/parent_ds.h"

#include <algorithm>

namespace gslb::dnssec {
namespace {

std::vector<KeyState> states_of(const ZoneKeys& keys) {
  std::vector<KeyState> states;
  for (const ZoneKey& key : keys) { states.push_back(key.state); }
  return states;
}

// Of that tag and algorithm, whatever digest.
bool names_key(const Buffer& ds, const KeyState& key) {
  return ds.size() > 4 && load_u16(ds.data()) == key.tag && ds[2] == key.algorithm;
}

bool is_ds_of(const Buffer& ds, const SigningKey& key) {
  return ds == key.ds_rdata(DigestType::kSha256) || ds == key.ds_rdata(DigestType::kSha384);
}

}  // namespace

std::optional<AwaitedDs> awaited_ds(const ZoneKeys& keys) {
  // Most zones at most times: asked of every zone again and again.
  if (std::ranges::none_of(keys, [](const ZoneKey& key) {
        return key.state.ds.is(Presence::kRumoured) || key.state.ds.is(Presence::kUnretentive);
      })) {
    return std::nullopt;
  }
  for (const ZoneKey& key : keys) {
    auto states = states_of(keys);  // asked what a report would do
    if (key.state.wanted && report_ds_seen(states, key.state.tag, KeyTime{}) == DsReport::kTaken) {
      return AwaitedDs{key.state.tag};
    }
  }
  auto states = states_of(keys);
  if (report_ds_gone(states, KeyTime{}) == DsReport::kTaken) { return AwaitedDs{}; }
  return std::nullopt;
}

bool shows(const ZoneKeys& keys, const AwaitedDs& awaited, const std::vector<Buffer>& shown) {
  if (!awaited.tag) { return shown.empty(); }
  bool has_new = false;
  for (const ZoneKey& key : keys) {
    const bool is_new = key.state.tag == *awaited.tag;
    for (const Buffer& ds : shown) {
      has_new = has_new || (is_new && is_ds_of(ds, *key.file.key));
      const bool must_go = key.state.ds.is(Presence::kUnretentive);
      if (!is_new && must_go && names_key(ds, key.state)) { return false; }
    }
  }
  return has_new;
}

}  // namespace gslb::dnssec
