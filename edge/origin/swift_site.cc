#include "edge/origin/swift_site.h"

#include <algorithm>

namespace edge::origin {
namespace {

constexpr std::size_t kMaxName = 256;  // of a container, as Swift has it

bool is_true(std::string_view text) {
  const std::string lower = http::to_lower(text);
  return lower == "true" || lower == "1" || lower == "yes" || lower == "on" || lower == "t" ||
         lower == "y";
}

std::string value_of(const http::ResponseHead& head, std::string_view name) {
  const std::string* value = head.fields.find(name);
  return value == nullptr ? "" : std::string(http::trim(*value));
}

// "http://Www.Example.com:80/x" → "www.example.com"; "unknown" where there is none, as Swift says.
std::string host_of(std::string_view referer) {
  const std::size_t scheme = referer.find("://");
  if (scheme == referer.npos) { return "unknown"; }
  std::string_view rest = referer.substr(scheme + 3);
  rest = rest.substr(0, rest.find_first_of("/?#"));
  rest = rest.substr(rest.rfind('@') == rest.npos ? 0 : rest.rfind('@') + 1);
  if (rest.starts_with('[')) {
    rest = rest.substr(1, rest.find(']') - 1);
  } else {
    rest = rest.substr(0, rest.find(':'));
  }
  return rest.empty() ? "unknown" : http::to_lower(rest);
}

bool names(std::string_view rule, std::string_view host) {
  return rule == host || (rule.starts_with('.') && host.ends_with(rule));
}

// "auth-test" and "test" → "AUTH_test" with the prefix "AUTH_": host names have no '_' and no case.
std::string account_of(const config::Swift& swift, std::string_view label) {
  std::string account(label);
  if (swift.account_prefix.empty()) { return account; }
  const std::size_t dash = account.find('-');
  if (dash != account.npos && account.find('_') == account.npos) { account[dash] = '_'; }
  const std::size_t length = swift.account_prefix.size();
  const bool has = http::equals_ignoring_case(account.substr(0, length), swift.account_prefix);
  return swift.account_prefix + (has ? account.substr(length) : account);
}

}  // namespace

std::string SwiftPlace::path() const { return "/v1/" + account + "/" + container; }

std::optional<SwiftPlace> swift_place(const config::Swift& swift, std::string_view host) {
  host = config::without_port(host);
  const std::string suffix = "." + swift.domain;
  if (!host.ends_with(suffix)) { return std::nullopt; }
  host.remove_suffix(suffix.size());
  const std::size_t dot = host.rfind('.');
  if (dot == host.npos || dot == 0 || dot + 1 == host.size() || dot > kMaxName) {
    return std::nullopt;
  }
  const std::string_view container = host.substr(0, dot);
  // Empty labels would be empty segments of the path, which is another resource.
  if (container.find("..") != container.npos || container.starts_with('.') ||
      container.ends_with('.')) {
    return std::nullopt;
  }
  return SwiftPlace{account_of(swift, host.substr(dot + 1)), std::string(container)};
}

SwiftContainer swift_container(const http::ResponseHead& head, std::string_view ttl_field) {
  SwiftContainer container;
  container.status = head.status;
  if (!container.exists()) { return container; }
  container.read_acl = value_of(head, "X-Container-Read");
  container.index = value_of(head, "X-Container-Meta-Web-Index");
  container.error = value_of(head, "X-Container-Meta-Web-Error");
  const std::string listings = value_of(head, "X-Container-Meta-Web-Listings");
  container.has_listings = !listings.empty();
  container.listings = is_true(listings);
  container.listings_label = value_of(head, "X-Container-Meta-Web-Listings-Label");
  container.listings_css = value_of(head, "X-Container-Meta-Web-Listings-Css");
  if (std::string type = value_of(head, "X-Container-Meta-Web-Directory-Type"); !type.empty()) {
    container.directory_type = std::move(type);
  }
  if (const auto ttl = http::parse_number(value_of(head, ttl_field))) {
    container.ttl_s = static_cast<std::int64_t>(std::min<std::uint64_t>(*ttl, 365 * 86'400));
  }
  return container;
}

SwiftAccess swift_access(std::string_view acl, std::string_view referer) {
  const std::string host = host_of(referer);
  SwiftAccess access;
  bool has_listings = false;
  while (const auto element = http::next_element(acl)) {
    std::string_view rule = *element;
    if (rule == ".rlistings") { has_listings = true; }
    if (!rule.starts_with(".r:")) { continue; }
    rule = http::trim(rule.substr(3));
    // Later rules go before earlier ones.
    if (rule.starts_with('-')) {
      if (names(rule.substr(1), host)) { access.objects = false; }
    } else if (rule == "*" || names(rule, host)) {
      access.objects = true;
    }
  }
  access.listing = access.objects && has_listings;
  return access;
}

}  // namespace edge::origin
