#include "edge/http/date.h"

#include <array>
#include <cctype>
#include <chrono>
#include <cstdio>

#include "edge/http/fields.h"

namespace edge::http {
namespace {

constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr std::array<std::string_view, 7> kDays = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                   "Thursday", "Friday", "Saturday"};

struct Parts {
  int year = 0;
  unsigned month = 0;
  unsigned day = 0;
  int hour = 0;
  int minute = 0;
  int second = 0;
};

// Takes text off the front of a date; a failed step makes the whole parse fail at the end.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : rest_(text) {}

  std::string_view word() {
    std::size_t length = 0;
    while (length < rest_.size() && std::isalpha(static_cast<unsigned char>(rest_[length])) != 0) {
      ++length;
    }
    const std::string_view taken = rest_.substr(0, length);
    rest_.remove_prefix(length);
    return taken;
  }
  int number(std::size_t digits) {
    if (rest_.size() < digits) { return fail(); }
    const auto value = parse_number(rest_.substr(0, digits));
    if (!value) { return fail(); }
    rest_.remove_prefix(digits);
    return static_cast<int>(*value);
  }
  void literal(char c) {
    if (rest_.empty() || rest_.front() != c) {
      failed_ = true;
    } else {
      rest_.remove_prefix(1);
    }
  }
  bool next_is(char c) const { return !rest_.empty() && rest_.front() == c; }
  unsigned month() {
    const std::string_view name = word();
    for (std::size_t i = 0; i < kMonths.size(); ++i) {
      if (equals_ignoring_case(name, kMonths[i])) { return static_cast<unsigned>(i + 1); }
    }
    return static_cast<unsigned>(fail());
  }
  void time(Parts& parts) {
    parts.hour = number(2);
    literal(':');
    parts.minute = number(2);
    literal(':');
    parts.second = number(2);
  }
  void zone() {
    literal(' ');
    if (!equals_ignoring_case(word(), "GMT")) { fail(); }
  }
  bool finished() const { return !failed_ && rest_.empty(); }

 private:
  int fail() {
    failed_ = true;
    return 0;
  }
  std::string_view rest_;
  bool failed_ = false;
};

// "Sun, 06 Nov 1994 08:49:37 GMT"
bool read_fixdate(Cursor& cursor, Parts& parts) {
  cursor.literal(' ');
  parts.day = static_cast<unsigned>(cursor.number(2));
  cursor.literal(' ');
  parts.month = cursor.month();
  cursor.literal(' ');
  parts.year = cursor.number(4);
  cursor.literal(' ');
  cursor.time(parts);
  cursor.zone();
  return cursor.finished();
}

// "Sunday, 06-Nov-94 08:49:37 GMT"
bool read_rfc850(Cursor& cursor, Parts& parts) {
  cursor.literal(' ');
  parts.day = static_cast<unsigned>(cursor.number(2));
  cursor.literal('-');
  parts.month = cursor.month();
  cursor.literal('-');
  parts.year = cursor.number(2);
  cursor.literal(' ');
  cursor.time(parts);
  cursor.zone();
  return cursor.finished();
}

// "Sun Nov  6 08:49:37 1994"
bool read_asctime(Cursor& cursor, Parts& parts) {
  cursor.literal(' ');
  parts.month = cursor.month();
  cursor.literal(' ');
  if (cursor.next_is(' ')) {
    cursor.literal(' ');
    parts.day = static_cast<unsigned>(cursor.number(1));
  } else {
    parts.day = static_cast<unsigned>(cursor.number(2));
  }
  cursor.literal(' ');
  cursor.time(parts);
  cursor.literal(' ');
  parts.year = cursor.number(4);
  return cursor.finished();
}

constexpr int kLastYear = 2261;  // of gslb::WallTime, which counts nanoseconds

std::optional<gslb::WallTime> to_time(const Parts& parts) {
  namespace chrono = std::chrono;
  const chrono::year_month_day date{chrono::year{parts.year}, chrono::month{parts.month},
                                    chrono::day{parts.day}};
  // 60 is a leap second.  Years before 1900 are nobody's date.
  if (!date.ok() || parts.hour > 23 || parts.minute > 59 || parts.second > 60 ||
      parts.year < 1900) {
    return std::nullopt;
  }
  if (parts.year > kLastYear) { return chrono::sys_days{chrono::year{kLastYear} / 12 / 31}; }
  return chrono::sys_days{date} + chrono::hours{parts.hour} + chrono::minutes{parts.minute} +
         chrono::seconds{parts.second};
}

// The two digits of `parts` in this century, unless that is more than 50 years ahead.
std::optional<gslb::WallTime> to_time_near(Parts parts, gslb::WallTime now) {
  namespace chrono = std::chrono;
  const chrono::year_month_day today{chrono::floor<chrono::days>(now)};
  const int this_year = static_cast<int>(today.year());
  parts.year += this_year - this_year % 100;
  const auto time = to_time(parts);
  if (time && *time <= now + chrono::years(50)) { return time; }
  parts.year -= 100;
  return to_time(parts);
}

}  // namespace

std::optional<gslb::WallTime> parse_date(std::string_view text, gslb::WallTime now) {
  Cursor cursor(trim(text));
  const std::string_view day = cursor.word();
  bool is_short = false;
  bool is_long = false;
  for (const std::string_view name : kDays) {
    is_short = is_short || equals_ignoring_case(day, name.substr(0, 3));
    is_long = is_long || equals_ignoring_case(day, name);
  }
  Parts parts;
  bool read = false;
  if (is_short && cursor.next_is(',')) {
    cursor.literal(',');
    read = read_fixdate(cursor, parts);
  } else if (is_short) {
    read = read_asctime(cursor, parts);
  } else if (is_long && cursor.next_is(',')) {
    cursor.literal(',');
    return read_rfc850(cursor, parts) ? to_time_near(parts, now) : std::nullopt;
  }
  return read ? to_time(parts) : std::nullopt;
}

std::string format_date(gslb::WallTime time) {
  namespace chrono = std::chrono;
  const auto whole = chrono::floor<chrono::seconds>(time);
  const auto midnight = chrono::floor<chrono::days>(whole);
  const chrono::year_month_day date{midnight};
  const chrono::hh_mm_ss clock{whole - midnight};
  const chrono::weekday day{midnight};
  std::array<char, 40> text{};
  static_cast<void>(std::snprintf(
      text.data(), text.size(), "%.3s, %02u %.3s %04d %02d:%02d:%02d GMT",
      kDays[day.c_encoding()].data(), static_cast<unsigned>(date.day()),
      kMonths[static_cast<unsigned>(date.month()) - 1].data(), static_cast<int>(date.year()),
      static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
      static_cast<int>(clock.seconds().count())));
  return text.data();
}

}  // namespace edge::http
