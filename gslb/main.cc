// proxima-gslb: the geo-aware authoritative name server.
#include <atomic>
#include <csignal>
#include <cstdio>
#include <string>
#include <vector>

#include <malloc.h>
#include <unistd.h>

#include "gslb/base/fields.h"
#include "gslb/base/log.h"
#include "gslb/control/admin_api.h"
#include "gslb/control/compiled.h"
#include "gslb/control/http_server.h"
#include "gslb/control/supervisor.h"
#include "gslb/control/version.h"
#include "gslb/dnssec/verify_zone.h"
#include "gslb/trial/command.h"
#include "gslb/trial/n_minus_1.h"

namespace {

using namespace gslb;  // NOLINT(google-build-using-namespace): its main file

constexpr int kExitOk = 0;
constexpr int kExitFailed = 1;  // the environment: a port in use
constexpr int kExitUsage = 2;   // the command line or a file: what to mend is on stderr

constexpr const char* kUsage =
    "usage: proxima-gslb [run] -c FILE    answer until SIGTERM; SIGHUP reloads\n"
    "       proxima-gslb check -c FILE    read all that FILE names; exit 0 or 2\n"
    "                    --dnssec         ... and verify every signature of zones signed "
    "elsewhere\n"
    "                    --n-1 MODE       whether each cluster can be lost without overfilling\n"
    "                                     another: strict (an error), warn, off; without: warn\n"
    "                                     when loads were learnt\n"
    "                    --state DIR      ... by the loads in there, not in state_dir\n"
    "                    --load X         ... with X (0.7) of all targets in use, when none were\n"
    "       proxima-gslb --version | --help\n";

std::string usage() { return std::string(kUsage) + trial::kReplayUsage + trial::kSimulateUsage; }

struct CommandLine {
  std::string verb = "run";
  std::string config_file;
  bool verifies_dnssec = false;
  trial::NMinusOneOptions n_minus_1;
};

// False: the value is none of the option's.
bool set_n_minus_1(const std::string& name, const std::string& value,
                   trial::NMinusOneOptions& options) {
  if (name == "--state") {
    options.state_dir = value;
    return !value.empty();
  }
  if (name == "--load") {
    const auto share = parse_number<double>(value);
    options.assumption.use_of_targets = share.value_or(0);
    return options.assumption.use_of_targets > 0 && options.assumption.use_of_targets <= 100;
  }
  options.mode = value == "strict" ? trial::NMinusOne::kStrict
                 : value == "warn" ? trial::NMinusOne::kWarn
                                   : trial::NMinusOne::kOff;
  return value == "strict" || value == "warn" || value == "off";
}

// Empty config_file: the usage has been printed.
CommandLine parse_command_line(const std::vector<std::string>& arguments) {
  CommandLine line;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    if ((argument == "-c" || argument == "--config") && i + 1 < arguments.size()) {
      line.config_file = arguments[++i];
    } else if (line.verb == "check" && argument == "--dnssec") {
      line.verifies_dnssec = true;
    } else if (line.verb == "check" && i + 1 < arguments.size() &&
               (argument == "--n-1" || argument == "--state" || argument == "--load") &&
               set_n_minus_1(argument, arguments[i + 1], line.n_minus_1)) {
      ++i;
    } else if (i == 0 && (argument == "run" || argument == "check")) {
      line.verb = argument;
    } else {
      std::fprintf(stderr, "proxima-gslb: unexpected '%s'\n%s", argument.c_str(), usage().c_str());
      return {};
    }
  }
  if (line.config_file.empty()) { std::fputs(usage().c_str(), stderr); }
  return line;
}

std::string count_errors(const Problems& problems) {
  const std::size_t count = problems.error_count();
  return std::to_string(count) + (count == 1 ? " error" : " errors");
}

// The zones no policy signs, with every signature and the whole chain.
void verify_zones(const control::Compiled& compiled, Problems& problems) {
  for (const config::Zone& from : compiled.config.zones) {
    const auto row = compiled.table->find(dns::Name::parse(from.name.text).value());
    if (from.dnssec || !row->zone) { continue; }
    dnssec::verify_zone(*row->zone, row->read_at, dnssec::VerifyDepth::kFull, row->file, problems);
  }
}

int check(const CommandLine& line) {
  const std::string& file = line.config_file;
  Problems problems;
  const auto compiled = control::compile(file, problems);
  if (compiled && line.verifies_dnssec) { verify_zones(*compiled, problems); }
  std::string proven;
  if (compiled) {
    proven = trial::prove_n_minus_1(compiled, line.n_minus_1, std::chrono::system_clock::now(),
                                    problems);
  }
  std::fputs(problems.to_string().c_str(), stderr);
  if (problems.has_errors()) {
    std::fprintf(stderr, "%s: %s\n", file.c_str(), count_errors(problems).c_str());
    return kExitUsage;
  }
  std::size_t records = 0;
  for (const auto& zone : compiled->zones->zones()) { records += zone->record_count(); }
  std::printf("%s: ok: %zu zones, %zu records, %zu routes, %zu clusters, %zu units, %zu leaves\n",
              file.c_str(), compiled->zones->zones().size(), records,
              compiled->services->routes.size(), compiled->fleet->clusters().size(),
              compiled->geo->units().size(), compiled->geo->leaf_count());
  if (!proven.empty()) { std::printf("%s\n", proven.c_str()); }
  for (const std::string& credit : compiled->geo->attributions()) {
    std::printf("%s\n", credit.c_str());
  }
  return kExitOk;
}

control::HttpOptions http_options(const config::Admin& admin) {
  control::HttpOptions options;
  options.listen = admin.listen;
  options.certificate_path = admin.tls_certificate;
  options.key_path = admin.tls_key;
  return options;
}

// Every thread made later inherits the mask: signals come to sigwait() in main only.
sigset_t block_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) { sigaddset(&signals, signal); }
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  return signals;
}

void wait_for_end(const sigset_t& signals, control::Supervisor& supervisor,
                  control::HttpServer& admin) {
  for (;;) {
    int signal = 0;
    if (sigwait(&signals, &signal) != 0) { continue; }
    if (signal != SIGHUP) { return; }
    supervisor.reload();
    const Problems problems = admin.reload_certificate();
    for (const Problem& problem : problems.list()) { log_error("admin", problem.to_string()); }
  }
}

int run(const std::string& file) {
  const sigset_t signals = block_signals();
  Problems problems;
  auto compiled = control::compile(file, problems,
                                   {.compiled = nullptr, .zones = nullptr, .uses_geo_cache = true});
  std::fputs(problems.to_string().c_str(), stderr);
  if (!compiled) {
    std::fprintf(stderr, "%s: %s, not started\n", file.c_str(), count_errors(problems).c_str());
    return kExitUsage;
  }
  const config::Admin admin_config = compiled->config.admin;
  const config::Log log = compiled->config.log;
  LogLevel level = LogLevel::kInfo;
  parse_log_level(log.level, &level);
  log_configure(level, log.format == "json" ? LogFormat::kJson : LogFormat::kText);
  for (const std::string& line : compiled->geo->attributions()) { log_info("geo", line); }

  std::atomic<bool> failed{false};
  control::Supervisor supervisor(file, std::move(compiled), [&failed] {
    failed = true;
    ::kill(::getpid(), SIGTERM);
  });
  control::AdminApi api(supervisor, admin_config.token);
  control::HttpServer admin(
      http_options(admin_config),
      [&api](const control::HttpRequest& request) { return api.handle(request); });
  const Problems admin_problems = admin.start();
  for (const Problem& problem : admin_problems.list()) { log_error("admin", problem.to_string()); }
  if (admin_problems.has_errors()) { return kExitFailed; }
  log_info("admin", "listening", {{"address", admin.endpoint().to_string()}});

  wait_for_end(signals, supervisor, admin);
  log_info("server", "stopping");
  // The admin listener first: a heartbeat must not call a supervisor that has stopped.
  admin.stop();
  supervisor.stop();
  return failed ? kExitFailed : kExitOk;
}

}  // namespace

int main(int argc, char** argv) {
  // One heap for all threads: what one of them read and another lets go of is reused, where arenas
  // of their own each keep their peak (100,000 zones: 172 MB, not 240). Queries allocate nothing.
  ::mallopt(M_ARENA_MAX, 1);
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if (arguments.size() == 1 && arguments[0] == "--version") {
    std::printf("proxima-gslb %s\n", std::string(control::kVersion).c_str());
    return kExitOk;
  }
  if (arguments.size() == 1 && (arguments[0] == "--help" || arguments[0] == "-h")) {
    std::fputs(usage().c_str(), stdout);
    return kExitOk;
  }
  if (!arguments.empty() && arguments[0] == "replay") {
    return trial::replay_command({arguments.begin() + 1, arguments.end()});
  }
  if (!arguments.empty() && arguments[0] == "simulate") {
    return trial::simulate_command({arguments.begin() + 1, arguments.end()});
  }
  const CommandLine line = parse_command_line(arguments);
  if (line.config_file.empty()) { return kExitUsage; }
  return line.verb == "check" ? check(line) : run(line.config_file);
}
