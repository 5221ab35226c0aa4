// Structured log lines to stderr, text or JSON, one write each.
//
// Control path only: a worker never logs per query.  Field values are escaped, so a name from the
// net can't forge a line.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace gslb {

enum class LogLevel : std::uint8_t { kDebug, kInfo, kWarning, kError };
enum class LogFormat : std::uint8_t { kText, kJson };

// One key with its value; numbers are printed as numbers in JSON.
struct LogField {
  LogField(std::string_view name, std::string_view text);
  LogField(std::string_view name, const char* text) : LogField(name, std::string_view(text)) {}
  LogField(std::string_view name, const std::string& text)
      : LogField(name, std::string_view(text)) {}
  LogField(std::string_view name, double number);
  LogField(std::string_view name, bool value);
  template <typename Integer>
  requires std::is_integral_v<Integer> LogField(std::string_view name, Integer number)
      : key(name), value(std::to_string(number)), quoted(false) {}

  std::string_view key;
  std::string value;
  bool quoted = true;
};

// Process-wide; call before threads start (the level may be changed later).
void log_configure(LogLevel level, LogFormat format);
void log_set_level(LogLevel level);

// "2026-01-02T03:04:05.678Z info  area: message key=value" or a JSON object.  Thread-safe.
void log(LogLevel level, std::string_view area, std::string_view message,
         std::initializer_list<LogField> fields = {});

inline void log_info(std::string_view area, std::string_view message,
                     std::initializer_list<LogField> fields = {}) {
  log(LogLevel::kInfo, area, message, fields);
}
inline void log_warning(std::string_view area, std::string_view message,
                        std::initializer_list<LogField> fields = {}) {
  log(LogLevel::kWarning, area, message, fields);
}
inline void log_error(std::string_view area, std::string_view message,
                      std::initializer_list<LogField> fields = {}) {
  log(LogLevel::kError, area, message, fields);
}

// Appends `value` as a JSON string (RFC 8259 7), quotes included: one line, whatever it holds.
void append_json_string(std::string& line, std::string_view value);

// "debug" … "error"; false for anything else.
bool parse_log_level(std::string_view text, LogLevel* level);

}  // namespace gslb
