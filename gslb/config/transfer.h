// What the file says about other name servers: TSIG keys, remotes, who may transfer a zone.
//
// Source: RFC 8945 (TSIG), RFC 9103 (transfers over TLS).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "gslb/base/ip.h"
#include "gslb/base/problem.h"
#include "gslb/base/toml_table.h"

namespace gslb::config {

// hmac-md5 and hmac-sha1 are refused: RFC 8945 6 says not to use them.
enum class TsigAlgorithm : std::uint8_t { kHmacSha224, kHmacSha256, kHmacSha384, kHmacSha512 };

// "hmac-sha256".
std::string_view to_string(TsigAlgorithm algorithm) noexcept;

// [[key]]
struct TsigKey {
  LocatedString name;  // a domain name; the name both sides must give the key
  TsigAlgorithm algorithm = TsigAlgorithm::kHmacSha256;
  std::string secret;  // raw octets, from `secret` or `secret_file`
};

// [[remote]]: another name server, as primary or secondary of our zones.
struct Remote {
  LocatedString id;
  std::vector<Endpoint> addresses;  // 1.., port 53, or 853 with tls
  std::string key;                  // lower-case name of a [[key]] without the last dot; "": none
  bool tls = false;                 // transfers from it run over TLS (RFC 9103)
  std::string tls_name;             // in its certificate; "": not looked at
  std::string tls_ca;               // PEM file of who may sign it; "": the system's
  std::string tls_pin;              // SHA-256 of its public key, 32 octets; "": any
  std::string tls_certificate;      // PEM files that show who we are; both or none
  std::string tls_key;
  std::uint16_t notify_port = 53;  // UDP port NOTIFY goes to when `tls`; else the address's port
  std::optional<Address> source;   // our address towards it
};

// One element of allow_transfer or allow_notify: exactly one of prefix, key, tls_name, remote.
struct AccessRule {
  Location at;
  std::optional<Prefix> prefix;  // the address alone
  std::string key;               // as Remote::key: a request signed with it, from anywhere
  std::string tls_name;          // lower case, no last dot: in the certificate a TLS client showed
  std::string remote;            // one of its addresses, and its key when it has one

  friend bool operator==(const AccessRule&, const AccessRule&) = default;
};

// Of [[zone]]: who gets it from here.
struct ZoneTransfer {
  std::vector<AccessRule> allow;           // allow_transfer; empty: nobody
  bool tls_only = false;                   // transfer_tls: refused over plain TCP and UDP
  std::vector<LocatedString> notify;       // ids of remotes
  std::optional<LocatedString> member_of;  // name of the catalog that lists it
  std::int64_t journal_octets = 16 << 20;  // for differences (IXFR); 0: none are kept

  friend bool operator==(const ZoneTransfer&, const ZoneTransfer&) = default;
};

// [transfer]
struct Transfer {
  unsigned outgoing = 100;  // transfers sent at a time; more are refused
  std::int64_t journal_octets = 1 << 30;  // of the journals of all zones together, in memory
};

}  // namespace gslb::config
