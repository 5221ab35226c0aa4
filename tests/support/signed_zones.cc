#include "tests/support/signed_zones.h"

#include <algorithm>
#include <sstream>

namespace tests {
namespace {

constexpr const char* kCommon = R"(
@ 3600 SOA ns1.example. bugs.x.w.example. 1081539377 3600 300 3600000 3600
@ 3600 NS ns1.example.
@ 3600 MX 1 xx.example.
@ 3600 DNSKEY 257 3 13 AAAA
 a.example. 3600 NS ns1.a.example.
 a.example. 3600 NS ns2.a.example.
a.example. 3600 DS 57855 13 2 B6DCD485719ADCA18E5F3D48A2331627FDD3636B6DCD485719ADCA18E5F3D48A
 ns1.a.example. 3600 A 192.0.2.5
 ns2.a.example. 3600 A 192.0.2.6
ai.example. 3600 A 192.0.2.9
ai.example. 3600 HINFO "KLH-10" "ITS"
ai.example. 3600 AAAA 2001:db8::f00:baa9
ns1.example. 3600 A 192.0.2.1
ns2.example. 3600 A 192.0.2.2
*.w.example. 3600 MX 1 ai.example.
x.w.example. 3600 MX 1 xx.example.
x.y.w.example. 3600 MX 1 xx.example.
xx.example. 3600 A 192.0.2.10
xx.example. 3600 HINFO "KLH-10" "TOPS-20"
xx.example. 3600 AAAA 2001:db8::f00:baaa
)";

constexpr const char* kNsecChain = R"(
 b.example. 3600 NS ns1.b.example.
 b.example. 3600 NS ns2.b.example.
 ns1.b.example. 3600 A 192.0.2.7
 ns2.b.example. 3600 A 192.0.2.8
@ 3600 NSEC a.example. NS SOA MX RRSIG NSEC DNSKEY
a.example. 3600 NSEC ai.example. NS DS RRSIG NSEC
ai.example. 3600 NSEC b.example. A HINFO AAAA RRSIG NSEC
b.example. 3600 NSEC ns1.example. NS RRSIG NSEC
ns1.example. 3600 NSEC ns2.example. A RRSIG NSEC
ns2.example. 3600 NSEC *.w.example. A RRSIG NSEC
*.w.example. 3600 NSEC x.w.example. MX RRSIG NSEC
x.w.example. 3600 NSEC x.y.w.example. MX RRSIG NSEC
x.y.w.example. 3600 NSEC xx.example. MX RRSIG NSEC
xx.example. 3600 NSEC example. A HINFO AAAA RRSIG NSEC
)";

constexpr const char* kNsec3Chain = R"(
@ 3600 NSEC3PARAM 1 0 12 aabbccdd
 c.example. 3600 NS ns1.c.example.
 c.example. 3600 NS ns2.c.example.
 ns1.c.example. 3600 A 192.0.2.7
 ns2.c.example. 3600 A 192.0.2.8
2t7b4g4vsa5smi47k61mv5bv1a22bojr.example. 3600 A 192.0.2.127
)";

struct Hashed {
  const char* hash;
  const char* types;
};
constexpr Hashed kHashes[] = {
    {"0p9mhaveqvm6t7vbl5lop2u3t2rp3tom", "MX DNSKEY NS SOA NSEC3PARAM RRSIG"},  // example
    {"2t7b4g4vsa5smi47k61mv5bv1a22bojr", "A RRSIG"},                            // ns1
    {"2vptu5timamqttgl4luu9kg21e0aor3s", "MX RRSIG"},                           // x.y.w
    {"35mthgpgcu1qg68fab165klnsnk3dpvl", "NS DS RRSIG"},                        // a
    {"b4um86eghhds6nea196smvmlo4ors995", "MX RRSIG"},                           // x.w
    {"gjeqe526plbf1g8mklp59enfd789njgi", "HINFO A AAAA RRSIG"},                 // ai
    {"ji6neoaepv8b5o6k4ev33abha8ht9fgc", ""},                                   // y.w
    {"k8udemvp1j2f7eg6jebps17vp3n8i58h", ""},                                   // w
    {"kohar7mbb8dc2ce8a9qvl8hon4k53uhi", "A RRSIG"},                            // 2t7b…
    {"q04jkcevqvmu85r014c7dkba38o0ji5r", "A RRSIG"},                            // ns2
    {"r53bq7cc2uvmubfu5ocmm6pers9tk9en", "MX RRSIG"},                           // *.w
    {"t644ebqk9bibcna874givr6joj62mlhv", "HINFO A AAAA RRSIG"},                 // xx
};

// RFC 4034 3.1.3: without the root and a leading "*".
std::size_t labels_of(const std::string& owner, const std::string& apex) {
  const std::string& name = owner == "@" ? apex : owner;
  const auto dots = static_cast<std::size_t>(std::ranges::count(name, '.'));
  return name.starts_with("*.") ? dots - 1 : dots;
}

}  // namespace

std::string with_signatures(const std::string& records, const std::string& apex) {
  std::string text;
  std::istringstream lines(records);
  for (std::string line; std::getline(lines, line);) {
    if (line.empty()) { continue; }
    const bool is_signed = line.front() != ' ';
    text += is_signed ? line : line.substr(1);
    text += '\n';
    if (!is_signed) { continue; }
    std::istringstream words(line);
    std::string owner;
    std::string ttl;
    std::string type;
    words >> owner >> ttl >> type;
    text += owner + ' ' + ttl + " RRSIG " + type + " 13 " + std::to_string(labels_of(owner, apex)) +
            ' ' + ttl + " 20300101000000 20200101000000 12345 " + apex + " AAAA\n";
  }
  return text;
}

std::string rfc4035_zone() {
  return with_signatures(std::string(kCommon) + "@ 3600 NS ns2.example.\n" + kNsecChain,
                         "example.");
}

std::string rfc5155_zone() {
  std::string chain = kNsec3Chain;
  for (std::size_t i = 0; i < std::size(kHashes); ++i) {
    chain += std::string(kHashes[i].hash) + ".example. 3600 NSEC3 1 1 12 aabbccdd " +
             kHashes[(i + 1) % std::size(kHashes)].hash + ' ' + kHashes[i].types + '\n';
  }
  return with_signatures(std::string(kCommon) + chain, "example.");
}

}  // namespace tests
