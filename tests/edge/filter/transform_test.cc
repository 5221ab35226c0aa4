#include "edge/filter/transform.h"

#include <array>

#include <gtest/gtest.h>

#include "gslb/base/random.h"

namespace edge::filter {
namespace {

using Status = Transform::Status;
constexpr std::array kAll = {Coding::kGzip, Coding::kBrotli, Coding::kZstd};

std::string text_of(std::size_t octets) {
  gslb::Random random(3);
  std::string text;
  while (text.size() < octets) {
    text += "word" + std::to_string(random.below(500));
    text += random.below(9) == 0 ? ".\n" : " ";
  }
  text.resize(octets);
  return text;
}

// In pieces of `piece` octets; "bad" when it is refused.
std::string run(Transform& transform, std::string_view in, std::size_t piece) {
  std::string out;
  while (!in.empty()) {
    std::string_view front = in.substr(0, piece);
    in.remove_prefix(front.size());
    Status status = Status::kMore;
    while (status == Status::kMore) { status = transform.step(front, out); }
    if (status == Status::kBad) { return "bad"; }
  }
  return transform.finish(out) == Status::kAll ? out : "bad";
}

std::string encode(Coding coding, std::string_view text, std::size_t piece = 70'000) {
  return run(*make_encoder(coding, 5), text, piece);
}

std::string decode(Coding coding, std::string_view coded, std::size_t piece = 70'000) {
  return run(*make_decoder(coding), coded, piece);
}

TEST(Transform, WhatIsCodedComesBack) {
  for (const std::size_t octets : {0UL, 1UL, 1000UL, 300'000UL}) {
    const std::string text = text_of(octets);
    for (const Coding coding : kAll) {
      const std::string coded = encode(coding, text);
      EXPECT_EQ(decode(coding, coded), text);
      if (octets > 500) { EXPECT_LT(coded.size(), text.size() / 2); }
    }
  }
}

TEST(Transform, PiecesMakeNoDifferenceToWhatIsDecoded) {
  const std::string text = text_of(5000);
  for (const Coding coding : kAll) {
    const std::string coded = encode(coding, text, 7);
    for (const std::size_t piece : {1UL, 2UL, 13UL, 1000UL}) {
      EXPECT_EQ(decode(coding, coded, piece), text);
    }
  }
}

// A page that drips comes out as it drips.
TEST(Transform, AFlushBringsOutAllThatWasTaken) {
  for (const Coding coding : kAll) {
    const auto encoder = make_encoder(coding, 4);
    const auto decoder = make_decoder(coding);
    std::string seen;
    std::string expected;
    for (int i = 0; i < 20; ++i) {
      const std::string line = "line " + std::to_string(i) + "\n";
      std::string_view in = line;
      std::string coded;
      ASSERT_EQ(encoder->step(in, coded), Status::kAll);
      ASSERT_EQ(encoder->flush(coded), Status::kAll);
      std::string_view arrived = coded;
      Status status = Status::kMore;
      while (status == Status::kMore) { status = decoder->step(arrived, seen); }
      ASSERT_EQ(status, Status::kAll);
      expected += line;
      ASSERT_EQ(seen, expected);
    }
  }
}

TEST(Transform, WhatIsCutIsNotWhole) {
  const std::string text = text_of(3000);
  for (const Coding coding : kAll) {
    const std::string coded = encode(coding, text);
    for (std::size_t size = 0; size < coded.size(); ++size) {
      ASSERT_EQ(decode(coding, std::string_view(coded).substr(0, size)), "bad") << size;
    }
  }
}

TEST(Transform, WhatIsDamagedIsRefusedOrAtLeastSurvived) {
  const std::string text = text_of(3000);
  gslb::Random random(5);
  for (const Coding coding : kAll) {
    const std::string coded = encode(coding, text);
    for (int i = 0; i < 500; ++i) {
      std::string damaged = coded;
      damaged[random.below(static_cast<std::uint32_t>(damaged.size()))] ^=
          static_cast<char>(1 + random.below(255));
      decode(coding, damaged, 1 + random.below(64));
    }
    EXPECT_EQ(decode(coding, "this is in no coding at all"), "bad");
  }
}

TEST(Transform, MembersOfGzipAndFramesOfZstdFollowOneAnother) {
  for (const Coding coding : {Coding::kGzip, Coding::kZstd}) {
    EXPECT_EQ(decode(coding, encode(coding, "one ") + encode(coding, "two")), "one two");
  }
}

// 1 GiB of zeros in a few KiB, put together without making it.
TEST(Transform, ABombIsRefusedBeforeItGoesOff) {
  const auto encoder = make_encoder(Coding::kZstd, 3);
  const std::string zeros(1 << 20, '\0');
  std::string bomb;
  for (int i = 0; i < 64; ++i) {
    std::string_view in = zeros;
    while (encoder->step(in, bomb) == Status::kMore) {}
  }
  encoder->finish(bomb);
  const auto decoder = make_decoder(Coding::kZstd);
  std::string_view in = bomb;
  std::string out;
  std::size_t made = 0;
  Status status = Status::kMore;
  while (status == Status::kMore) {
    out.clear();
    status = decoder->step(in, out);
    made += out.size();
    ASSERT_LE(out.size(), Transform::kStepOctets);
  }
  EXPECT_EQ(status, Status::kBad);
  EXPECT_LT(made, 16U << 20);
}

}  // namespace
}  // namespace edge::filter
