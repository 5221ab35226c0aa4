#include "edge/http/cookie.h"

namespace edge::http {

std::string_view cookies_of(const Fields& request) noexcept {
  const std::string* field = request.find("Cookie");
  return field == nullptr ? std::string_view() : *field;
}

std::optional<Cookie> next_cookie(std::string_view& rest) noexcept {
  if (rest.empty()) { return std::nullopt; }
  const std::size_t end = rest.find(';');
  const std::string_view pair = trim(rest.substr(0, end));
  rest = end == rest.npos ? std::string_view() : rest.substr(end + 1);
  const std::size_t mark = pair.find('=');
  if (mark == pair.npos) { return Cookie{pair, {}}; }
  return Cookie{pair.substr(0, mark), pair.substr(mark + 1)};
}

}  // namespace edge::http
