#include "edge/http/accept_encoding.h"

#include <algorithm>
#include <vector>

#include "edge/http/fields.h"

namespace edge::http {
namespace {

// qvalue: 0 is written "0", "0.", "0.0" … "0.000"; anything else counts as a wish.
bool is_zero_weight(std::string_view parameters) {
  while (!parameters.empty()) {
    parameters.remove_prefix(1);  // ";"
    const std::size_t end = std::min(parameters.find(';'), parameters.size());
    const std::string_view parameter = trim(parameters.substr(0, end));
    parameters.remove_prefix(end);
    if (parameter.size() < 3 || !equals_ignoring_case(parameter.substr(0, 2), "q=")) { continue; }
    const std::string_view weight = parameter.substr(2);
    return weight.front() == '0' && weight.find_first_not_of("0.") == std::string_view::npos;
  }
  return false;
}

}  // namespace

std::string normal_accept_encoding(std::string_view value) {
  std::vector<std::string> wanted;
  std::vector<std::string> refused;
  while (const auto element = next_element(value)) {
    const std::size_t end = std::min(element->find(';'), element->size());
    std::string coding = to_lower(trim(element->substr(0, end)));
    if (coding == "x-gzip" || coding == "x-compress") { coding.erase(0, 2); }  // 8.4.1
    if (is_zero_weight(element->substr(end))) {
      refused.push_back(coding + ";q=0");
    } else if (coding != "identity") {  // acceptable without being named
      wanted.push_back(std::move(coding));
    }
  }
  const auto wants = [&](std::string_view coding) {
    return std::find(wanted.begin(), wanted.end(), coding) != wanted.end();
  };
  if (wants("gzip") || wants("br") || wants("zstd")) {
    std::erase_if(wanted, [](const auto& each) { return each == "deflate" || each == "compress"; });
  }
  // What is not named need not be refused, unless "*" would allow it.
  const bool any = wants("*");
  for (std::string& each : refused) {
    if (any || each.starts_with("identity;") || each.starts_with("*;")) {
      wanted.push_back(std::move(each));
    }
  }
  if (wanted.empty()) { return "identity"; }
  std::sort(wanted.begin(), wanted.end());
  wanted.erase(std::unique(wanted.begin(), wanted.end()), wanted.end());
  std::string result;
  for (const std::string& coding : wanted) {
    if (!result.empty()) { result += ", "; }
    result += coding;
  }
  return result;
}

}  // namespace edge::http
