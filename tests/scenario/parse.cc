#include <sstream>

#include "gslb/base/ip.h"

#include "tests/scenario/scenario.h"
#include "tests/scenario/words.h"

namespace scenario {
namespace {

constexpr std::size_t kPlaceFields = 4;  // after the prefix

class Parser {
 public:
  explicit Parser(std::string file) { scenario_.file = std::move(file); }

  Scenario run(const std::string& text) {
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
      ++line_;
      if (line.find('\t') != std::string::npos) { error("a tab; indent by two spaces"); }
      if (line.starts_with('#')) { continue; }
      if (line.starts_with("  ")) {
        body(line.substr(2));
      } else if (trim(line).empty()) {
        if (into_ != nullptr) { *into_ += '\n'; }
      } else {
        head(line);
      }
    }
    if (scenario_.config.empty()) { error("no config: section"); }
    if (scenario_.steps.empty()) { error("no steps: nothing is tested"); }
    finish();
    return std::move(scenario_);
  }

 private:
  [[noreturn]] void error(const std::string& what) const { fail(scenario_.file, line_, what); }

  void head(const std::string& line) {
    into_ = nullptr;
    in_places_ = false;
    if (!line.ends_with(':')) {
      scenario_.steps.push_back({line_, line});
      return;
    }
    if (!scenario_.steps.empty()) { error("sections stand before steps"); }
    if (line == "config:") {
      into_ = &scenario_.config;
    } else if (line == "places:") {
      in_places_ = true;
    } else if (line.starts_with("zone ")) {
      const std::string name(trim(std::string_view(line).substr(5, line.size() - 6)));
      const std::string file = "zone-" + std::to_string(++zones_) + ".zone";
      tail_ += "[[zone]]\nname = \"" + name + "\"\nfile = \"" + file + "\"\n";
      into_ = &scenario_.files[file];
    } else {
      error("a section is 'config:', 'zone NAME:' or 'places:'");
    }
  }

  void body(const std::string& line) {
    if (in_places_) {
      place(line);
    } else if (into_ != nullptr) {
      *into_ += line + '\n';
    } else if (!scenario_.steps.empty()) {
      scenario_.steps.back().text += ' ' + std::string(trim(line));
    } else {
      error("an indented line that belongs to nothing");
    }
  }

  // prefix, country, latitude, longitude, asn → first, last, …: the CSV the daemon reads.
  void place(const std::string& line) {
    const std::vector<std::string> fields = split(line, ',');
    const auto prefix = gslb::Prefix::parse(fields[0]);
    if (!prefix || fields.size() > 1 + kPlaceFields) {
      error("a place is 'prefix, country, latitude, longitude, asn'");
    }
    std::string& csv = scenario_.files["places.csv"];
    csv += prefix->address().to_string() + ',' + prefix->last().to_string();
    for (std::size_t i = 0; i < kPlaceFields; ++i) {
      csv += ',' + (i + 1 < fields.size() ? fields[i + 1] : "");
    }
    csv += '\n';
  }

  void finish() {
    if (scenario_.files.contains("places.csv")) {
      tail_ +=
          "[[geo.source]]\nfile = \"places.csv\"\ncountry_field = 2\nlatitude_field = 3\n"
          "longitude_field = 4\nasn_field = 5\n";
    }
    scenario_.config += '\n' + tail_;
  }

  Scenario scenario_;
  std::size_t line_ = 0;
  std::string* into_ = nullptr;  // where lines of the section go
  bool in_places_ = false;
  std::size_t zones_ = 0;
  std::string tail_;  // added to the configuration
};

}  // namespace

void fail(const std::string& file, std::size_t line, const std::string& what) {
  throw std::runtime_error(file + ':' + std::to_string(line) + ": " + what);
}

Scenario parse(const std::string& file, const std::string& text) { return Parser(file).run(text); }

}  // namespace scenario
