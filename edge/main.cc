// proxima-edge: the bundled edge cache.
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "edge/config/config.h"
#include "edge/report/exposition.h"
#include "edge/serve/server.h"
#include "edge/serve/tls_server.h"

namespace {

constexpr std::string_view kUsage =
    "usage: proxima-edge [run] -c FILE    serve until SIGTERM; SIGHUP reloads\n"
    "       proxima-edge check -c FILE    check the configuration: exit 0 or 2\n"
    "       proxima-edge --version\n";

struct Arguments {
  bool check = false;
  std::string file;
};

std::optional<Arguments> parse_arguments(int argc, char** argv) {
  Arguments arguments;
  int at = 1;
  if (at < argc && argv[at][0] != '-') {
    const std::string_view verb = argv[at++];
    if (verb != "run" && verb != "check") { return std::nullopt; }
    arguments.check = verb == "check";
  }
  if (at + 2 != argc) { return std::nullopt; }
  const std::string_view option = argv[at];
  if (option != "-c" && option != "--config") { return std::nullopt; }
  arguments.file = argv[at + 1];
  return arguments;
}

void print(std::FILE* where, std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), where);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 2 && std::string_view(argv[1]) == "--version") {
    print(stdout, "proxima-edge " + std::string(edge::report::version()) + "\n");
    return 0;
  }
  if (argc == 2 && std::string_view(argv[1]) == "--help") {
    print(stdout, kUsage);
    return 0;
  }
  const auto arguments = parse_arguments(argc, argv);
  if (!arguments) {
    print(stderr, kUsage);
    return 2;
  }
  gslb::Problems problems;
  auto config = edge::config::load(arguments->file, problems);
  // At the start they are loaded where they are used, and told of there.
  const bool usable =
      config && (!arguments->check || edge::serve::TlsServer::load(config->tls, nullptr, problems));
  print(stderr, problems.to_string());
  if (!usable) { return 2; }
  if (arguments->check) {
    print(stdout, arguments->file + ": good\n");
    return 0;
  }
  return edge::serve::run_server(arguments->file,
                                 std::make_shared<const edge::config::Config>(std::move(*config)));
}
