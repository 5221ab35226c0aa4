#include "tests/scenario/expect.h"

#include <algorithm>
#include <optional>

#include "tests/scenario/words.h"

namespace scenario {
namespace {

using Texts = std::vector<std::string>;

struct Expected {
  std::string rcode;
  bool aa = false;
  bool tc = false;
  bool no_answer = false;
  std::optional<unsigned> scope;
  std::optional<Texts> sections[3];  // without a value: not said, not looked at
  std::string any_head;              // "www.example. 30 A " of an "any of"
  Texts any_of;                      // its addresses
};

// "NAME TTL TYPE RDATA, RDATA": as many records as there are RDATA.
void read_records(const std::string& text, std::size_t section, Expected& into) {
  Words words(text);
  std::string head;
  for (const char* what : {"owner", "TTL", "type"}) { head += words.take(what) + ' '; }
  if (words.take_if("any")) {
    if (section != 0 || !words.take_if("of") || words.empty()) {
      throw std::runtime_error("'any of' stands in the answer and lists addresses");
    }
    into.any_head = head;
    while (!words.empty()) { into.any_of.push_back(words.take("")); }
    return;
  }
  Texts& records =
      into.sections[section] ? *into.sections[section] : into.sections[section].emplace();
  for (const std::string& rdata : split(words.rest(), ',')) {
    if (rdata.empty()) { throw std::runtime_error("RDATA is missing in '" + text + "'"); }
    records.push_back(head + rdata);
  }
}

Expected read(const std::string& text) {
  Expected expected;
  const Texts parts = split(text, ';');
  Words first(parts[0]);
  expected.rcode = first.take("the RCODE");
  expected.aa = first.take_if("aa");
  expected.tc = first.take_if("tc");
  first.finish();
  for (std::size_t i = 1; i < parts.size(); ++i) {
    Words words(parts[i]);
    if (parts[i] == "no answer") {
      expected.no_answer = true;
    } else if (words.take_if("scope")) {
      expected.scope = number<unsigned>(words.take("bits"));
      words.finish();
    } else if (words.take_if("authority")) {
      read_records(std::string(words.rest()), 1, expected);
    } else if (words.take_if("additional")) {
      read_records(std::string(words.rest()), 2, expected);
    } else {
      read_records(parts[i], 0, expected);
    }
  }
  const bool answer = expected.sections[0] || !expected.any_of.empty();
  if (answer == expected.no_answer && expected.rcode != "dropped") {
    throw std::runtime_error("say either which records or 'no answer'");
  }
  if (!answer) { expected.sections[0].emplace(); }
  return expected;
}

// What stands is what is said: no record less, none more, in any order.
bool same(Texts expected, Texts found) {
  std::sort(expected.begin(), expected.end());
  std::sort(found.begin(), found.end());
  return expected == found;
}

// Exactly one of the answer's records is the "any of"; the others are compared as ever.
bool take_any(const Expected& expected, Texts& answer) {
  for (auto record = answer.begin(); record != answer.end(); ++record) {
    for (const std::string& address : expected.any_of) {
      if (*record != expected.any_head + address) { continue; }
      answer.erase(record);
      return true;
    }
  }
  return false;
}

std::string difference(const Expected& expected, const tests::Reply& reply) {
  if (reply.dropped()) { return expected.rcode == "dropped" ? "" : "the response"; }
  if (reply.rcode != expected.rcode) { return "the RCODE"; }
  if (reply.aa != expected.aa) { return "aa"; }
  if (reply.tc != expected.tc) { return "tc"; }
  Texts answer = reply.section(0);
  if (!expected.any_of.empty() && !take_any(expected, answer)) { return "the answer"; }
  if (!same(expected.sections[0].value_or(Texts()), answer)) { return "the answer"; }
  if (expected.sections[1] && !same(*expected.sections[1], reply.section(1))) {
    return "the authority section";
  }
  if (expected.sections[2] && !same(*expected.sections[2], reply.section(2))) {
    return "the additional section";
  }
  if (reply.scope != expected.scope) { return "the scope"; }
  return "";
}

}  // namespace

void expect(const std::string& expected, const tests::Reply& reply) {
  const std::string what = difference(read(expected), reply);
  if (what.empty()) { return; }
  throw std::runtime_error(what + " differs\n  expected: " + expected +
                           "\n  answered: " + reply.text());
}

}  // namespace scenario
