#include "edge/http/message.h"

#include <algorithm>
#include <cctype>
#include <optional>

namespace edge::http {
namespace {

// Of a browser's request.
constexpr std::size_t kUsualFields = 16;

bool is_field_value(std::string_view text) noexcept {
  return std::all_of(text.begin(), text.end(), [](char c) {
    const auto octet = static_cast<unsigned char>(c);
    return octet == '\t' || (octet >= ' ' && octet != 0x7f);
  });
}

bool is_visible_ascii(std::string_view text) noexcept {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

// Takes one line off the front, without its CRLF.  REQUIRES: scan_head accepted the text.
std::string_view take_line(std::string_view& rest) noexcept {
  const std::size_t end = rest.find("\r\n");
  const std::string_view line = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 2);
  return line;
}

gslb::Result<void, HeadError> parse_fields(std::string_view rest, Fields& fields) {
  while (true) {
    const std::string_view line = take_line(rest);
    if (line.empty()) { return {}; }
    if (line.front() == ' ' || line.front() == '\t') {
      return gslb::Unexpected(HeadError::kFolded);
    }
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || !is_token(line.substr(0, colon))) {
      return gslb::Unexpected(HeadError::kField);
    }
    const std::string_view value = trim(line.substr(colon + 1));
    if (!is_field_value(value)) { return gslb::Unexpected(HeadError::kField); }
    if (fields.list().size() == kMaxFields) { return gslb::Unexpected(HeadError::kTooManyFields); }
    fields.add(std::string(line.substr(0, colon)), std::string(value));
  }
}

std::optional<int> parse_version(std::string_view text) noexcept {
  if (text == "HTTP/1.1") { return 1; }
  if (text == "HTTP/1.0") { return 0; }
  return std::nullopt;
}

// reg-name, IPv4 or bracketed IPv6 with an optional port; no userinfo.
bool is_host(std::string_view text) noexcept {
  std::string_view name = text;
  std::string_view port;
  const std::size_t bracket = text.rfind(']');
  const std::size_t colon = text.rfind(':');
  if (colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket)) {
    name = text.substr(0, colon);
    port = text.substr(colon + 1);
    if (port.size() > 5 || (!port.empty() && !parse_number(port))) { return false; }
  }
  if (name.empty() || name.size() > 255) { return false; }
  if (name.front() == '[') {
    return name.back() == ']' && name.size() > 3 &&
           std::all_of(name.begin() + 1, name.end() - 1, [](char c) {
             return std::isxdigit(static_cast<unsigned char>(c)) != 0 || c == ':' || c == '.';
           });
  }
  return std::all_of(name.begin(), name.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '.' || c == '_';
  });
}

std::string normal_host(std::string_view text) {
  std::string host = to_lower(text);
  if (host.ends_with(":80")) {
    host.resize(host.size() - 3);
  } else if (host.ends_with(':')) {
    host.pop_back();
  }
  if (host.size() > 1 && host.back() == '.') { host.pop_back(); }
  return host;
}

// Splits absolute-form into authority and origin-form; origin-form and "*" stay.  False: neither.
bool split_target(RequestHead& head, std::string& authority) {
  std::string& target = head.target;
  if (target.find('#') != std::string::npos) { return false; }
  if (target.front() == '/') { return true; }
  if (target == "*") { return head.method == "OPTIONS"; }
  const std::size_t scheme_end = target.find("://");
  if (scheme_end == std::string::npos) { return false; }
  const std::string scheme = to_lower(target.substr(0, scheme_end));
  if (scheme != "http" && scheme != "https") { return false; }
  const std::size_t start = scheme_end + 3;
  const std::size_t end = std::min(target.find_first_of("/?", start), target.size());
  authority = target.substr(start, end - start);
  if (authority.empty()) { return false; }
  std::string path = target.substr(end);
  if (path.empty() || path.front() != '/') { path.insert(0, "/"); }
  target = std::move(path);
  return true;
}

gslb::Result<void, HeadError> settle_host(RequestHead& head) {
  std::string authority;
  if (!split_target(head, authority)) { return gslb::Unexpected(HeadError::kTarget); }
  const std::size_t hosts = head.fields.count("Host");
  if (hosts > 1 || (hosts == 0 && head.minor == 1)) { return gslb::Unexpected(HeadError::kHost); }
  const std::string* named = head.fields.find("Host");
  if (named != nullptr && !is_host(*named)) { return gslb::Unexpected(HeadError::kHost); }
  // RFC 9112 3.2.2: the target's authority wins over Host.
  if (authority.empty() && named != nullptr) { authority = *named; }
  if (!is_host(authority)) { return gslb::Unexpected(HeadError::kHost); }
  head.host = normal_host(authority);
  return {};
}

// Content-Length as one number: several equal ones are one (RFC 9110 8.6).
gslb::Result<std::optional<std::uint64_t>, HeadError> content_length(const Fields& fields) {
  if (!fields.has("Content-Length")) { return std::optional<std::uint64_t>{}; }
  const std::string joined = fields.joined("Content-Length");
  std::optional<std::uint64_t> length;
  std::string_view rest = joined;
  while (const auto element = next_element(rest)) {
    const auto number = parse_number(*element);
    if (!number || (length && *length != *number)) {
      return gslb::Unexpected(HeadError::kContentLength);
    }
    length = number;
  }
  if (!length) { return gslb::Unexpected(HeadError::kContentLength); }
  return length;
}

// True for exactly one "chunked"; an error for every other Transfer-Encoding, for one beside
// Content-Length (RFC 9112 6.1) and for one in HTTP/1.0 (6.1 last paragraph).
gslb::Result<bool, HeadError> is_chunked(const Fields& fields, int minor) {
  if (!fields.has("Transfer-Encoding")) { return false; }
  if (minor == 0 || fields.has("Content-Length") ||
      !equals_ignoring_case(trim(fields.joined("Transfer-Encoding")), "chunked")) {
    return gslb::Unexpected(HeadError::kTransferCoding);
  }
  return true;
}

}  // namespace

HeadScan scan_head(std::string_view octets, std::size_t& from, std::size_t& end) noexcept {
  for (; from < octets.size(); ++from) {
    const char c = octets[from];
    if (c == '\r') {
      if (from + 1 == octets.size()) { return HeadScan::kMore; }
      if (octets[from + 1] != '\n') { return HeadScan::kBadLineEnding; }
    } else if (c == '\n') {
      if (from == 0 || octets[from - 1] != '\r') { return HeadScan::kBadLineEnding; }
      if (from >= 3 && octets[from - 2] == '\n') {
        end = from + 1;
        return HeadScan::kDone;
      }
    }
  }
  return HeadScan::kMore;
}

gslb::Result<RequestHead, HeadError> parse_request_head(std::string_view octets) {
  RequestHead head;
  const std::string_view line = take_line(octets);
  const std::size_t first = line.find(' ');
  const std::size_t last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) {
    return gslb::Unexpected(HeadError::kStartLine);
  }
  head.method = line.substr(0, first);
  head.target = line.substr(first + 1, last - first - 1);
  if (!is_token(head.method) || head.target.empty() || !is_visible_ascii(head.target)) {
    return gslb::Unexpected(HeadError::kStartLine);
  }
  const auto minor = parse_version(line.substr(last + 1));
  if (!minor) { return gslb::Unexpected(HeadError::kVersion); }
  head.minor = *minor;
  head.fields.list().reserve(kUsualFields);
  if (const auto fields = parse_fields(octets, head.fields); !fields) {
    return gslb::Unexpected(fields.error());
  }
  if (const auto host = settle_host(head); !host) { return gslb::Unexpected(host.error()); }
  return head;
}

gslb::Result<ResponseHead, HeadError> parse_response_head(std::string_view octets) {
  ResponseHead head;
  const std::string_view line = take_line(octets);
  // "HTTP/1.1 200 OK"; the space after the code may be missing (RFC 9112 4).
  if (line.size() < 12 || line[8] != ' ' || (line.size() > 12 && line[12] != ' ')) {
    return gslb::Unexpected(HeadError::kStartLine);
  }
  const auto minor = parse_version(line.substr(0, 8));
  if (!minor) { return gslb::Unexpected(HeadError::kVersion); }
  const auto status = parse_number(line.substr(9, 3));
  if (!status || *status < 100 || *status > 599) { return gslb::Unexpected(HeadError::kStartLine); }
  head.minor = *minor;
  head.status = static_cast<int>(*status);
  head.reason = line.size() > 13 ? line.substr(13) : std::string_view{};
  if (!is_field_value(head.reason)) { return gslb::Unexpected(HeadError::kStartLine); }
  if (const auto fields = parse_fields(octets, head.fields); !fields) {
    return gslb::Unexpected(fields.error());
  }
  return head;
}

gslb::Result<Framing, HeadError> request_framing(const RequestHead& head) {
  const auto chunked = is_chunked(head.fields, head.minor);
  if (!chunked) { return gslb::Unexpected(chunked.error()); }
  if (*chunked) { return Framing{BodyKind::kChunked, 0}; }
  const auto length = content_length(head.fields);
  if (!length) { return gslb::Unexpected(length.error()); }
  if (!length->has_value() || **length == 0) { return Framing{}; }
  return Framing{BodyKind::kLength, **length};
}

gslb::Result<Framing, HeadError> response_framing(const ResponseHead& head,
                                                  std::string_view request_method) {
  const auto chunked = is_chunked(head.fields, head.minor);
  if (!chunked) { return gslb::Unexpected(chunked.error()); }
  const auto length = content_length(head.fields);
  if (!length) { return gslb::Unexpected(length.error()); }
  if (request_method == "HEAD" || head.status == 204 || head.status == 304 || head.status < 200) {
    return Framing{};
  }
  if (*chunked) { return Framing{BodyKind::kChunked, 0}; }
  if (!length->has_value()) { return Framing{BodyKind::kUntilClose, 0}; }
  if (**length == 0) { return Framing{}; }
  return Framing{BodyKind::kLength, **length};
}

bool keeps_alive(int minor, const Fields& fields) {
  if (fields.has_element("Connection", "close")) { return false; }
  return minor >= 1 || fields.has_element("Connection", "keep-alive");
}

}  // namespace edge::http
