#include "gslb/ctl/key_files.h"

#include "gslb/ctl/render.h"
#include "gslb/dnssec/key_text_form.h"
#include "gslb/dnssec/keys_json.h"

namespace gslb::ctl {
namespace {

int fail(const World& world, const std::string& what) {
  world.complain("proximactl: " + what + "\n");
  return kExitUsage;
}

int generate(const Options& options, const World& world, const dns::Name& zone,
             const dnssec::ZoneKeys& others) {
  const auto role = options.role.empty() ? dnssec::KeyRole::kCsk : dnssec::parse_role(options.role);
  if (!role) { return fail(world, "--role is csk, ksk or zsk, not '" + options.role + "'"); }
  dnssec::NewKey wanted;
  wanted.role = *role;
  if (!options.algorithm.empty()) {
    const auto algorithm = dnssec::parse_algorithm(options.algorithm);
    if (!algorithm) { return fail(world, "unknown algorithm '" + options.algorithm + "'"); }
    wanted.algorithm = *algorithm;
  }
  Problems problems;
  const auto now = std::chrono::floor<seconds>(std::chrono::system_clock::now());
  const auto key = dnssec::make_key(*options.key_dir, zone, wanted, now, others, problems);
  if (!key) {
    world.complain(problems.to_string());
    return kExitUsage;
  }
  world.print(*options.key_dir + "/" + dnssec::key_file_name(*key->file.key) + "\n");
  return kExitOk;
}

}  // namespace

int run_on_key_files(const Options& options, const World& world) {
  const auto zone = dns::Name::parse(options.name);
  if (!zone) { return fail(world, "'" + options.name + "' is not a domain name"); }
  Problems problems;
  const auto now = std::chrono::floor<seconds>(std::chrono::system_clock::now());
  dnssec::ZoneKeys keys =
      dnssec::load_keys(dnssec::KeyDirectory(*options.key_dir), *zone, {}, now, problems);
  if (!problems.list().empty()) { world.complain(problems.to_string()); }
  if (problems.has_errors()) { return kExitUsage; }
  if (options.action == "generate") { return generate(options, world, *zone, keys); }
  if (keys.empty()) {
    return fail(world, "no keys of " + zone->to_string() + " in " + *options.key_dir);
  }
  dnssec::SigningStatus status;
  status.apex = *zone;
  status.key_dir = *options.key_dir;
  // Before its first start a zone has nothing but spares: theirs will be the DS.
  if (options.action == "ds") {
    bool has_used = false;
    for (const dnssec::ZoneKey& key : keys) { has_used |= key.state.introduced.has_value(); }
    for (dnssec::ZoneKey& key : keys) {
      if (!has_used) { key.state.introduced = now; }
    }
  }
  status.keys = std::move(keys);
  const std::string body = dnssec::to_json({status});
  if (options.json) {
    world.print(body);
    return kExitOk;
  }
  const auto text = options.action == "ds" ? render_ds(body, {false, world.colour})
                                           : render_keys(body, {false, world.colour});
  world.print(*text);
  return kExitOk;
}

}  // namespace gslb::ctl
