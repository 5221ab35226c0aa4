// The keys of a zone with their states, in a directory: Kname.+013+12345.key, .private and .state.
//
// Source: BIND 9's dst_api.c (the form of .state files), RFC 7583 3 (what timing metadata mean).
//
// Why BIND's .state: it holds just what the machine needs, operators can read it, and keys with
// their states move between both servers.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gslb/base/problem.h"
#include "gslb/dnssec/key_file.h"
#include "gslb/dnssec/rollover.h"

namespace gslb::dnssec {

struct ZoneKey {
  KeyFile file;
  KeyState state;
};
using ZoneKeys = std::vector<ZoneKey>;

std::string_view to_string(KeyRole role) noexcept;       // "CSK"
std::string_view to_string(Presence presence) noexcept;  // "omnipresent"

std::string state_text(const ZoneKey& key);
// Takes over what `text` says; false when it isn't the state of that key.  Unknown lines are
// skipped.
bool parse_state(std::string_view text, KeyState& into);

// Every key of `zone` in a directory.  A key without a .state file gets one from its timing
// metadata when no key of the zone has one (keys taken over from elsewhere: those that are active
// are in use), otherwise it is a spare.  Errors: the directory or a file can't be read or is
// malformed, or a key in use has no private half.  No directory: no keys.
ZoneKeys load_keys(const KeyDirectory& directory, const dns::Name& zone,
                   const RolloverPolicy& policy, KeyTime now, Problems& problems);

// What the key is to be, for make_key().
struct NewKey {
  KeyRole role = KeyRole::kCsk;
  Algorithm algorithm = Algorithm::kEcdsaP256Sha256;
  int rsa_bits = 2048;
};
// A fresh spare in `directory` (made when absent), with a tag that none of `others` has.  nullopt
// with an error in `problems` when it can't be written.
std::optional<ZoneKey> make_key(const std::string& directory, const dns::Name& zone,
                                const NewKey& wanted, KeyTime now, const ZoneKeys& others,
                                Problems& problems);

// When nothing of the key was left anywhere; nullopt: it is not gone.
std::optional<KeyTime> gone_since(const KeyState& key);
// Removes the files of a key that is gone.  False with an error in `problems`.
bool remove_key(const std::string& directory, const ZoneKey& key, Problems& problems);

// Writes the .state files.  False with an error in `problems`.
bool save_states(const std::string& directory, const ZoneKeys& keys, Problems& problems);

}  // namespace gslb::dnssec
