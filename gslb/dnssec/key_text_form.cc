#include "gslb/dnssec/key_text_form.h"

#include <algorithm>
#include <array>
#include <cstdio>

namespace gslb::dnssec {

std::string_view use_of(const KeyState& state) noexcept {
  if (state.is_gone()) { return "retired"; }
  if (!state.introduced) { return "spare"; }
  if (!state.wanted) { return "retiring"; }
  const bool works = signs_zone(state.role) ? state.zrrsig.is_served() : state.dnskey.is_served();
  return works ? "active" : "published";
}

std::optional<KeyRole> parse_role(std::string_view text) {
  constexpr std::array<std::string_view, 3> kWords = {"csk", "ksk", "zsk"};
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') { c = static_cast<char>(c - 'A' + 'a'); }
  }
  const auto* const found = std::find(kWords.begin(), kWords.end(), lower);
  if (found == kWords.end()) { return std::nullopt; }
  return static_cast<KeyRole>(found - kWords.begin());
}

std::string ds_text(const SigningKey& key) {
  const Buffer rdata = key.ds_rdata(DigestType::kSha256);
  std::string text = key.owner().to_string() + " IN DS " + std::to_string(key.tag()) + " " +
                     std::to_string(static_cast<unsigned>(key.algorithm())) + " 2 ";
  std::array<char, 3> hex{};
  for (std::size_t i = 4; i < rdata.size(); ++i) {
    std::snprintf(hex.data(), hex.size(), "%02X", rdata[i]);
    text += hex.data();
  }
  return text;
}

std::string operator_task(const std::vector<KeyState>& keys) {
  std::string task;
  for (const KeyState& key : keys) {
    if (key.wanted && key.ds.is(Presence::kRumoured) && !key.ds_seen) {
      task = "give the DS of " + std::to_string(key.tag) +
             " to the parent, no other; then: proximactl keys ds-seen ZONE " +
             std::to_string(key.tag);
    }
  }
  const bool leaves = std::ranges::any_of(
      keys, [](const KeyState& key) { return key.ds.is(Presence::kUnretentive) && !key.ds_gone; });
  const bool has_ds =
      std::ranges::any_of(keys, [](const KeyState& key) { return key.ds.is_served(); });
  if (leaves && !has_ds) {
    task = "have the parent remove the DS; then: proximactl keys ds-seen ZONE none";
  }
  return task;
}

}  // namespace gslb::dnssec
