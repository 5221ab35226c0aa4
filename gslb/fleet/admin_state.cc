#include "gslb/fleet/admin_state.h"

#include <fnmatch.h>

namespace gslb::fleet {

std::string_view to_string(AdminState state) noexcept {
  switch (state) {
    case AdminState::kNone:
      return "none";
    case AdminState::kDrain:
      return "drain";
    case AdminState::kDown:
      return "down";
    case AdminState::kUp:
      return "up";
  }
  return "none";
}

std::optional<AdminState> parse_admin_state(std::string_view text) noexcept {
  for (const AdminState state :
       {AdminState::kNone, AdminState::kDrain, AdminState::kDown, AdminState::kUp}) {
    if (to_string(state) == text) { return state; }
  }
  return std::nullopt;
}

bool glob_matches(const std::string& glob, const std::string& id) {
  return fnmatch(glob.c_str(), id.c_str(), FNM_PATHNAME | FNM_NOESCAPE) == 0;
}

}  // namespace gslb::fleet
