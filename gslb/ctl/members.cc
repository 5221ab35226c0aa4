#include "gslb/ctl/members.h"

#include <array>
#include <cmath>
#include <cstdio>
#include <utility>

#include <boost/json.hpp>

namespace gslb::ctl {

namespace json = boost::json;

Result<json::object, std::string> parse_object(std::string_view body) {
  boost::system::error_code error;
  json::value value = json::parse({body.data(), body.size()}, error);
  if (error || !value.is_object()) {
    return Unexpected(std::string("the answer is no JSON object; is that an admin listener?"));
  }
  return std::move(value.as_object());
}

const json::array& array_at(const json::object& from, std::string_view key) {
  static const json::array kNone;
  const json::value* value = from.if_contains(json::string_view(key.data(), key.size()));
  return value != nullptr && value->is_array() ? value->get_array() : kNone;
}

const json::object& object_at(const json::object& from, std::string_view key) {
  static const json::object kNone;
  const json::value* value = from.if_contains(json::string_view(key.data(), key.size()));
  return value != nullptr ? as_object(*value) : kNone;
}

const json::object& as_object(const json::value& from) {
  static const json::object kNone;
  return from.is_object() ? from.get_object() : kNone;
}

std::string text_at(const json::object& from, std::string_view key) {
  const json::value* value = from.if_contains(json::string_view(key.data(), key.size()));
  if (value == nullptr || !value->is_string()) { return {}; }
  return {value->get_string().data(), value->get_string().size()};
}

std::optional<double> number_at(const json::object& from, std::string_view key) {
  const json::value* value = from.if_contains(json::string_view(key.data(), key.size()));
  if (value == nullptr || !value->is_number()) { return std::nullopt; }
  return value->to_number<double>();
}

bool flag_at(const json::object& from, std::string_view key) {
  const json::value* value = from.if_contains(json::string_view(key.data(), key.size()));
  return value != nullptr && value->is_bool() && value->get_bool();
}

std::string fixed(std::optional<double> value, int digits) {
  if (!value) { return "-"; }
  std::array<char, 400> buffer{};  // the largest double has 309 digits
  std::snprintf(buffer.data(), buffer.size(), "%.*f", digits, *value);
  return buffer.data();
}

std::string short_number(std::optional<double> value) {
  if (!value) { return "-"; }
  constexpr std::array<const char*, 6> kSuffix = {"", "k", "M", "G", "T", "P"};
  double scaled = *value;
  std::size_t step = 0;
  while (std::fabs(scaled) >= 999.5 && step + 1 < kSuffix.size()) {
    scaled /= 1000;
    ++step;
  }
  const double size = std::fabs(scaled);
  const bool whole = step == 0 && std::fabs(scaled - std::round(scaled)) < 0.005;
  return fixed(scaled, whole || size >= 99.95 ? 0 : size >= 9.995 ? 1 : 2) + kSuffix[step];
}

std::string short_time(std::optional<double> seconds) {
  if (!seconds) { return "-"; }
  if (*seconds < 1) { return fixed(*seconds * 1000, 0) + "ms"; }
  if (*seconds < 10) { return fixed(*seconds, 1) + "s"; }
  if (*seconds < 60) { return fixed(*seconds, 0) + "s"; }
  const double minutes = std::floor(*seconds / 60);
  const double hours = std::floor(minutes / 60);
  const auto pair = [](double a, const char* a_unit, double b, const char* b_unit) {
    return fixed(a, 0) + a_unit + fixed(b, 0) + b_unit;
  };
  if (hours < 1) { return pair(minutes, "m", std::floor(*seconds - minutes * 60), "s"); }
  if (hours < 24) { return pair(hours, "h", minutes - hours * 60, "m"); }
  const double days = std::floor(hours / 24);
  return pair(days, "d", hours - days * 24, "h");
}

std::string load_text(const json::array& load, std::initializer_list<const char*> keys) {
  std::string text;
  for (const json::value& each : load) {
    const json::object& resource = as_object(each);
    if (!text.empty()) { text += ", "; }
    text += text_at(resource, "resource");
    char before = ' ';
    for (const char* const key : keys) {
      const auto value = number_at(resource, key);
      if (before == '/' && value.value_or(0) == 0) { break; }  // no target, no max
      text += std::exchange(before, '/') + short_number(value);
    }
  }
  return text;
}

std::string joined(const json::array& from, std::string_view separator) {
  std::string all;
  for (const json::value& each : from) {
    if (!each.is_string()) { continue; }
    if (!all.empty()) { all += separator; }
    all.append(each.get_string().data(), each.get_string().size());
  }
  return all;
}

}  // namespace gslb::ctl
