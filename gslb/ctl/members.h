// Members of a JSON object by name, taking what isn't there, or is of another type, for absent.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "gslb/base/result.h"

namespace boost::json {
class array;
class object;
class value;
}  // namespace boost::json

namespace gslb::ctl {

// The error is one line for people.
Result<boost::json::object, std::string> parse_object(std::string_view body);

// The elements or members are valid as long as `from`.
const boost::json::array& array_at(const boost::json::object& from, std::string_view key);
const boost::json::object& object_at(const boost::json::object& from, std::string_view key);
const boost::json::object& as_object(const boost::json::value& from);
std::string text_at(const boost::json::object& from, std::string_view key);
std::optional<double> number_at(const boost::json::object& from, std::string_view key);
bool flag_at(const boost::json::object& from, std::string_view key);

// "12.3"; "-" for nullopt.
std::string fixed(std::optional<double> value, int digits);
// "0", "950", "12.5k", "3.2M": three digits that matter.
std::string short_number(std::optional<double> value);
// "250ms", "12s", "3h12m", "5d2h"; "-" for nullopt.
std::string short_time(std::optional<double> seconds);
// "requests_per_s 73/100, connections 5/20": a resource's members named by `keys`.
std::string load_text(const boost::json::array& load, std::initializer_list<const char*> keys);
// All elements that are strings, with `separator` between.
std::string joined(const boost::json::array& from, std::string_view separator);

}  // namespace gslb::ctl
