// Keys in words: what lists and commands show.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gslb/dnssec/key.h"
#include "gslb/dnssec/rollover.h"

namespace gslb::dnssec {

// "spare", "published", "active", "retiring", "retired".
std::string_view use_of(const KeyState& state) noexcept;

// "csk", "ksk" or "zsk", in any case.
std::optional<KeyRole> parse_role(std::string_view text);

// "example. IN DS 12345 13 2 0123…": SHA-256 (RFC 8624 3.3).
std::string ds_text(const SigningKey& key);

// What the operator has to do for the rollover to go on; "" : nothing.
std::string operator_task(const std::vector<KeyState>& keys);

}  // namespace gslb::dnssec
