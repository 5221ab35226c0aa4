// proximactl: the operator's tool.
#include <array>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include <sys/mman.h>
#include <unistd.h>

#include "gslb/control/version.h"
#include "gslb/ctl/http_client.h"
#include "gslb/ctl/run.h"

namespace {

using namespace gslb;  // NOLINT(google-build-using-namespace): its main file

void put(std::FILE* to, const std::string& text) { std::fwrite(text.data(), 1, text.size(), to); }

// The path of a file in memory that holds `text`, for the program this one becomes.
std::string make_file(const std::string& text) {
  const int file = ::memfd_create("learnt", 0);
  std::size_t done = 0;
  while (file >= 0 && done < text.size()) {
    const ssize_t written = ::write(file, text.data() + done, text.size() - done);
    if (written <= 0) { break; }
    done += static_cast<std::size_t>(written);
  }
  return "/proc/self/fd/" + std::to_string(file);
}

// Becomes proxima-gslb: the very loader and planner the daemon runs.  Returns on failure only.
int become_server(std::vector<std::string> arguments, const std::string& learnt) {
  std::array<char, 4096> self{};
  const ssize_t length = ::readlink("/proc/self/exe", self.data(), self.size() - 1);
  std::string program(self.data(), length > 0 ? static_cast<std::size_t>(length) : 0);
  const std::string folder = program.substr(0, program.rfind('/') + 1);
  program = folder + "proxima-gslb";
  // A package has the tool in bin and the server in sbin.
  if (::access(program.c_str(), X_OK) != 0) { program = folder + "../sbin/proxima-gslb"; }
  arguments.insert(arguments.begin(), "proxima-gslb");
  if (!learnt.empty()) {
    arguments.emplace_back("--learnt");
    arguments.push_back(make_file(learnt));
  }
  std::vector<char*> pointers;
  for (std::string& argument : arguments) { pointers.push_back(argument.data()); }
  pointers.push_back(nullptr);
  ::execv(program.c_str(), pointers.data());
  std::fprintf(stderr, "proximactl: cannot run %s: %m\n", program.c_str());
  return ctl::kExitServer;
}

bool wants_colour() {
  const char* const no_color = std::getenv("NO_COLOR");
  const char* const terminal = std::getenv("TERM");
  return ::isatty(STDOUT_FILENO) != 0 && (no_color == nullptr || *no_color == '\0') &&
         terminal != nullptr && std::string(terminal) != "dumb";
}

}  // namespace

int main(int argc, char** argv) {
  const auto options = ctl::parse_options(std::vector<std::string>(argv + 1, argv + argc));
  if (!options) {
    put(stderr, "proximactl: " + options.error() + "\ntry: proximactl --help\n");
    return ctl::kExitUsage;
  }
  if (options->verb == ctl::Verb::kHelp) {
    put(stdout, std::string(ctl::kUsage));
    return ctl::kExitOk;
  }
  if (options->verb == ctl::Verb::kVersion) {
    put(stdout, "proximactl " + std::string(control::kVersion) + "\n");
    return ctl::kExitOk;
  }
  return ctl::run(*options, {.call = ctl::http_call,
                             .sleep = [](milliseconds time) { std::this_thread::sleep_for(time); },
                             .print = [](const std::string& text) { put(stdout, text); },
                             .complain = [](const std::string& text) { put(stderr, text); },
                             .environment = [](const char* name) { return std::getenv(name); },
                             .become_server = become_server,
                             .colour = wants_colour()});
}
