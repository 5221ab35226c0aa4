#include "gslb/dns/name.h"

#include <algorithm>
#include <set>

#include <gtest/gtest.h>

#include "gslb/base/random.h"

#include "tests/gslb/dns/wire_testing.h"

namespace gslb::dns {
namespace {

using testing::Buffer;
using testing::hex;
using testing::name;

NameError error_of(std::string_view text) {
  const auto parsed = Name::parse(text);
  EXPECT_FALSE(parsed.has_value()) << text;
  return parsed.error();
}

std::string wire_text(std::string_view text) { return std::string(as_text(name(text).wire())); }

Name random_name(Random& random) {
  Name result;
  for (std::uint64_t labels = random.below(12); labels > 0; --labels) {
    std::string label(1 + random.below(random.below(8) == 0 ? 63 : 5), '\0');
    for (char& octet : label) { octet = static_cast<char>(random.next()); }
    auto longer = result.prepend(label);
    if (!longer.has_value()) { break; }
    result = *longer;
  }
  return result;
}

TEST(AsciiLower, WordsFoldLikeOctets) {
  for (unsigned octet = 0; octet < 256; ++octet) {
    for (unsigned place = 0; place < 64; place += 8) {
      const std::uint64_t word =
          (0xff'41'5a'7f'80'5b'40'c1ULL & ~(0xffULL << place)) | (std::uint64_t{octet} << place);
      const std::uint64_t folded = ascii_lower8(word);
      for (unsigned at = 0; at < 64; at += 8) {
        ASSERT_EQ((folded >> at) & 0xff, ascii_lower(static_cast<std::uint8_t>(word >> at)));
      }
    }
    const bool is_upper = octet >= 'A' && octet <= 'Z';
    ASSERT_EQ(ascii_lower(static_cast<std::uint8_t>(octet)), is_upper ? octet + 32 : octet);
  }
}

TEST(EqualIgnoringCase, SeesADifferenceInAnyPlaceOfAnyLength) {
  for (std::size_t size = 0; size < 40; ++size) {
    const Buffer upper(size, 'Q');
    Buffer lower(size, 'q');
    ASSERT_TRUE(equal_ignoring_case(upper.data(), lower.data(), size));
    for (std::size_t at = 0; at < size; ++at) {
      lower[at] = 'r';
      ASSERT_FALSE(equal_ignoring_case(upper.data(), lower.data(), size)) << size << " " << at;
      lower[at] = 'q';
    }
  }
}

TEST(NameParse, ReadsLabelsAndEscapes) {
  EXPECT_EQ(wire_text("www.Example."), std::string("\3www\7Example\0", 13));
  EXPECT_EQ(wire_text("www.Example"), wire_text("www.Example."));
  EXPECT_EQ(wire_text("."), std::string(1, '\0'));
  EXPECT_EQ(wire_text("a\\.b.c."), std::string("\3a.b\1c\0", 7));
  EXPECT_EQ(wire_text("\\065\\000\\255."), std::string("\3A\0\377\0", 5));
  EXPECT_EQ(wire_text("\\\\."), std::string("\1\\\0", 3));
}

TEST(NameParse, RefusesEachFaultForItsReason) {
  EXPECT_EQ(error_of(""), NameError::kEmpty);
  EXPECT_EQ(error_of(".."), NameError::kEmptyLabel);
  EXPECT_EQ(error_of(".a"), NameError::kEmptyLabel);
  EXPECT_EQ(error_of("a..b"), NameError::kEmptyLabel);
  EXPECT_EQ(error_of("a.."), NameError::kEmptyLabel);
  EXPECT_EQ(error_of("a\\"), NameError::kBadEscape);
  EXPECT_EQ(error_of("a\\9"), NameError::kBadEscape);
  EXPECT_EQ(error_of("a\\99x"), NameError::kBadEscape);
  EXPECT_EQ(error_of("\\256"), NameError::kBadEscape);
  EXPECT_EQ(error_of("\\999."), NameError::kBadEscape);
  EXPECT_EQ(error_of(std::string(64, 'a')), NameError::kLabelTooLong);
}

TEST(NameParse, TakesTheLongestNamesAndNoLonger) {
  const std::string label63(63, 'a');
  const std::string three = label63 + "." + label63 + "." + label63 + ".";
  EXPECT_EQ(name(three + std::string(61, 'b')).wire().size(), kMaxNameOctets);
  EXPECT_EQ(error_of(three + std::string(62, 'b')), NameError::kNameTooLong);
  std::string many;
  for (std::size_t i = 0; i < kMaxLabels; ++i) { many += "a."; }
  EXPECT_EQ(name(many).label_count(), kMaxLabels);
  EXPECT_EQ(error_of("a." + many), NameError::kNameTooLong);
}

TEST(NameText, EscapesWhatAZoneFileWouldMisread) {
  EXPECT_EQ(name("a\\.b.c").to_string(), "a\\.b.c.");
  EXPECT_EQ(name("\\032\\127\\000").to_string(), "\\032\\127\\000.");
  EXPECT_EQ(name("\\\"\\(\\)\\;\\@\\$\\\\").to_string(), "\\\"\\(\\)\\;\\@\\$\\\\.");
  EXPECT_EQ(Name().to_string(), ".");
}

TEST(NameText, RandomNamesRoundTrip) {
  Random random(1);
  for (int round = 0; round < 3000; ++round) {
    const Name original = random_name(random);
    const auto parsed = Name::parse(original.to_string());
    ASSERT_TRUE(parsed.has_value()) << original.to_string();
    ASSERT_EQ(as_text(parsed->wire()), as_text(original.wire()));
    const auto from_wire = Name::from_wire(original.wire());
    ASSERT_TRUE(from_wire.has_value());
    ASSERT_EQ(as_text(from_wire->wire()), as_text(original.wire()));
  }
}

TEST(NameFromWire, IgnoresOctetsBehindTheName) {
  const auto parsed = Name::from_wire(hex("0161 00 ffff"));
  ASSERT_TRUE(parsed.has_value());
  EXPECT_EQ(parsed->to_string(), "a.");
}

TEST(NameFromWire, RefusesCutOffCompressedAndOverlongNames) {
  EXPECT_EQ(Name::from_wire({}).error(), NameError::kShort);
  EXPECT_EQ(Name::from_wire(hex("0161")).error(), NameError::kShort);
  EXPECT_EQ(Name::from_wire(hex("0561")).error(), NameError::kShort);
  EXPECT_EQ(Name::from_wire(hex("c00c")).error(), NameError::kPointer);
  EXPECT_EQ(Name::from_wire(hex("4161 00")).error(), NameError::kPointer);
  EXPECT_EQ(Name::from_wire(Buffer(600, 1)).error(), NameError::kNameTooLong);
  EXPECT_EQ(wire_name_size(hex("0161 00 ffff")), 3U);
  EXPECT_EQ(wire_name_size(hex("0161")), 0U);
}

TEST(NameEquality, IgnoresAsciiCaseOnly) {
  EXPECT_EQ(name("WWW.Example."), name("www.eXAMPLE"));
  EXPECT_FALSE(name("\\200.") == name("\\232."));  // 200 | 0x20 == 232
  EXPECT_FALSE(name("[.") == name("{."));
  EXPECT_EQ(as_text(name("WwW.X").lower().wire()), as_text(name("www.x").wire()));
}

TEST(NameOrder, IsTheCanonicalOneOfRfc4034) {
  // The example of RFC 4034 6.1, in order.
  const std::vector<std::string> ordered = {
      "example.",   "a.example.",       "yljkjljk.a.example.", "Z.a.example.",    "zABC.a.EXAMPLE.",
      "z.example.", "\\001.z.example.", "*.z.example.",        "\\200.z.example."};
  for (std::size_t i = 0; i < ordered.size(); ++i) {
    for (std::size_t j = 0; j < ordered.size(); ++j) {
      EXPECT_EQ(name(ordered[i]) < name(ordered[j]), i < j) << ordered[i] << " " << ordered[j];
    }
  }
}

TEST(NameOrder, IsStrictAndAgreesWithEquality) {
  Random random(2);
  std::vector<Name> names{Name()};
  for (int i = 0; i < 120; ++i) { names.push_back(random_name(random)); }
  for (const Name& a : names) {
    for (const Name& b : names) {
      ASSERT_EQ(static_cast<int>(a < b) + static_cast<int>(b < a) + static_cast<int>(a == b), 1);
    }
  }
  std::sort(names.begin(), names.end());
  EXPECT_TRUE(std::is_sorted(names.begin(), names.end()));
  EXPECT_TRUE(names.front().is_root());
}

TEST(NameAncestry, CountsWholeLabels) {
  EXPECT_TRUE(name("www.example.").is_at_or_below(name("EXAMPLE.")));
  EXPECT_TRUE(name("example.").is_at_or_below(name("example.")));
  EXPECT_TRUE(name("example.").is_at_or_below(Name()));
  EXPECT_FALSE(name("example.").is_at_or_below(name("www.example.")));
  EXPECT_FALSE(name("badexample.").is_at_or_below(name("example.")));
  // The octets of a label that look like a label are none.
  EXPECT_FALSE(name("x\\007example.").is_at_or_below(name("example.")));
}

TEST(NameParts, ParentPrependAndWildcard) {
  EXPECT_EQ(name("www.example.").parent(), name("example."));
  EXPECT_TRUE(name("example.").parent().is_root());
  EXPECT_EQ(*name("example.").prepend("a.b"), name("a\\.b.example."));
  EXPECT_EQ(Name().prepend("").error(), NameError::kEmptyLabel);
  EXPECT_EQ(Name().prepend(std::string(64, 'a')).error(), NameError::kLabelTooLong);
  EXPECT_TRUE(name("*.example.").is_wildcard());
  EXPECT_FALSE(name("*a.example.").is_wildcard());
  EXPECT_FALSE(name("a.*.example.").is_wildcard());
  EXPECT_FALSE(Name().is_wildcard());
}

TEST(NameErrors, EachHasItsOwnText) {
  std::set<std::string_view> texts;
  for (int error = 0; error <= static_cast<int>(NameError::kPointer); ++error) {
    texts.insert(describe(static_cast<NameError>(error)));
  }
  EXPECT_EQ(texts.size(), static_cast<std::size_t>(NameError::kPointer) + 1);
}

TEST(QuestionName, LowersAndIndexes) {
  QuestionName qname;
  std::size_t consumed = 0;
  Buffer octets = testing::wire("WWW.eXample.COM");
  octets.push_back(0xff);
  ASSERT_TRUE(qname.parse(octets, &consumed).has_value());
  EXPECT_EQ(consumed, 17U);
  EXPECT_EQ(as_text(qname.wire()), wire_text("www.example.com"));
  ASSERT_EQ(qname.label_count(), 3U);
  EXPECT_EQ(qname.label_offset(1), 4U);
  EXPECT_EQ(qname.label_offset(3), 16U);
  EXPECT_EQ(as_text(qname.suffix(1)), wire_text("example.com"));
  EXPECT_EQ(as_text(qname.suffix(3)), wire_text("."));
}

TEST(QuestionName, AgreesWithNameOnRandomOctets) {
  Random random(3);
  for (int round = 0; round < 5000; ++round) {
    Buffer octets;
    testing::append(octets, random_name(random).wire());
    // Exactly sized buffers let the sanitizer see a read past the end.
    if (random.below(2) == 0) { octets.resize(random.below(octets.size() + 1)); }
    if (random.below(4) == 0 && !octets.empty()) {
      octets[random.below(octets.size())] = static_cast<std::uint8_t>(random.next());
    }
    octets.shrink_to_fit();
    QuestionName qname;
    std::size_t consumed = 0;
    const auto parsed = qname.parse(octets, &consumed);
    const auto owned = Name::from_wire(octets);
    ASSERT_EQ(parsed.has_value(), owned.has_value());
    if (!parsed.has_value()) {
      ASSERT_EQ(parsed.error(), owned.error());
      continue;
    }
    ASSERT_EQ(as_text(qname.wire()), as_text(owned->lower().wire()));
    ASSERT_EQ(qname.label_count(), owned->label_count());
    ASSERT_EQ(consumed, owned->wire().size());
  }
}

TEST(QuestionName, HashesOfSuffixesAreThoseOfTheSameNamesAlone) {
  const std::string longest(kMaxLabelOctets, 'x');
  QuestionName whole;
  whole.assign(name("a.bc.EIGHTHH8.nineninen." + longest + ".Example.").wire());
  std::set<NameHash> seen;
  for (std::size_t labels = 0; labels <= whole.label_count(); ++labels) {
    QuestionName alone;
    alone.assign(whole.suffix(labels));
    EXPECT_EQ(whole.suffix_hash(labels), alone.suffix_hash(0)) << labels;
    seen.insert(alone.suffix_hash(0));
  }
  EXPECT_EQ(seen.size(), whole.label_count() + 1);
  EXPECT_EQ(whole.suffix_hash(whole.label_count()), kRootHash);
}

TEST(QuestionName, AssignTakesAnOwnedName) {
  QuestionName qname;
  qname.assign(name("A.B.").wire());
  EXPECT_EQ(as_text(qname.wire()), wire_text("a.b."));
}

}  // namespace
}  // namespace gslb::dns
