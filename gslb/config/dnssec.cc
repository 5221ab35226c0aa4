#include <algorithm>

#include "gslb/base/file.h"
#include "gslb/base/units.h"
#include "gslb/config/sections.h"

namespace gslb::config {
namespace {

constexpr std::int64_t kDay = 86'400;
constexpr std::int64_t kYear = 365 * kDay;
constexpr std::int64_t kLongest = 10 * kYear;

// Whole seconds: what DNSSEC counts in.
void read_seconds(TomlTable& table, std::string_view key, std::int64_t low, std::int64_t high,
                  std::int64_t& into) {
  const auto value_ms = table.duration_ms(key, low * 1000, high * 1000);
  if (!value_ms) { return; }
  if (*value_ms % 1000 != 0) {
    table.error(key, "'" + std::string(key) + "' is " + format_duration_ms(*value_ms) +
                         ", not whole seconds");
    return;
  }
  into = *value_ms / 1000;
}

template <typename Enum>
void read_word(TomlTable& table, std::string_view key, const std::vector<std::string>& words,
               Enum& into) {
  const auto word = table.choice(key, words);
  if (!word) { return; }
  into = static_cast<Enum>(std::find(words.begin(), words.end(), *word) - words.begin());
}

void read_algorithm(TomlTable& table, DnssecPolicy& policy) {
  policy.algorithm = table.choice("algorithm", {"ecdsap256sha256", "ed25519", "rsasha256"})
                         .value_or(policy.algorithm);
  policy.rsa_bits =
      static_cast<unsigned>(table.integer("rsa_bits", 2048, 4096).value_or(policy.rsa_bits));
  if (policy.algorithm != "rsasha256" && table.has("rsa_bits")) {
    table.error("rsa_bits", "'rsa_bits' is set but not used",
                "set algorithm = \"rsasha256\", or leave it out");
  }
}

void read_key_dir(TomlTable& table, const Context& context, DnssecPolicy& policy) {
  const auto folder = read_path(table, "key_dir", context);
  if (folder) {
    policy.key_dir = folder->text;
  } else if (!context.config.server.state_dir.empty()) {
    policy.key_dir = context.config.server.state_dir + "/keys";
  } else if (!table.has("key_dir")) {
    table.error("key_dir", "there is no folder for keys",
                "set key_dir here, or state_dir in [server] for the default state_dir/keys");
  }
}

void read_signatures(TomlTable& table, DnssecPolicy& policy) {
  read_seconds(table, "signature_lifetime", 10, kYear, policy.signature_lifetime_s);
  // What is not given follows a shorter lifetime, so that one key is enough for a test zone.
  policy.signature_refresh_s =
      std::min(policy.signature_refresh_s, policy.signature_lifetime_s / 2);
  policy.signature_jitter_s = std::min(policy.signature_jitter_s, policy.signature_lifetime_s / 10);
  read_seconds(table, "signature_refresh", 1, kYear, policy.signature_refresh_s);
  read_seconds(table, "signature_jitter", 0, kYear, policy.signature_jitter_s);
  read_seconds(table, "inception_skew", 0, 7 * kDay, policy.inception_skew_s);
  if (policy.signature_refresh_s + policy.signature_jitter_s >= policy.signature_lifetime_s) {
    table.error("signature_refresh",
                "signatures of " + format_duration_ms(policy.signature_lifetime_s * 1000) +
                    " would be made anew as soon as they are made",
                "signature_refresh and signature_jitter together must be shorter than "
                "signature_lifetime");
  }
}

void read_rollover(TomlTable& table, Problems& problems, DnssecPolicy& policy) {
  std::int64_t dnskey_ttl_s = policy.dnskey_ttl_s;
  read_seconds(table, "dnskey_ttl", 0, 7 * kDay, dnskey_ttl_s);
  policy.dnskey_ttl_s = static_cast<std::uint32_t>(dnskey_ttl_s);
  read_seconds(table, "propagation", 0, 7 * kDay, policy.propagation_s);
  read_seconds(table, "parent_propagation", 0, 30 * kDay, policy.parent_propagation_s);
  read_seconds(table, "parent_ds_ttl", 0, 30 * kDay, policy.parent_ds_ttl_s);
  read_seconds(table, "zsk_lifetime", 0, kLongest, policy.zsk_lifetime_s);
  read_seconds(table, "ksk_lifetime", 0, kLongest, policy.ksk_lifetime_s);
  policy.parent = read_servers(table, "parent", kDnsPort, Need::kOptional, problems);
  read_seconds(table, "parent_check", 1, kDay, policy.parent_check_s);
  if (policy.parent.empty() && table.has("parent_check")) {
    table.error("parent_check", "'parent_check' is set but not used",
                "set parent, or leave it out");
  }
  read_seconds(table, "purge_keys", 0, kLongest, policy.purge_keys_s);
  policy.cds = table.boolean("cds").value_or(policy.cds);
  policy.go_insecure = table.boolean("go_insecure").value_or(policy.go_insecure);
  if (policy.keys == KeyLayout::kCsk && table.has("zsk_lifetime")) {
    table.error("zsk_lifetime", "'zsk_lifetime' is set but not used",
                "a CSK lives for ksk_lifetime; or set keys = \"ksk-zsk\"");
  }
  // A successor is published this long before it takes over (RFC 6781 4.1.1.1).
  const std::int64_t publication_s = policy.propagation_s + dnskey_ttl_s;
  for (const auto& [key, lifetime_s] : {std::pair("zsk_lifetime", policy.zsk_lifetime_s),
                                        std::pair("ksk_lifetime", policy.ksk_lifetime_s)}) {
    if (table.has(key) && lifetime_s > 0 && lifetime_s <= publication_s) {
      table.error(key,
                  "'" + std::string(key) + "' is not over the " +
                      format_duration_ms(publication_s * 1000) +
                      " its successor has to be published before",
                  "it must exceed propagation + dnskey_ttl");
    }
  }
}

DnssecPolicy read_policy(const LocatedString& id, TomlTable& table, const Context& context) {
  DnssecPolicy policy;
  policy.id = id;
  check_id(id, "dnssec policy", context.problems);
  read_algorithm(table, policy);
  read_word(table, "keys", {"csk", "ksk-zsk"}, policy.keys);
  read_key_dir(table, context, policy);
  policy.generate = table.boolean("generate").value_or(policy.generate);
  read_word(table, "denial", {"nsec", "nsec3", "compact"}, policy.denial);
  policy.nsec3_opt_out = table.boolean("nsec3_opt_out").value_or(policy.nsec3_opt_out);
  if (policy.nsec3_opt_out && policy.denial != Denial::kNsec3) {
    table.error("nsec3_opt_out", "'nsec3_opt_out' is set but not used", "set denial = \"nsec3\"");
  }
  read_signatures(table, policy);
  read_rollover(table, context.problems, policy);
  read_word(table, "serial", {"increment", "unixtime", "keep"}, policy.serial);
  table.finish();
  return policy;
}

}  // namespace

void read_dnssec(TomlTable& root, Context& context) {
  for (auto& [id, table] : root.named_tables("dnssec")) {
    context.config.dnssec.push_back(read_policy(id, table, context));
  }
}

void check_policy(const LocatedString& policy, const Context& context) {
  std::vector<std::string> known;
  for (const DnssecPolicy& each : context.config.dnssec) { known.push_back(each.id.text); }
  if (std::find(known.begin(), known.end(), policy.text) == known.end()) {
    report_unknown(policy, "dnssec policy", known, context.problems);
  }
}

}  // namespace gslb::config
