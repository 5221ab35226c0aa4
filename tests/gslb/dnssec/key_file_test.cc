// Key files of ours, of dnssec-keygen and of ldns-keygen, read by all three.
#include "gslb/dnssec/key_file.h"

#include <filesystem>

#include <sys/stat.h>

#include <gmock/gmock.h>

#include "gslb/base/file.h"

#include "tests/gslb/dnssec/tool.h"
#include "tests/support/folder.h"

namespace gslb::dnssec {
namespace {

using testing::HasSubstr;

dns::Name name(std::string_view text) { return dns::Name::parse(text).value(); }

// 2026-11-22 01:06:29 UTC.
const WallTime kTime{seconds(1795309589)};

KeyFile sample(Algorithm algorithm = Algorithm::kEcdsaP256Sha256, std::uint16_t flags = kKskFlags) {
  KeyFile key{SigningKey::generate(name("example."), algorithm, flags), {}, {}};
  key.times.created = kTime;
  key.times.publish = kTime;
  key.times.activate = kTime + std::chrono::hours(24);
  key.times.remove = kTime + std::chrono::days(400);
  key.times.sync_publish = kTime + seconds(1);
  return key;
}

std::optional<KeyFile> parse(const std::string& public_half, const std::string& private_half,
                             Problems& problems) {
  return parse_key_file({"K.key", public_half}, {"K.private", private_half}, problems);
}

class EachAlgorithm : public testing::TestWithParam<Algorithm> {};
INSTANTIATE_TEST_SUITE_P(KeyFile, EachAlgorithm,
                         testing::Values(Algorithm::kRsaSha256, Algorithm::kEcdsaP256Sha256,
                                         Algorithm::kEcdsaP384Sha384, Algorithm::kEd25519));

TEST_P(EachAlgorithm, ReadsWhatItWrites) {
  KeyFile key = sample(GetParam());
  key.other = {{"Predecessor", "12345"}};
  Problems problems;
  const auto again = parse(public_text(key), private_text(key), problems);
  ASSERT_TRUE(again) << problems.to_string();
  EXPECT_EQ(again->key->tag(), key.key->tag());
  EXPECT_EQ(again->times, key.times);
  EXPECT_EQ(again->other, key.other);
  EXPECT_EQ(private_text(*again), private_text(key));
}

TEST_P(EachAlgorithm, LoadsInBindAndLdns) {
  for (const std::uint16_t flags : {kKskFlags, kZskFlags}) {
    const KeyFile key = sample(GetParam(), flags);
    tests::Folder directory;
    Problems problems;
    ASSERT_TRUE(write_key_file(directory.path(), key, problems)) << problems.to_string();
    const std::string base = directory.path() + "/" + key_file_name(*key.key);
    const std::string soa = "@ 3600 SOA a. b. 1 2 3 4 5\n@ 3600 NS a.\n";
    const std::string zone = directory.write("zone", soa);
    directory.write("zone.bind", soa + public_text(key));
    if (has_tool("dnssec-signzone")) {
      // -z: every key signs everything, so that one alone will do.
      const ToolRun run = run_tool("cd " + directory.path() +
                                   " && dnssec-signzone -z -P -o example. zone.bind " + base);
      EXPECT_EQ(run.status, 0) << run.output;
      const ToolRun settime = run_tool("dnssec-settime -p all " + base);
      EXPECT_THAT(settime.output, HasSubstr("Activate: Mon Nov 23 01:06:29 2026"));
      EXPECT_THAT(settime.output, HasSubstr("SYNC Publish: Sun Nov 22 01:06:30 2026"));
    } else {
      std::puts("skipped: dnssec-signzone (bind9-utils) is not here");
    }
    if (has_tool("ldns-signzone")) {
      const ToolRun run =
          run_tool("ldns-signzone -o example. -f " + zone + ".ldns " + zone + " " + base);
      EXPECT_EQ(run.status, 0) << run.output;
      EXPECT_THAT(read_file(zone + ".ldns").value_or(""), HasSubstr("RRSIG"));
    } else {
      std::puts("skipped: ldns-signzone (ldnsutils) is not here");
    }
  }
}

TEST_P(EachAlgorithm, ReadsTheKeysOfBindAndLdns) {
  const std::string algorithm(to_string(GetParam()));
  for (const std::string& command :
       {"dnssec-keygen -q -a " + algorithm + " -b 2048 -f KSK -P now -A now+1d example.",
        "dnssec-keygen -q -a " + algorithm + " -b 2048 -P now -I now+1y -D now+2y example.",
        "ldns-keygen -a " + algorithm + " -b 2048 -k example.",
        "ldns-keygen -a " + algorithm + " -b 2048 example."}) {
    const std::string tool = command.substr(0, command.find(' '));
    if (!has_tool(tool)) {
      std::printf("skipped: %s is not here\n", tool.c_str());
      continue;
    }
    SCOPED_TRACE(command);
    tests::Folder directory;
    const ToolRun run = run_tool("cd " + directory.path() + " && " + command);
    ASSERT_EQ(run.status, 0) << run.output;
    Problems problems;
    const auto keys = read_key_directory(KeyDirectory(directory.path()), name("EXAMPLE"), problems);
    ASSERT_EQ(keys.size(), 1U) << problems.to_string();
    EXPECT_THAT(run.output, HasSubstr(key_file_name(*keys[0].key)));
    EXPECT_EQ(keys[0].key->is_sep(),
              command.find("-k ") != std::string::npos || command.find("KSK") != std::string::npos);
    EXPECT_EQ(keys[0].times.inactive.has_value(), command.find("-I ") != std::string::npos);
  }
}

TEST(KeyFile, SecretsAreReadableByTheirOwnerOnly) {
  tests::Folder directory;
  const KeyFile key = sample();
  const std::string base = directory.path() + "/" + key_file_name(*key.key);
  // A draft left by a crash, with a mode that lets others read.
  ASSERT_TRUE(write_file_atomically(base + ".private.new", ""));
  Problems problems;
  ASSERT_TRUE(write_key_file(directory.path(), key, problems)) << problems.to_string();
  struct stat status {};
  ASSERT_EQ(::stat((base + ".private").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
  EXPECT_FALSE(std::filesystem::exists(base + ".private.new"));
}

TEST(KeyFile, ASecretThatEverybodyCanReadIsAWarning) {
  tests::Folder directory;
  const KeyFile key = sample();
  Problems problems;
  ASSERT_TRUE(write_key_file(directory.path(), key, problems));
  EXPECT_EQ(read_key_directory(KeyDirectory(directory.path()), key.key->owner(), problems).size(),
            1U);
  EXPECT_EQ(problems.to_string(), "");
  const std::string secret = directory.path() + "/" + key_file_name(*key.key) + ".private";
  ASSERT_EQ(::chmod(secret.c_str(), 0644), 0);
  EXPECT_EQ(read_key_directory(KeyDirectory(directory.path()), key.key->owner(), problems).size(),
            1U);
  EXPECT_EQ(problems.to_string(),
            secret + ": warning: can be read by everybody on this machine (chmod o-r)\n");
}

TEST(KeyFile, IsNamedAsBindDoes) {
  const auto key =
      SigningKey::generate(name("A/b.Example."), Algorithm::kEcdsaP256Sha256, kZskFlags);
  EXPECT_THAT(key_file_name(*key), testing::MatchesRegex("Ka%2Fb\\.example\\.\\+013\\+[0-9]{5}"));
}

TEST(KeyFile, ProblemsNameFileAndLine) {
  const KeyFile key = sample();
  const std::string good_public = public_text(key);
  const std::string good_private = private_text(key);
  const auto problem = [&](const std::string& public_half, const std::string& private_half) {
    Problems problems;
    EXPECT_FALSE(parse(public_half, private_half, problems));
    return problems.to_string();
  };
  EXPECT_THAT(problem("", good_private), HasSubstr("K.key:1: error: no DNSKEY record"));
  EXPECT_THAT(problem("example. IN A 192.0.2.1\n", good_private),
              HasSubstr("K.key:1:1: error: no DNSKEY record"));
  EXPECT_THAT(problem("; x\nexample. IN DNSKEY 257 3 13 ???\n", good_private),
              HasSubstr("K.key:2:"));
  EXPECT_THAT(problem(good_public + good_public, good_private), HasSubstr("more than one record"));
  EXPECT_THAT(problem(good_public, ""), HasSubstr("K.private:1: error: no 'Private-key-format:'"));
  EXPECT_THAT(problem(good_public, "Private-key-format: v2.0\nAlgorithm: 13\n"),
              HasSubstr("K.private:1: error: private key format is not v1.x"));
  EXPECT_THAT(problem(good_public, "Private-key-format: v1.3\nAlgorithm: 13\nPrivateKey: ??\n"),
              HasSubstr("K.private:3: error: PrivateKey is not base64"));
  EXPECT_THAT(problem(good_public, good_private + "Publish: 20261322010629\n"),
              HasSubstr("error: Publish is not a time"));
  EXPECT_THAT(problem(good_public, "Private-key-format: v1.3\nAlgorithm: 15 (ED25519)\n"),
              HasSubstr("algorithm 15, but the .key file has 13"));
  EXPECT_THAT(problem(good_public, "Private-key-format: v1.3\nAlgorithm: 13\n"),
              HasSubstr("numbers of the key are missing"));
  EXPECT_THAT(problem(good_public, private_text(sample())),
              HasSubstr("the private key does not belong to K.key"));
  EXPECT_THAT(
      problem("example. IN DNSKEY 257 3 5 AwEAAQ==\n", "Private-key-format: v1.3\nAlgorithm: 5\n"),
      HasSubstr("K.key:1: error: not a zone key of an algorithm we sign with"));
}

TEST(KeyFile, ADirectoryMayHoldOtherThings) {
  tests::Folder directory;
  Problems problems;
  const KeyFile mine = sample();
  ASSERT_TRUE(write_key_file(directory.path(), mine, problems));
  const KeyFile other{SigningKey::generate(name("other."), Algorithm::kEd25519, kZskFlags), {}, {}};
  ASSERT_TRUE(write_key_file(directory.path(), other, problems));
  directory.write("README", "keys of example");
  directory.write("Kexample.+013+00001.key", public_text(sample()));
  const auto keys = read_key_directory(KeyDirectory(directory.path()), name("example."), problems);
  ASSERT_EQ(keys.size(), 1U);
  EXPECT_EQ(keys[0].key->tag(), mine.key->tag());
  EXPECT_FALSE(problems.has_errors());
  EXPECT_THAT(problems.to_string(), HasSubstr("00001.key: warning: the key has no .private file"));
  // What was listed once tells each zone its own; what came later isn't in it.
  const KeyDirectory listed(directory.path());
  const KeyFile late = sample();
  ASSERT_TRUE(write_key_file(directory.path(), late, problems));
  const auto others = read_key_directory(listed, name("OTHER"), problems);
  ASSERT_EQ(others.size(), 1U);
  EXPECT_EQ(others[0].key->tag(), other.key->tag());
  EXPECT_EQ(listed.public_files(name("example.")).size(), 2U);
  EXPECT_EQ(KeyDirectory(directory.path()).public_files(name("example.")).size(), 3U);
  EXPECT_TRUE(
      read_key_directory(KeyDirectory(directory.path() + "/none"), name("example."), problems)
          .empty());
  EXPECT_THAT(problems.to_string(), HasSubstr("cannot read the key directory"));
}

}  // namespace
}  // namespace gslb::dnssec
