// docs/configuration.md against the loader.
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "gslb/base/file.h"
#include "gslb/config/config.h"

namespace gslb::config {
namespace {

// The part of the reference under a table's heading.
std::string section_of(const std::string& docs, const std::string& table) {
  const std::size_t start = docs.find("# `" + table + "`\n");
  if (start == std::string::npos) { return {}; }
  return docs.substr(start, docs.find("\n#", start + 1) - start);
}

// An unknown key makes the loader list those it knows.
std::vector<std::string> known_keys(const std::string& table) {
  std::string header = table;
  for (const char* name : {"ID", "RESOURCE"}) {
    while (header.find(name) != std::string::npos) {
      header.replace(header.find(name), std::string(name).size(), "x");
    }
  }
  Problems problems;
  EXPECT_FALSE(parse(header + "\nzzzzzzzzzzzz = 1\n", "f", problems));
  std::vector<std::string> keys;
  for (const Problem& problem : problems.list()) {
    const std::string preamble = "known here: ";
    if (problem.what.find("'zzzzzzzzzzzz'") == std::string::npos) { continue; }
    std::string rest = problem.hint.substr(preamble.size()) + ", ";
    for (std::size_t comma = 0; (comma = rest.find(", ")) != std::string::npos;) {
      keys.push_back(rest.substr(0, comma));
      rest.erase(0, comma + 2);
    }
  }
  return keys;
}

TEST(ConfigurationReference, HasEveryKeyTheLoaderKnows) {
  const auto docs = read_file(std::string(TEST_SOURCE_DIR) + "/docs/configuration.md");
  ASSERT_TRUE(docs);
  for (const std::string table : {"[server]",
                                  "[acl]",
                                  "[cookies]",
                                  "[rrl]",
                                  "[log]",
                                  "[admin]",
                                  "[[zone]]",
                                  "[[key]]",
                                  "[[remote]]",
                                  "[transfer]",
                                  "[secondary]",
                                  "[geo]",
                                  "[[geo.source]]",
                                  "[cluster.ID]",
                                  "[cluster.ID.capacity.RESOURCE]",
                                  "[[cluster.ID.node]]",
                                  "[monitor.ID]\nkind = 'https'",
                                  "[monitor.ID]\nkind = 'tcp'",
                                  "[monitor.ID]\nkind = 'dns'",
                                  "[monitor.ID]\nkind = 'icmp'",
                                  "[monitor.ID]\nkind = 'command'",
                                  "[group.ID]",
                                  "[group.ID.capacity.RESOURCE]",
                                  "[pool.ID]",
                                  "[map.ID]",
                                  "[service.ID]",
                                  "[[service.ID.scheduled]]",
                                  "[service.ID.https]",
                                  "[[route]]",
                                  "[[override]]",
                                  "[health]",
                                  "[probes]",
                                  "[steering]",
                                  "[debug]",
                                  "[record]"}) {
    const std::string section = section_of(*docs, table.substr(0, table.find('\n')));
    EXPECT_NE(section, "") << table;
    const auto keys = known_keys(table);
    EXPECT_GE(keys.size(), 1U) << table;
    for (const std::string& key : keys) {
      // Tables inside this one have sections of their own.
      if (key == "source" || key == "node" || key == "capacity" || key == "member_group" ||
          key == "https" || key == "scheduled") {
        continue;
      }
      EXPECT_NE(section.find('`' + key + '`'), std::string::npos) << table << ' ' << key;
    }
  }
}

}  // namespace
}  // namespace gslb::config
