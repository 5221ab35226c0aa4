// A scrape read back, and an Input in which every part is filled.
#pragma once

#include <map>
#include <set>
#include <sstream>
#include <string>

#include <gtest/gtest.h>

#include "gslb/metrics/metrics.h"

namespace gslb::metrics {

// The exposition format as far as it is used here: no escapes in label values.
struct Scrape {
  std::map<std::string, std::string> types;           // family → "counter" …
  std::map<std::string, std::string> helps;           // family → text
  std::map<std::string, double> series;               // "name{a="x"}" as written
  std::map<std::string, std::set<std::string>> keys;  // family → names of its labels, without "le"

  explicit Scrape(const std::string& text) {
    std::istringstream lines(text);
    std::string family;
    for (std::string line; std::getline(lines, line);) {
      std::istringstream words(line);
      std::string word, kind;
      words >> word;
      if (word == "#") {
        words >> kind >> family >> std::ws;
        std::string rest;
        std::getline(words, rest);
        const bool added = (kind == "HELP" ? helps : types).emplace(family, rest).second;
        EXPECT_TRUE(added) << line;
        continue;
      }
      add_sample(family, line);
    }
  }

  // -1: there is no such series; nothing shown is negative.
  double operator[](const std::string& name) const {
    const auto found = series.find(name);
    return found == series.end() ? -1 : found->second;
  }
  std::size_t count_with(const std::string& prefix) const {
    std::size_t count = 0;
    for (auto it = series.lower_bound(prefix); it != series.end(); ++it) {
      if (!it->first.starts_with(prefix)) { break; }
      ++count;
    }
    return count;
  }

 private:
  void add_sample(const std::string& family, const std::string& line) {
    const std::size_t space = line.rfind(' ');
    const std::string name = line.substr(0, space);
    EXPECT_TRUE(name.starts_with(family)) << line;
    EXPECT_TRUE(series.emplace(name, std::stod(line.substr(space + 1))).second) << line;
    std::set<std::string>& labels = keys[family];
    for (std::size_t at = name.find('{'); at != std::string::npos && at + 1 < name.size();) {
      const std::size_t equals = name.find('=', at);
      const std::string label = name.substr(at + 1, equals - at - 1);
      if (label != "le") { labels.insert(label); }
      at = name.find_first_of(",}", name.find('"', equals + 2));
    }
  }
};

// Two workers, clusters fra (two nodes under heartbeats) and syd (assumed up), services web and
// video, one zone; nothing has been asked yet.
struct Fixture {
  Fixture();
  Scrape scrape() const { return Scrape(render(input)); }

  answer::AnswerCounters answers[2];
  server::ServerCounters servers[2];
  transfer::Outgoing transfers;
  transfer::Notifier notifier;
  std::shared_ptr<answer::DecisionCounters> decisions;
  std::shared_ptr<answer::Snapshot> snapshot;
  Input input;
};

}  // namespace gslb::metrics
