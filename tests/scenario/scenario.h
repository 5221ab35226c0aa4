// Scenario files: a configuration, zones, places and steps with what they must lead to, as text.
//
// Source: README.md in this folder, which describes the format.  They run in this process on fake
// time, against the objects the daemon wires (tests/support/world.h).
#pragma once

#include <map>
#include <string>
#include <vector>

namespace scenario {

// One step; continuation lines are joined to it.
struct Step {
  std::size_t line = 0;
  std::string text;
};

struct Scenario {
  std::string file;                          // for messages
  std::string config;                        // proxima.toml with zones and places added
  std::map<std::string, std::string> files;  // what it names
  std::vector<Step> steps;
};

// Both throw std::runtime_error("file:line: what") at the first thing that is wrong: with the text,
// or with what the world answered.
Scenario parse(const std::string& file, const std::string& text);
void run(const Scenario& scenario);

// "file:line: what", for everything thrown here.
[[noreturn]] void fail(const std::string& file, std::size_t line, const std::string& what);

}  // namespace scenario
