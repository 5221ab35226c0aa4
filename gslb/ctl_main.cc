// proximactl: the operator's tool.
#include <array>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include <unistd.h>

#include "gslb/control/version.h"
#include "gslb/ctl/http_client.h"
#include "gslb/ctl/run.h"

namespace {

using namespace gslb;  // NOLINT(google-build-using-namespace): its main file

void put(std::FILE* to, const std::string& text) { std::fwrite(text.data(), 1, text.size(), to); }

// Becomes `proxima-gslb check`, which is the very loader the daemon runs.  Returns on failure only.
int check(const ctl::Options& options) {
  std::array<char, 4096> self{};
  const ssize_t length = ::readlink("/proc/self/exe", self.data(), self.size() - 1);
  std::string program(self.data(), length > 0 ? static_cast<std::size_t>(length) : 0);
  program = program.substr(0, program.rfind('/') + 1) + "proxima-gslb";
  const std::string file = options.connection.config_file.value_or(ctl::kDefaultConfig);
  ::execlp(program.c_str(), "proxima-gslb", "check", "-c", file.c_str(), nullptr);
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
  if (options->verb == ctl::Verb::kCheck) { return check(*options); }
  return ctl::run(*options, {.call = ctl::http_call,
                             .sleep = [](milliseconds time) { std::this_thread::sleep_for(time); },
                             .print = [](const std::string& text) { put(stdout, text); },
                             .complain = [](const std::string& text) { put(stderr, text); },
                             .environment = [](const char* name) { return std::getenv(name); },
                             .colour = wants_colour()});
}
