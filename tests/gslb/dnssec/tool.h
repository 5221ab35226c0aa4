// Debian's DNSSEC tools, run by tests where they are installed.
#pragma once

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include <sys/wait.h>

namespace gslb::dnssec {

struct ToolRun {
  int status = -1;
  std::string output;  // both streams
};

inline ToolRun run_tool(const std::string& command) {
  ToolRun run;
  FILE* pipe = ::popen(("{ " + command + "; } 2>&1").c_str(), "r");
  if (pipe == nullptr) { return run; }
  std::array<char, 4096> chunk{};
  while (const std::size_t got = std::fread(chunk.data(), 1, chunk.size(), pipe)) {
    run.output.append(chunk.data(), got);
  }
  const int status = ::pclose(pipe);
  run.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return run;
}

inline bool has_tool(const std::string& tool) { return run_tool("command -v " + tool).status == 0; }

}  // namespace gslb::dnssec
