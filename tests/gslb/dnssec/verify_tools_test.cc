// Random zones, signed, must satisfy ldns-verify-zone and dnssec-verify.
#include <gmock/gmock.h>

#include "tests/gslb/dnssec/tool.h"
#include "tests/gslb/dnssec/zones.h"
#include "tests/support/folder.h"

namespace gslb::dnssec {
namespace {

struct Style {
  Algorithm algorithm = Algorithm::kEcdsaP256Sha256;
  bool is_split = false;  // KSK and ZSK instead of a CSK
  Denial denial = Denial::kNsec;
};

class SignedZones : public testing::TestWithParam<Style> {};
INSTANTIATE_TEST_SUITE_P(Tools, SignedZones,
                         testing::Values(Style{Algorithm::kEcdsaP256Sha256, false, Denial::kNsec},
                                         Style{Algorithm::kEcdsaP256Sha256, true, Denial::kNsec3},
                                         Style{Algorithm::kEcdsaP256Sha256, false,
                                               Denial::kNsec3OptOut},
                                         Style{Algorithm::kEcdsaP384Sha384, true, Denial::kNsec},
                                         Style{Algorithm::kEd25519, false, Denial::kNsec3},
                                         Style{Algorithm::kEd25519, true, Denial::kNsec3OptOut},
                                         Style{Algorithm::kRsaSha256, true, Denial::kNsec}));

SigningPlan plan_of(const Style& style) {
  SigningPlan plan;
  const auto key = [&](std::uint16_t flags) {
    return SigningKey::generate(name("example."), style.algorithm, flags);
  };
  if (style.is_split) {
    plan.keys.push_back({key(kKskFlags), true, true, false, true});
    plan.keys.push_back({key(kZskFlags), true, false, true, false});
  } else {
    plan.keys.push_back({key(kKskFlags), true, true, true, true});
  }
  plan.denial = style.denial;
  plan.serial = 7;
  plan.now = SystemClock().wall();  // the tools look at the clock
  plan.threads = 2;
  return plan;
}

void expect_valid(const zone::Zone& zone, bool is_split, std::string_view what) {
  const tests::Folder directory;
  const std::string file = directory.write("zone", text_of(zone));
  for (const std::string& command :
       {"ldns-verify-zone " + file,
        std::string("dnssec-verify -q ") + (is_split ? "" : "-z ") + "-o example. " + file}) {
    const std::string tool = command.substr(0, command.find(' '));
    if (!has_tool(tool)) {
      std::printf("skipped: %s is not here\n", tool.c_str());
      continue;
    }
    const ToolRun run = run_tool(command);
    EXPECT_EQ(run.status, 0) << what << "\n" << run.output << text_of(zone);
  }
}

TEST_P(SignedZones, SatisfyTheToolsOfBindAndLdns) {
  const SigningPlan plan = plan_of(GetParam());
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    Random random(seed);
    const auto source = random_zone(random, seed * 12);
    const auto result = sign_zone(*source, plan, nullptr);
    ASSERT_TRUE(result);
    EXPECT_TRUE(result->zone->is_signed());
    expect_valid(*result->zone, GetParam().is_split, "seed " + std::to_string(seed));
    // A second signing of what the first made finds all but nothing to do.
    const auto again = sign_zone(*result->zone, plan, result->zone.get());
    ASSERT_TRUE(again);
    EXPECT_EQ(again->signatures_made, 0U) << "seed " << seed;
    EXPECT_EQ(text_of(*again->zone), text_of(*result->zone)) << "seed " << seed;
  }
}

}  // namespace
}  // namespace gslb::dnssec
