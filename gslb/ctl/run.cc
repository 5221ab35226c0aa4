#include "gslb/ctl/run.h"

#include <algorithm>

#include "gslb/base/check.h"
#include "gslb/base/units.h"
#include "gslb/ctl/key_files.h"
#include "gslb/ctl/render.h"

namespace gslb::ctl {
namespace {

constexpr milliseconds kReloadPoll{100};
constexpr milliseconds kLearntPoll{50};

// What proxima-gslb is to do instead.
std::vector<std::string> server_arguments(const Options& options) {
  if (options.verb == Verb::kReplay) { return {"replay", options.target}; }
  std::vector<std::string> arguments = {options.verb == Verb::kCheck ? "check" : "simulate", "-c",
                                        options.connection.config_file.value_or(kDefaultConfig)};
  arguments.insert(arguments.end(), options.trial.begin(), options.trial.end());
  if (options.json) { arguments.emplace_back("--json"); }
  return arguments;
}

// Whether demand and loads come from elsewhere than a running server.
bool is_offline(const Options& options) {
  return options.verb != Verb::kSimulate ||
         std::ranges::any_of(options.trial, [](const std::string& each) {
           return each == "--state" || each == "--learnt" || each == "--queries";
         });
}

int exit_code_of(unsigned status) {
  if (status < 300) { return kExitOk; }
  if (status == 401 || status == 403) { return kExitDenied; }
  if (status == 404) { return kExitNotFound; }
  return status < 500 ? kExitUsage : kExitServer;
}

class Run {
 public:
  Run(const Options& options, const World& world, const ServerAddress& server)
      : options_(options), world_(world), server_(server) {}

  int verb() {
    switch (options_.verb) {
      case Verb::kStatus:
        return show("/v1/status", {}, render_status);
      case Verb::kExplain:
        return show("/v1/explain",
                    {{"name", options_.name},
                     {"type", options_.type},
                     {"client", options_.client},
                     {"as", options_.as_resolver ? "resolver" : ""},
                     {"resolver", options_.resolver.value_or("")}},
                    render_explain);
      case Verb::kReload:
        return reload();
      case Verb::kDrain:
        return set_admin("/v1/drain");
      case Verb::kUndrain:
        return set_admin("/v1/undrain");
      case Verb::kForce:
        return set_admin("/v1/force");
      case Verb::kReady:
        return ready();
      case Verb::kMetrics:
        return metrics();
      case Verb::kMonitors:
        return show("/v1/monitors", {}, render_monitors);
      case Verb::kResolvers:
        return show("/v1/resolvers", {}, render_resolvers);
      case Verb::kZones:
        return show("/v1/zones", {{"zone", options_.name}}, render_zones);
      case Verb::kAcme:
        return acme();
      case Verb::kZone:
        return zone();
      case Verb::kKeys:
        return keys();
      case Verb::kPurge:
        return order("/v1/purge");
      case Verb::kPrefetch:
        return order("/v1/prefetch");
      case Verb::kPurges:
        return show("/v1/purge", {}, render_purges);
      case Verb::kHelp:
      case Verb::kVersion:
      case Verb::kSimulate:
        return simulate();
      case Verb::kCheck:
      case Verb::kReplay:
        break;
    }
    CHECK(false);
    return kExitUsage;
  }

 private:
  using Render = Result<std::string, std::string> (*)(std::string_view, const Look&);

  int fail(int code, const std::string& what) {
    world_.complain("proximactl: " + what + "\n");
    return code;
  }

  // False: nothing came back, `code_` is set and the reason printed.
  bool ask(const std::string& method, const std::string& path, const Parameters& parameters,
           std::string body = {}) {
    HttpCall call = make_call(server_, method, path, parameters);
    call.body = std::move(body);
    call.timeout = options_.connection.timeout;
    auto reply = world_.call(call);
    if (!reply) {
      const bool distrusted = reply.error().find("certificate") != std::string::npos;
      const char* const hint =
          distrusted ? "name whom to trust with --ca" : "is proxima-gslb running?";
      code_ = fail(kExitServer, "cannot reach " + server_.url + ": " + reply.error() + "; " + hint);
      return false;
    }
    reply_ = *std::move(reply);
    return true;
  }

  // The same, for an answer that is not an error.
  bool ask_well(const std::string& method, const std::string& path, const Parameters& parameters,
                std::string body = {}) {
    if (!ask(method, path, parameters, std::move(body))) { return false; }
    if (reply_.status >= 200 && reply_.status < 300) { return true; }
    if (options_.json) { world_.print(reply_.body); }
    code_ = fail(exit_code_of(reply_.status), render_error(reply_.body));
    return false;
  }

  int show(const std::string& path, const Parameters& parameters, Render render) {
    if (!ask_well("GET", path, parameters)) { return code_; }
    if (options_.json) {
      world_.print(reply_.body);
      return kExitOk;
    }
    const auto text = render(reply_.body, {options_.verbose, world_.colour});
    if (!text) { return fail(kExitServer, server_.url + ": " + text.error()); }
    world_.print(*text);
    return kExitOk;
  }

  int reload() {
    const Parameters parameters = {{"zone", options_.name}, {"force", options_.force ? "1" : ""}};
    if (!ask_well("POST", "/v1/reload", parameters)) { return code_; }
    for (;;) {
      const auto outcome = read_reload(reply_.body);
      if (!outcome) { return fail(kExitServer, server_.url + ": " + outcome.error()); }
      if (!outcome->running) { return tell_reload(*outcome); }
      world_.sleep(kReloadPoll);
      if (!ask_well("GET", "/v1/reload", {})) { return code_; }
    }
  }

  int tell_reload(const ReloadOutcome& outcome) {
    const int code = outcome.succeeded && outcome.kept_zones == 0 ? kExitOk : kExitUsage;
    if (options_.json) {
      world_.print(reply_.body);
      return code;
    }
    world_.complain(outcome.problems);
    if (!outcome.succeeded) {
      return fail(code, "reload refused; what was loaded before keeps serving");
    }
    if (outcome.kept_zones > 0) {
      return fail(code, "reloaded, but " + std::to_string(outcome.kept_zones) +
                            " zones with errors keep their older copy");
    }
    world_.print("reloaded\n");
    return code;
  }

  int set_admin(const std::string& path) {
    const Parameters parameters = {
        {"target", options_.target},
        {"state", options_.state},
        {"for_ms", options_.lasts ? std::to_string(options_.lasts->count()) : ""},
        {"reason", options_.reason}};
    if (!ask_well("POST", path, parameters)) { return code_; }
    if (options_.json) {
      world_.print(reply_.body);
      return kExitOk;
    }
    const auto matched = read_matched(reply_.body);
    if (!matched) { return fail(kExitServer, server_.url + ": " + matched.error()); }
    const std::string done = options_.verb == Verb::kDrain     ? "drained"
                             : options_.verb == Verb::kUndrain ? "undrained"
                                                               : "forced " + options_.state;
    std::string line = done + " " + options_.target;
    if (*matched != 1) { line += " (" + std::to_string(*matched) + " matched)"; }
    if (options_.lasts) { line += " for " + format_duration_ms(options_.lasts->count()); }
    world_.print(line + "\n");
    return kExitOk;
  }

  int acme() {
    if (options_.action == "list") { return show("/v1/acme", {}, render_tokens); }
    Parameters parameters = {{"name", options_.name}, {"token", options_.token}};
    if (options_.lasts) {
      parameters.emplace_back("for_ms", std::to_string(options_.lasts->count()));
    }
    if (!ask_well("POST", "/v1/acme/" + options_.action, parameters)) { return code_; }
    if (options_.action == "clear") {
      world_.print(options_.json ? reply_.body : "cleared " + options_.name + "\n");
      return kExitOk;
    }
    const std::string accepted = reply_.body;
    const auto owner = read_token_owner(accepted, options_.token);
    if (!owner) { return fail(kExitServer, server_.url + ": " + owner.error()); }
    // An ACME client asks for validation as soon as its hook returns.
    for (milliseconds waited{}; waited < options_.connection.timeout; waited += kReloadPoll) {
      if (!ask_well("GET", "/v1/acme", {})) { return code_; }
      if (is_token_published(reply_.body, *owner, options_.token)) {
        world_.print(options_.json ? accepted : "set at " + *owner + "\n");
        return kExitOk;
      }
      world_.sleep(kReloadPoll);
    }
    return fail(kExitServer, "the token is taken, but not yet in answers");
  }

  int zone() {
    if (options_.action == "secondaries") {
      return show("/v1/secondaries", {}, render_secondaries);
    }
    if (!ask_well("POST", "/v1/secondaries/" + options_.action, {{"zone", options_.name}})) {
      return code_;
    }
    world_.print(options_.json ? reply_.body
                               : options_.action + " of " + options_.name + " begun\n");
    return kExitOk;
  }

  int keys() {
    if (options_.action == "list") {
      return show("/v1/keys", {{"zone", options_.name}}, render_keys);
    }
    if (options_.action == "ds") { return show("/v1/keys", {{"zone", options_.name}}, render_ds); }
    const Parameters parameters = {
        {"zone", options_.name}, {"role", options_.role}, {"tag", options_.tag}};
    if (!ask_well("POST", "/v1/keys/" + options_.action, parameters)) { return code_; }
    world_.print(options_.json ? reply_.body : read_done(reply_.body) + "\n");
    return kExitOk;
  }

  // Until every node that is there has it, or the time is over.
  int order(const std::string& path) {
    if (!ask_well("POST", path, {}, purge_body(options_.purge))) { return code_; }
    auto progress = read_purge(reply_.body, 0);
    const std::uint64_t wanted = progress ? progress->last : 0;
    for (milliseconds waited{}; progress; waited += kReloadPoll) {
      const bool done = progress->pending.empty() || !options_.purge.wait;
      if (done || waited >= options_.connection.timeout) { break; }
      world_.sleep(kReloadPoll);
      if (!ask_well("GET", "/v1/purge", {})) { return code_; }
      progress = read_purge(reply_.body, wanted);
      if (progress) { progress->last = wanted; }
    }
    if (!progress) { return fail(kExitServer, server_.url + ": " + progress.error()); }
    world_.print(options_.json ? reply_.body : render_purge(*progress));
    return options_.purge.wait && !progress->pending.empty() ? kExitServer : kExitOk;
  }

  // What was learnt is written down by a thread that may be planning.
  int simulate() {
    for (milliseconds waited{}; waited < options_.connection.timeout; waited += kLearntPoll) {
      if (!ask("GET", "/v1/learnt", {})) { return code_; }
      if (reply_.status == 200) {
        return world_.become_server(server_arguments(options_), reply_.body);
      }
      if (reply_.status != 503) {
        return fail(exit_code_of(reply_.status), render_error(reply_.body));
      }
      world_.sleep(kLearntPoll);
    }
    return fail(kExitServer, "what it has learnt was not written in time");
  }

  int ready() {
    if (!ask("GET", "/readyz", {})) { return code_; }
    const bool is_ready = reply_.status == 200;
    if (!is_ready && reply_.status != 503) {
      return fail(exit_code_of(reply_.status), render_error(reply_.body));
    }
    if (options_.json) {
      world_.print(is_ready ? "{\"ready\":true}\n" : "{\"ready\":false}\n");
    } else {
      world_.print(reply_.body);
    }
    return is_ready ? kExitOk : kExitServer;
  }

  int metrics() {
    if (!ask_well("GET", "/metrics", {})) { return code_; }
    world_.print(reply_.body);
    return kExitOk;
  }

  const Options& options_;
  const World& world_;
  const ServerAddress& server_;
  HttpReply reply_;
  int code_ = kExitOk;
};

}  // namespace

int run(const Options& options, const World& world) {
  if (options.key_dir) { return run_on_key_files(options, world); }
  const bool is_trial = options.verb == Verb::kCheck || options.verb == Verb::kReplay ||
                        options.verb == Verb::kSimulate;
  if (is_trial && is_offline(options)) {
    return world.become_server(server_arguments(options), "");
  }
  const auto server = find_server(options.connection, world.environment);
  if (!server) {
    world.complain("proximactl: " + server.error() + "\n");
    return kExitUsage;
  }
  return Run(options, world, *server).verb();
}

}  // namespace gslb::ctl
