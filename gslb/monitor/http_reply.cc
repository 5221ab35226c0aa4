#include "gslb/monitor/http_reply.h"

#include <algorithm>
#include <charconv>

namespace gslb::monitor {
namespace {

constexpr std::size_t kShownOctets = 40;

std::string shown(std::string_view text) {
  std::string made(text.substr(0, kShownOctets));
  for (char& c : made) {
    if (c < 0x20 || c > 0x7e) { c = '?'; }
  }
  return made;
}

// "HTTP/1.1 200 OK" → 200; nullopt: none.
std::optional<unsigned> status_of(std::string_view line) {
  constexpr std::size_t kCodeAt = 9;
  if (!line.starts_with("HTTP/") || line.size() < kCodeAt + 3) { return std::nullopt; }
  unsigned code = 0;
  const char* const from = line.data() + kCodeAt;
  const auto [end, error] = std::from_chars(from, from + 3, code);
  const bool whole = error == std::errc() && end == from + 3 && line[kCodeAt - 1] == ' ';
  return whole && code >= 100 ? std::optional(code) : std::nullopt;
}

// Octets of the body by the head's Content-Length; nullopt: it ends with the connection.
std::optional<std::size_t> body_size(std::string_view head) {
  constexpr std::string_view kName = "content-length:";
  for (std::size_t at = head.find('\n'); at != std::string_view::npos; at = head.find('\n', at)) {
    ++at;
    const bool is_it =
        head.size() - at >= kName.size() &&
        std::equal(kName.begin(), kName.end(), head.begin() + static_cast<std::ptrdiff_t>(at),
                   [](char name, char c) { return name == (c >= 'A' && c <= 'Z' ? c + 32 : c); });
    if (!is_it) { continue; }
    std::size_t from = at + kName.size();
    while (from < head.size() && (head[from] == ' ' || head[from] == '\t')) { ++from; }
    std::size_t size = 0;
    const auto [end, error] = std::from_chars(head.data() + from, head.data() + head.size(), size);
    return error == std::errc() ? std::optional(size) : std::nullopt;
  }
  return std::nullopt;
}

// Where the body begins; nullopt: not yet.
std::optional<std::size_t> end_of_head(std::string_view received) {
  const std::size_t strict = received.find("\r\n\r\n");
  const std::size_t lax = received.find("\n\n");
  if (strict == std::string_view::npos && lax == std::string_view::npos) { return std::nullopt; }
  return strict < lax ? strict + 4 : lax + 2;
}

Finding find_body(const config::Monitor& monitor, std::string_view body) {
  if (body.find(monitor.body) != std::string_view::npos) { return {}; }
  return bad("the body has no '" + shown(monitor.body) + "'");
}

}  // namespace

std::string write_request(const config::Monitor& monitor, const std::string& item) {
  const std::string literal = item.find(':') == std::string::npos ? item : '[' + item + ']';
  const bool https = monitor.kind == config::MonitorKind::kHttps;
  const std::string port =
      monitor.port == (https ? 443 : 80) ? "" : ':' + std::to_string(monitor.port);
  return "GET " + monitor.path +
         " HTTP/1.0\r\nHost: " + (monitor.host.empty() ? literal + port : monitor.host) +
         "\r\nUser-Agent: proxima-monitor\r\nAccept: */*\r\nConnection: close\r\n\r\n";
}

std::optional<Finding> judge_http(const config::Monitor& monitor, std::string_view received,
                                  bool ended) {
  constexpr std::string_view kBegin = "HTTP/";
  const std::size_t begun = std::min(received.size(), kBegin.size());
  if (received.substr(0, begun) != kBegin.substr(0, begun)) {
    return bad("no HTTP: '" + shown(received) + "'");
  }
  const std::size_t line_end = received.find('\n');
  if (line_end == std::string_view::npos) {
    if (received.size() > kMostHead) { return bad("a status line without end"); }
    if (!ended) { return std::nullopt; }
    return bad(received.empty() ? "closed without an answer" : "closed within the status line");
  }
  const auto code = status_of(received.substr(0, line_end));
  if (!code) { return bad("no status: '" + shown(received.substr(0, line_end)) + "'"); }
  if (std::find(monitor.ok_codes.begin(), monitor.ok_codes.end(), *code) ==
      monitor.ok_codes.end()) {
    return bad("status " + std::to_string(*code));
  }
  if (monitor.body.empty()) { return Finding{}; }
  const auto body_at = end_of_head(received);
  if (!body_at) {
    if (received.size() > kMostHead) { return bad("a head without end"); }
    return ended ? std::optional(bad("closed within the head")) : std::nullopt;
  }
  const std::string_view body = received.substr(*body_at);
  const Finding found = find_body(monitor, body);
  const auto size = body_size(received.substr(0, *body_at));
  const bool whole = ended || body.size() >= kMostBody || (size && body.size() >= *size);
  if (found.outcome == fleet::Outcome::kGood || whole) { return found; }
  return std::nullopt;
}

}  // namespace gslb::monitor
