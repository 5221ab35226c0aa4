// RDATA readers against the vectors of Knot DNS's zone scanner (third-party data, not shipped).
#include <filesystem>
#include <map>
#include <set>

#include <gtest/gtest.h>

#include "gslb/base/file.h"
#include "gslb/zone/rdata_text.h"
#include "gslb/zone/scanner.h"

namespace gslb::zone {
namespace {

const std::string kFolder = SHARED_DATA_DIR "/zone-parser/knot-zscanner/data";

// What Knot says of each entry, in file order: RDATA in hexadecimal, or "" for a refusal.
std::vector<std::string> expected(const std::string& text) {
  std::vector<std::string> out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string line = text.substr(at, end - at);
    if (line.starts_with("RDATA=")) { out.push_back(line.substr(6)); }
    if (line.starts_with("WARNG=") || line.starts_with("ERROR=")) { out.emplace_back(); }
    at = end + 1;
  }
  return out;
}

std::string hex(const std::vector<std::uint8_t>& octets) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string out;
  for (const std::uint8_t octet : octets) {
    out += kDigits[octet >> 4];
    out += kDigits[octet & 15];
  }
  return out;
}

// Our reading of the same entries; "" for a refusal.
struct Reading {
  std::string rdata;
  int line = 0;
  std::string fault;
};
std::vector<Reading> ours(const std::string& text) {
  std::vector<Reading> out;
  dns::Name origin;
  Scanner scanner(text);
  Entry entry;
  for (;;) {
    const Scanner::Step step = scanner.next(entry);
    if (step == Scanner::Step::kEnd) { return out; }
    if (step == Scanner::Step::kFault) {
      out.push_back({"", static_cast<int>(scanner.fault().line), ""});
      continue;
    }
    if (entry.words[0].text == "$ORIGIN") {
      origin = dns::Name::parse(entry.words[1].text).value();
      continue;
    }
    if (entry.words[0].text == "$TTL") { continue; }
    std::span<const Word> words = entry.words;
    if (!entry.starts_blank) { words = words.subspan(1); }
    const auto type = words.empty() ? std::nullopt : parse_zone_type(words[0].text);
    std::vector<std::uint8_t> rdata;
    const int line = static_cast<int>(entry.words[0].line);
    if (!type) {
      out.push_back({"", line, "unknown type"});
      continue;
    }
    const auto fault = parse_rdata(*type, words.subspan(1), origin, rdata);
    out.push_back({fault ? "" : hex(rdata), line, fault ? fault->what : ""});
  }
}

// Entries on which we side with BIND or an RFC against Knot, by file and line.
const std::map<std::string, std::set<int>>& known_differences() {
  static const std::map<std::string, std::set<int>> lines = {
      // Any octet may stand in a name (RFC 2181 11), as in BIND; Knot wants some escaped.
      {"14_NS.in", {31, 32, 37, 38, 39}},
      {"18_MX.in", {22}},
      {"26_SRV.in", {20}},
      // Base64 may be cut anywhere (RFC 4034 2.2).
      {"29_CERT.in", {52}},
      {"30_KEY.in", {25}},
      {"31_DNSKEY.in", {26}},
      {"36_RRSIG.in", {33, 36, 40}},  // also: times wrap (RFC 4034 3.1.5)
      {"38_DHCID.in", {21}},
      {"50_CDNSKEY.in", {26}},
      // A group may drop its leading zero, as in BIND and NSD.
      {"43_EUI48.in", {19}},
      {"44_EUI64.in", {19}},
      // Base32hex is written without padding (RFC 5155 3.3), as BIND and NSD want it.
      {"39_NSEC3.in", {5, 6, 7, 8, 9, 10, 11, 13, 14, 15, 16, 17, 19, 20, 33, 35, 36, 38}},
      // A tag has at least one character (RFC 8659 4.1), as in BIND and NSD.
      {"52_CAA.in", {14}},
      // A group may drop leading zeros (RFC 6742 2.3).
      {"47_L64.in", {20}},
  };
  return lines;
}

TEST(KnotVectors, RdataIsReadAsKnotReadsIt) {
  if (!std::filesystem::exists(kFolder)) { GTEST_SKIP() << "no third-party vectors here"; }
  std::size_t compared = 0;
  for (const auto& file : std::filesystem::directory_iterator(kFolder)) {
    const std::string name = file.path().filename().string();
    if (file.path().extension() != ".in" || name < "10" || name[2] != '_') { continue; }
    // Their quoted strings run over several lines; ours end with the line, as BIND's.
    // Types from 59 on (WALLET, DSYNC, RESINFO ...) have no name in ldns 1.8.3.
    if (name >= "59") { continue; }
    if (name == "12_TXT.in" || name == "13_SPF.in") { continue; }
    const auto in = read_file(file.path().string());
    const auto out = read_file(std::filesystem::path(file.path()).replace_extension(".out"));
    ASSERT_TRUE(in && out);
    const auto want = expected(*out);
    const auto got = ours(*in);
    const auto known = known_differences().find(name);
    EXPECT_EQ(want.size(), got.size()) << name;
    for (std::size_t i = 0; i < std::min(want.size(), got.size()); ++i) {
      if (known != known_differences().end() && known->second.contains(got[i].line)) { continue; }
      EXPECT_EQ(got[i].rdata, want[i]) << name << ':' << got[i].line << ' ' << got[i].fault;
      ++compared;
    }
  }
  EXPECT_GT(compared, 500U);
}

}  // namespace
}  // namespace gslb::zone
