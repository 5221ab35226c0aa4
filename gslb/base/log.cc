#include "gslb/base/log.h"

#include <array>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <ctime>

#include <unistd.h>

namespace gslb {
namespace {

std::atomic<LogLevel> g_level{LogLevel::kInfo};     // NOLINT: one log per process
std::atomic<LogFormat> g_format{LogFormat::kText};  // NOLINT

constexpr std::array<std::string_view, 4> kLevelNames = {"debug", "info", "warning", "error"};

std::string timestamp() {
  const auto now = std::chrono::system_clock::now();
  const auto whole = std::chrono::floor<std::chrono::seconds>(now);
  const auto millis = std::chrono::duration_cast<std::chrono::milliseconds>(now - whole).count();
  const std::time_t time = std::chrono::system_clock::to_time_t(whole);
  std::tm parts{};
  gmtime_r(&time, &parts);
  std::array<char, 40> text{};
  const std::size_t length = std::strftime(text.data(), text.size(), "%FT%T", &parts);
  static_cast<void>(std::snprintf(text.data() + length, text.size() - length, ".%03dZ",
                                  static_cast<int>(millis)));
  return text.data();
}

// Octets of the UTF-8 sequence `text` begins with, 0 when it is none (RFC 3629 4: no overlong
// forms, no surrogates, nothing over U+10FFFF).
std::size_t utf8_length(std::string_view text) {
  const auto octet = [text](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
  };
  const unsigned first = octet(0);
  if (first < 0x80) { return 1; }
  const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4) { return 0; }
  for (std::size_t i = 1; i < length; ++i) {
    if ((octet(i) & 0xc0U) != 0x80) { return 0; }
  }
  const unsigned second = octet(1);
  const bool wrong = (first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f) ||
                     (first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f);
  return wrong ? 0 : length;
}

// JSON string content (RFC 8259 7).  What isn't UTF-8 becomes U+FFFD: a name from the net may hold
// any octets, and one of them must not make the whole line unreadable.
void append_escaped(std::string& line, std::string_view value) {
  while (!value.empty()) {
    const std::size_t length = utf8_length(value);
    const auto octet = static_cast<unsigned char>(value[0]);
    if (length == 0) {
      line += "\\ufffd";
    } else if (octet == '"' || octet == '\\') {
      line.append("\\").append(value.substr(0, 1));
    } else if (octet < 0x20 || octet == 0x7f) {
      std::array<char, 8> escape{};
      static_cast<void>(std::snprintf(escape.data(), escape.size(), "\\u%04x", octet));
      line += escape.data();
    } else {
      line += value.substr(0, length);
    }
    value.remove_prefix(length == 0 ? 1 : length);
  }
}

}  // namespace

void append_json_string(std::string& line, std::string_view value) {
  line += '"';
  append_escaped(line, value);
  line += '"';
}

namespace {

// A text line's message: prose without quotes, but still one line.
void append_prose(std::string& line, std::string_view text) {
  for (const char c : text) {
    const auto octet = static_cast<unsigned char>(c);
    if (octet < 0x20 || octet == 0x7f) {
      append_escaped(line, {&c, 1});
    } else {
      line += c;
    }
  }
}

bool needs_quotes(std::string_view value) {
  if (value.empty()) { return true; }
  for (const char c : value) {
    const auto octet = static_cast<unsigned char>(c);
    if (octet <= ' ' || octet >= 0x7f || c == '"' || c == '=' || c == '\\') { return true; }
  }
  return false;
}

std::string text_line(LogLevel level, std::string_view area, std::string_view message,
                      std::initializer_list<LogField> fields) {
  std::string line = timestamp() + ' ';
  line += kLevelNames[static_cast<std::size_t>(level)];
  line.append(" ").append(area).append(": ");
  append_prose(line, message);
  for (const LogField& field : fields) {
    line.append(" ").append(field.key).append("=");
    if (field.quoted && needs_quotes(field.value)) {
      append_json_string(line, field.value);
    } else {
      line += field.value;
    }
  }
  return line + '\n';
}

std::string json_line(LogLevel level, std::string_view area, std::string_view message,
                      std::initializer_list<LogField> fields) {
  std::string line = "{\"time\":\"" + timestamp() + "\",\"level\":\"";
  line += kLevelNames[static_cast<std::size_t>(level)];
  line += "\",\"area\":";
  append_json_string(line, area);
  line += ",\"message\":";
  append_json_string(line, message);
  for (const LogField& field : fields) {
    line += ',';
    append_json_string(line, field.key);
    line += ':';
    if (field.quoted) {
      append_json_string(line, field.value);
    } else {
      line += field.value;
    }
  }
  return line + "}\n";
}

}  // namespace

LogField::LogField(std::string_view name, std::string_view text) : key(name), value(text) {}

// JSON has no NaN and no infinity: they are words.
LogField::LogField(std::string_view name, double number)
    : key(name), quoted(!std::isfinite(number)) {
  std::array<char, 32> text{};
  static_cast<void>(std::snprintf(text.data(), text.size(), "%.6g", number));
  value = text.data();
}

LogField::LogField(std::string_view name, bool boolean)
    : key(name), value(boolean ? "true" : "false"), quoted(false) {}

void log_configure(LogLevel level, LogFormat format) {
  g_level = level;
  g_format = format;
}

void log_set_level(LogLevel level) { g_level = level; }

void log(LogLevel level, std::string_view area, std::string_view message,
         std::initializer_list<LogField> fields) {
  if (level < g_level.load(std::memory_order_relaxed)) { return; }
  const std::string line = g_format.load(std::memory_order_relaxed) == LogFormat::kJson
                               ? json_line(level, area, message, fields)
                               : text_line(level, area, message, fields);
  // One write per line keeps lines of several threads whole; a full pipe loses the line, not us.
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, line.data(), line.size());
}

bool parse_log_level(std::string_view text, LogLevel* level) {
  for (std::size_t i = 0; i < kLevelNames.size(); ++i) {
    if (text == kLevelNames[i]) {
      *level = static_cast<LogLevel>(i);
      return true;
    }
  }
  return false;
}

}  // namespace gslb
