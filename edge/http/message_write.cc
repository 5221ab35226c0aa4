#include <algorithm>
#include <array>
#include <charconv>

#include "edge/http/message.h"

namespace edge::http {
namespace {

struct ErrorRow {
  HeadError error;
  int status;
  std::string_view text;
};
constexpr std::array<ErrorRow, 10> kErrors = {{
    {HeadError::kStartLine, 400, "bad start line"},
    {HeadError::kVersion, 505, "only HTTP/1.0 and HTTP/1.1 are spoken here"},
    {HeadError::kTarget, 400, "bad request target"},
    {HeadError::kField, 400, "bad header field"},
    {HeadError::kFolded, 400, "folded header field (RFC 9112 5.2)"},
    {HeadError::kLineEnding, 400, "bare CR or LF (RFC 9112 2.2)"},
    {HeadError::kTooManyFields, 431, "too many header fields"},
    {HeadError::kHost, 400, "missing, repeated or bad Host (RFC 9112 3.2)"},
    {HeadError::kContentLength, 400, "bad Content-Length (RFC 9112 6.3)"},
    {HeadError::kTransferCoding, 400, "bad Transfer-Encoding (RFC 9112 6.1)"},
}};

const ErrorRow& row_of(HeadError error) noexcept {
  return kErrors[static_cast<std::size_t>(error)];
}

struct Reason {
  int status;
  std::string_view phrase;
};
constexpr std::array<Reason, 42> kReasons = {{
    {100, "Continue"},
    {101, "Switching Protocols"},
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {203, "Non-Authoritative Information"},
    {204, "No Content"},
    {205, "Reset Content"},
    {206, "Partial Content"},
    {300, "Multiple Choices"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {411, "Length Required"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {416, "Range Not Satisfiable"},
    {417, "Expectation Failed"},
    {421, "Misdirected Request"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
    {508, "Loop Detected"},
}};

void append_field(std::string& text, const Field& field) {
  text.append(field.name).append(": ").append(field.value).append("\r\n");
}

void append_fields(std::string& text, const Fields& fields) {
  for (const Field& field : fields.list()) { append_field(text, field); }
  text += "\r\n";
}

}  // namespace

std::string_view describe(HeadError error) noexcept { return row_of(error).text; }
int status_for(HeadError error) noexcept { return row_of(error).status; }

std::string write_request_head(const RequestHead& head) {
  std::string text;
  text.reserve(512);
  text.append(head.method).append(" ").append(head.target).append(" HTTP/1.1\r\n");
  append_fields(text, head.fields);
  return text;
}

std::string write_response_head(const ResponseHead& head) {
  std::string text;
  write_response_head(head, {}, text);
  return text;
}

void write_response_head(const ResponseHead& head, const Fields& before, std::string& text) {
  text.clear();
  text.reserve(512);
  text.append("HTTP/1.1 ").append(std::to_string(head.status)).append(" ");
  text.append(head.reason.empty() ? reason_phrase(head.status) : std::string_view(head.reason));
  text += "\r\n";
  for (const Field& field : before.list()) {
    if (!head.fields.has(field.name)) { append_field(text, field); }
  }
  append_fields(text, head.fields);
}

std::string chunk_size_line(std::size_t size) {
  std::array<char, 20> digits{};
  char* const end = std::to_chars(digits.data(), digits.data() + digits.size(), size, 16).ptr;
  return std::string(digits.data(), end) + "\r\n";
}

std::string_view reason_phrase(int status) noexcept {
  const auto* const row = std::find_if(kReasons.begin(), kReasons.end(),
                                       [&](const Reason& r) { return r.status == status; });
  return row == kReasons.end() ? std::string_view{} : row->phrase;
}

bool is_safe_method(std::string_view method) noexcept {
  return method == "GET" || method == "HEAD" || method == "OPTIONS" || method == "TRACE";
}

bool is_idempotent_method(std::string_view method) noexcept {
  return is_safe_method(method) || method == "PUT" || method == "DELETE";
}

}  // namespace edge::http
