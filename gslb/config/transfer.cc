#include "gslb/config/transfer.h"

#include <algorithm>
#include <array>
#include <set>

#include "gslb/base/base64.h"
#include "gslb/config/key_file.h"
#include "gslb/config/sections.h"

namespace gslb::config {
namespace {

constexpr std::uint16_t kDnsOverTlsPort = 853;
constexpr std::size_t kMinSecret = 8;
constexpr std::size_t kPinOctets = 32;
constexpr std::int64_t kMaxJournal = std::int64_t{1} << 40;

constexpr std::array<std::pair<std::string_view, TsigAlgorithm>, 4> kAlgorithms = {{
    {"hmac-sha224", TsigAlgorithm::kHmacSha224},
    {"hmac-sha256", TsigAlgorithm::kHmacSha256},
    {"hmac-sha384", TsigAlgorithm::kHmacSha384},
    {"hmac-sha512", TsigAlgorithm::kHmacSha512},
}};

// One spelling of a domain name: lower case, no last dot.
std::string plain_name(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') { c = static_cast<char>(c - 'A' + 'a'); }
  }
  if (text.size() > 1 && text.ends_with('.')) { text.pop_back(); }
  return text;
}

TsigAlgorithm read_algorithm(TomlTable& table, std::string_view key, const std::string& text) {
  for (const auto& [name, algorithm] : kAlgorithms) {
    if (plain_name(text) == name) { return algorithm; }
  }
  const bool is_weak = plain_name(text).starts_with("hmac-md5") || plain_name(text) == "hmac-sha1";
  table.error(key,
              is_weak ? text + " is too weak to be trusted" : "unknown algorithm '" + text + "'",
              is_weak ? "RFC 8945 6: make a new key for both sides: tsig-keygen -a hmac-sha256 NAME"
                      : "hmac-sha256, or hmac-sha224, hmac-sha384, hmac-sha512");
  return TsigAlgorithm::kHmacSha256;
}

// `secret` is all of a key that may stand in the configuration itself.
KeyFile read_key_text(TomlTable& table, const Context& context) {
  const std::size_t errors = context.problems.error_count();
  const std::string text = read_secret(table, "secret", 1, context);
  if (table.has("secret")) { return {.name = {}, .algorithm = {}, .secret = text}; }
  if (!table.has("secret_file")) {
    table.error("secret", "the key has no secret", "set secret or secret_file");
    return {};
  }
  if (context.problems.error_count() != errors) { return {}; }
  if (const auto key = parse_key_file(text)) { return *key; }
  table.error("secret_file", "this is no file with one TSIG key",
              "as tsig-keygen or keymgr -t write it, or the secret in base64 alone");
  return {};
}

void read_key(TomlTable& table, Context& context, Seen& seen) {
  TsigKey key;
  const KeyFile file = read_key_text(table, context);
  const bool is_unread = context.secrets == Secrets::kStandIns && table.has("secret_file");
  if (is_unread && !table.has("name")) {
    // It stands in the file.
  } else if (!table.has("name") && !file.name.empty()) {
    key.name = {file.name, table.at("secret_file")};
    check_duplicate({plain_name(file.name), key.name.at}, "key", seen, context.problems);
  } else if (auto name = read_owner(table, context, "key", seen)) {
    key.name = std::move(*name);
    if (!file.name.empty() && plain_name(file.name) != plain_name(key.name.text)) {
      table.error("name", "the file's key is named '" + file.name + "'",
                  "both sides must give a key the same name; leave 'name' out to take the file's");
    }
  }
  if (const auto algorithm = table.string("algorithm")) {
    key.algorithm = read_algorithm(table, "algorithm", *algorithm);
    if (!file.algorithm.empty() && plain_name(file.algorithm) != plain_name(*algorithm)) {
      table.error("algorithm", "the file's key is for " + file.algorithm, "leave 'algorithm' out");
    }
  } else if (!file.algorithm.empty()) {
    key.algorithm = read_algorithm(table, "secret_file", file.algorithm);
  }
  if (!file.secret.empty()) {
    const std::string_view used = table.has("secret") ? "secret" : "secret_file";
    key.secret = decode_base64(file.secret).value_or("");
    if (key.secret.empty()) {
      table.error(used, "the secret is not base64", "make one with: openssl rand -base64 32");
    } else if (key.secret.size() < kMinSecret) {
      table.error(used,
                  "the secret has " + std::to_string(key.secret.size()) + " octets, fewer than " +
                      std::to_string(kMinSecret),
                  "make one with: openssl rand -base64 32");
    }
  }
  table.finish();
  context.config.keys.push_back(std::move(key));
}

void check_known(const LocatedString& name, std::string_view kind,
                 const std::vector<std::string>& known, Problems& problems) {
  if (std::ranges::find(known, name.text) == known.end()) {
    report_unknown(name, kind, known, problems);
  }
}

void check_key(const LocatedString& name, const Context& context) {
  std::vector<std::string> names;
  for (const TsigKey& key : context.config.keys) {
    if (key.name.text.empty()) { return; }  // in a file that isn't read
    names.push_back(plain_name(key.name.text));
  }
  check_known(name, "key", names, context.problems);
}

void read_tls(TomlTable& table, const Context& context, Remote& remote) {
  remote.tls_name = table.string("tls_name").value_or("");
  if (const auto path = read_path(table, "tls_ca", context)) { remote.tls_ca = path->text; }
  if (const auto pin = table.string("tls_pin")) {
    remote.tls_pin = decode_base64(*pin).value_or("");
    if (remote.tls_pin.size() != kPinOctets) {
      table.error("tls_pin", "'tls_pin' is not the SHA-256 of a public key in base64",
                  "44 characters, as kdig +tls-pin takes it");
    }
  }
  remote.notify_port =
      static_cast<std::uint16_t>(table.integer("notify_port", 1, 65535).value_or(kDnsPort));
  read_tls_files(table, context, &remote.tls_certificate, &remote.tls_key);
  for (const std::string_view key :
       {"tls_name", "tls_ca", "tls_pin", "tls_certificate", "tls_key", "notify_port"}) {
    if (!remote.tls && table.has(key)) {
      table.error(key, "'" + std::string(key) + "' says something about TLS, which is off",
                  "set tls = true, or leave it out");
    }
  }
}

void read_remote(TomlTable& table, Context& context, Seen& seen) {
  Remote remote;
  if (auto id = located(table, "id", Need::kRequired)) {
    check_id(*id, "remote", context.problems);
    check_duplicate(*id, "remote", seen, context.problems);
    remote.id = std::move(*id);
  }
  remote.tls = table.boolean("tls").value_or(false);
  remote.addresses = read_servers(table, "address", remote.tls ? kDnsOverTlsPort : kDnsPort,
                                  Need::kRequired, context.problems);
  if (auto key = located(table, "key")) {
    remote.key = plain_name(key->text);
    check_key({remote.key, key->at}, context);
  }
  read_tls(table, context, remote);
  if (const auto text = table.string("source")) {
    remote.source = Address::parse(*text);
    if (!remote.source) {
      table.error("source", "'" + *text + "' is not an address", "such as \"192.0.2.1\", no port");
    }
  }
  table.finish();
  context.config.remotes.push_back(std::move(remote));
}

AccessRule parse_rule(const LocatedString& text, const Context& context) {
  AccessRule rule;
  rule.at = text.at;
  constexpr std::string_view kKey = "key:";
  constexpr std::string_view kTls = "tls:";
  if (text.text.starts_with(kKey)) {
    rule.key = plain_name(text.text.substr(kKey.size()));
    check_key({rule.key, text.at}, context);
  } else if (text.text.starts_with(kTls)) {
    rule.tls_name = plain_name(text.text.substr(kTls.size()));
    if (context.config.server.tls_client_ca.empty()) {
      context.problems.error(text.at, "no client's certificate is trusted",
                             "set listen_tls and tls_client_ca in [server]");
    }
  } else if (text.text.find_first_of(".:/") != std::string::npos) {
    Prefix::ParseError error{};
    rule.prefix = Prefix::parse(text.text, &error);
    if (!rule.prefix) {
      const bool host_bits = error == Prefix::ParseError::kHostBits;
      context.problems.error(
          text.at,
          "'" + text.text + "' " + (host_bits ? "has bits beyond its length" : "is not a prefix"),
          "a prefix such as \"192.0.2.0/24\", \"key:NAME\", \"tls:NAME\", or the id of a "
          "[[remote]]");
    }
  } else {
    rule.remote = text.text;
    std::vector<std::string> ids;
    for (const Remote& remote : context.config.remotes) { ids.push_back(remote.id.text); }
    check_known(text, "remote", ids, context.problems);
  }
  return rule;
}

}  // namespace

std::string_view to_string(TsigAlgorithm algorithm) noexcept {
  return kAlgorithms[static_cast<std::size_t>(algorithm)].first;
}

std::vector<Endpoint> read_servers(TomlTable& table, std::string_view key, std::uint16_t port,
                                   Need need, Problems& problems) {
  std::vector<Endpoint> servers;
  for (const LocatedString& text : table.strings(key, need)) {
    const auto endpoint = Endpoint::parse(text.text, port);
    if (!endpoint || endpoint->port == 0) {
      problems.error(text.at, "'" + text.text + "' is not an address of a server",
                     "such as \"192.0.2.1\" or \"[2001:db8::1]:5300\"; names are not looked up");
      continue;
    }
    servers.push_back(*endpoint);
  }
  return servers;
}

void read_keys(TomlTable& root, Context& context) {
  Seen seen;
  for (TomlTable& table : root.tables("key")) { read_key(table, context, seen); }
}

void read_remotes(TomlTable& root, Context& context) {
  Seen seen;
  for (TomlTable& table : root.tables("remote")) { read_remote(table, context, seen); }
}

void read_transfer(TomlTable& root, Context& context) {
  auto table = root.table("transfer");
  if (!table) { return; }
  Transfer& into = context.config.transfer;
  into.outgoing =
      static_cast<unsigned>(table->integer("outgoing", 1, 100'000).value_or(into.outgoing));
  into.journal_octets =
      table->size_octets("journals", 0, kMaxJournal).value_or(into.journal_octets);
  table->finish();
}

std::vector<AccessRule> read_access(TomlTable& table, std::string_view key,
                                    const Context& context) {
  std::vector<AccessRule> rules;
  for (const LocatedString& text : table.strings(key)) {
    rules.push_back(parse_rule(text, context));
  }
  return rules;
}

std::vector<LocatedString> read_remote_ids(TomlTable& table, std::string_view key,
                                           const Context& context) {
  auto ids = table.strings(key);
  std::vector<std::string> known;
  for (const Remote& remote : context.config.remotes) { known.push_back(remote.id.text); }
  for (const LocatedString& id : ids) { check_known(id, "remote", known, context.problems); }
  return ids;
}

void check_catalogs(Context& context) {
  std::set<std::string> made_here;
  for (const Zone& zone : context.config.zones) {
    const bool is_made = zone.secondary->is_catalog && zone.secondary->primaries.empty();
    if (is_made) { made_here.insert(plain_name(zone.name.text)); }
  }
  for (const Zone& zone : context.config.zones) {
    if (!zone.transfer->member_of) { continue; }
    if (!made_here.contains(plain_name(zone.transfer->member_of->text))) {
      context.problems.error(zone.transfer->member_of->at,
                             "'" + zone.transfer->member_of->text + "' is no catalog made here",
                             "add [[zone]] with that name, catalog = true, no file, no primaries");
    }
  }
}

ZoneTransfer read_zone_transfer(TomlTable& table, const Context& context) {
  ZoneTransfer into;
  into.allow = read_access(table, "allow_transfer", context);
  into.tls_only = table.boolean("transfer_tls").value_or(into.tls_only);
  into.notify = read_remote_ids(table, "notify", context);
  into.member_of = located(table, "member_of");
  into.journal_octets = table.size_octets("journal", 0, kMaxJournal).value_or(into.journal_octets);
  return into;
}

}  // namespace gslb::config
