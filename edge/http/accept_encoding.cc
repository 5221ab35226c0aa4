#include "edge/http/accept_encoding.h"

#include <algorithm>
#include <vector>

#include "edge/http/fields.h"

namespace edge::http {
namespace {

// In thousandths: "0.25" is 250.  What is no qvalue (12.4.2) counts as a wish.
int weight_of(std::string_view parameters) {
  while (!parameters.empty()) {
    parameters.remove_prefix(1);  // ";"
    const std::size_t end = std::min(parameters.find(';'), parameters.size());
    const std::string_view parameter = trim(parameters.substr(0, end));
    parameters.remove_prefix(end);
    if (parameter.size() < 3 || !equals_ignoring_case(parameter.substr(0, 2), "q=")) { continue; }
    const std::string_view weight = parameter.substr(2);
    if (weight.front() != '0' || weight.size() > 5) { return 1000; }
    int value = 0;
    for (std::size_t i = 2; i < 5; ++i) {
      const char digit = i < weight.size() ? weight[i] : '0';
      if (digit < '0' || digit > '9') { return 1000; }
      value = 10 * value + (digit - '0');
    }
    return value;
  }
  return 1000;
}

// An element's coding in the one form it is compared in.
std::string coding_of(std::string_view element) {
  std::string coding = to_lower(trim(element.substr(0, element.find(';'))));
  if (coding == "x-gzip" || coding == "x-compress") { coding.erase(0, 2); }  // 8.4.1
  return coding;
}

int weight_in(std::string_view element) {
  return weight_of(element.substr(std::min(element.find(';'), element.size())));
}

}  // namespace

std::string normal_accept_encoding(std::string_view value) {
  std::vector<std::string> wanted;
  std::vector<std::string> refused;
  while (const auto element = next_element(value)) {
    std::string coding = coding_of(*element);
    if (weight_in(*element) == 0) {
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

int coding_weight(std::string_view value, std::string_view coding) {
  int any = coding == "identity" ? 1 : 0;
  while (const auto element = next_element(value)) {
    const std::string named = coding_of(*element);
    if (named == coding) { return weight_in(*element); }
    if (named == "*") { any = weight_in(*element); }
  }
  return any;
}

}  // namespace edge::http
