#include "gslb/fleet/report_parts.h"

#include <algorithm>

#include <boost/json/value.hpp>

namespace gslb::fleet {

namespace json = boost::json;

Members::Members(const json::value& value) : object_(value.if_object()) {
  if (object_ == nullptr) { fail(ReportError::kWrongType); }
}

const json::value* Members::find(std::string_view name, Member need) {
  if (!ok()) { return nullptr; }
  const json::value* found = object_->if_contains(json::string_view(name.data(), name.size()));
  if (found == nullptr && need == Member::kRequired) { fail(ReportError::kMissingField); }
  return found;
}

void Members::text(std::string_view name, Member need, std::string* out) {
  const json::value* found = find(name, need);
  if (found == nullptr) { return; }
  const json::string* text = found->if_string();
  if (text == nullptr) { return fail(ReportError::kWrongType); }
  out->assign(text->data(), text->size());
}

bool Members::number(const json::value& value, std::uint64_t low, std::uint64_t high,
                     std::uint64_t* out) {
  if (const std::int64_t* small = value.if_int64()) {
    require(*small >= 0);
    *out = static_cast<std::uint64_t>(*small);
  } else if (const std::uint64_t* large = value.if_uint64()) {
    *out = *large;
  } else {
    fail(ReportError::kWrongType);
  }
  if (ok()) { require(*out >= low && *out <= high); }
  return ok();
}

void Members::truth(std::string_view name, bool* out) {
  const json::value* found = find(name, Member::kOptional);
  if (found == nullptr) { return; }
  const bool* truth = found->if_bool();
  if (truth == nullptr) { return fail(ReportError::kWrongType); }
  *out = *truth;
}

void Members::amount(std::string_view name, Member need, double* out) {
  const json::value* found = find(name, need);
  if (found == nullptr) { return; }
  if (!found->is_number()) { return fail(ReportError::kWrongType); }
  *out = found->to_number<double>();
}

void Members::flag(std::string_view name, Member need, bool* out) {
  const json::value* found = find(name, need);
  if (found == nullptr) { return; }
  const bool* flag = found->if_bool();
  if (flag == nullptr) { return fail(ReportError::kWrongType); }
  *out = *flag;
}

const json::array* Members::list(std::string_view name, std::size_t limit) {
  const json::value* found = find(name, Member::kOptional);
  if (found == nullptr) { return nullptr; }
  const json::array* array = found->if_array();
  if (array == nullptr) {
    fail(ReportError::kWrongType);
    return nullptr;
  }
  require(array->size() <= limit);
  return ok() ? array : nullptr;
}

bool is_client(const Prefix& client) noexcept {
  return client.bits() >= 1 && client.bits() <= (client.is_v6() ? 48 : 24);
}

bool is_id(std::string_view text) noexcept {
  if (text.empty() || text.size() > kMaxReportIdOctets) { return false; }
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  });
}

std::string printable(std::string_view text, std::size_t limit) {
  std::string clean(text.substr(0, limit));
  for (char& c : clean) {
    if (c < 0x20 || c > 0x7e) { c = '?'; }
  }
  return clean;
}

}  // namespace gslb::fleet
