#include "edge/report/admin.h"

namespace edge::report {

// Takes the same time wherever the difference is.
bool is_authorised(std::string_view authorization, std::string_view token) {
  constexpr std::string_view kScheme = "Bearer ";
  if (token.empty()) { return true; }
  if (authorization.size() != kScheme.size() + token.size()) { return false; }
  unsigned difference = authorization.starts_with(kScheme) ? 0 : 1;
  authorization.remove_prefix(kScheme.size());
  for (std::size_t i = 0; i < token.size(); ++i) {
    difference |= static_cast<unsigned>(static_cast<unsigned char>(authorization[i]) ^
                                        static_cast<unsigned char>(token[i]));
  }
  return difference == 0;
}

}  // namespace edge::report
