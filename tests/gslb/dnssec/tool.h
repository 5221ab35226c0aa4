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

// Removed with all it holds at the end of the test.
class TempDirectory {
 public:
  TempDirectory() {
    std::string path = std::filesystem::temp_directory_path() / "proxima-dnssec-XXXXXX";
    path_ = ::mkdtemp(path.data());
  }
  ~TempDirectory() { std::filesystem::remove_all(path_); }
  TempDirectory(const TempDirectory&) = delete;
  TempDirectory& operator=(const TempDirectory&) = delete;

  const std::string& path() const noexcept { return path_; }
  std::string write(const std::string& file, std::string_view text) const {
    std::ofstream(path_ + "/" + file, std::ios::binary) << text;
    return path_ + "/" + file;
  }

 private:
  std::string path_;
};

}  // namespace gslb::dnssec
