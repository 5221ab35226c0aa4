#include "gslb/dns/ecs.h"

#include <gtest/gtest.h>

#include "gslb/base/random.h"

#include "tests/gslb/dns/wire_testing.h"

namespace gslb::dns {
namespace {

using testing::Buffer;
using testing::hex;

EcsError error_of(std::string_view octets) {
  const auto subnet = ClientSubnet::parse(hex(octets));
  EXPECT_FALSE(subnet.has_value()) << octets;
  return subnet.error();
}

TEST(ClientSubnet, ReadsAnIpv4Prefix) {
  const auto subnet = ClientSubnet::parse(hex("0001 18 00 cb0071"));
  ASSERT_TRUE(subnet.has_value());
  EXPECT_EQ(subnet->family(), EcsFamily::kIpv4);
  EXPECT_EQ(subnet->source_bits(), 24);
  EXPECT_EQ(subnet->address(), (std::array<std::uint8_t, 16>{0xcb, 0, 0x71}));
}

TEST(ClientSubnet, ReadsAnIpv6PrefixThatEndsInsideAnOctet) {
  const auto subnet = ClientSubnet::parse(hex("0002 2d 00 20010db80ff8"));
  ASSERT_TRUE(subnet.has_value());
  EXPECT_EQ(subnet->family(), EcsFamily::kIpv6);
  EXPECT_EQ(subnet->source_bits(), 45);
}

TEST(ClientSubnet, TakesWholeAddressesAndEmptyOnes) {
  EXPECT_TRUE(ClientSubnet::parse(hex("0001 20 00 cb007107")).has_value());
  EXPECT_TRUE(ClientSubnet::parse(hex("0002 80 00 20010db8000000000000000000000001")).has_value());
  EXPECT_TRUE(ClientSubnet::parse(hex("0001 00 00")).has_value());
  EXPECT_TRUE(ClientSubnet::parse(hex("0002 00 00")).has_value());
}

TEST(ClientSubnet, TakesFamilyZeroWithoutAddress) {
  const auto subnet = ClientSubnet::parse(hex("0000 00 00"));
  ASSERT_TRUE(subnet.has_value());
  EXPECT_EQ(subnet->family(), EcsFamily::kNone);
  EXPECT_EQ(subnet->source_bits(), 0);
}

TEST(ClientSubnet, RejectsEachFaultForItsReason) {
  EXPECT_EQ(error_of(""), EcsError::kShort);
  EXPECT_EQ(error_of("0001 18"), EcsError::kShort);
  EXPECT_EQ(error_of("0001 18 00 cb00"), EcsError::kShort);
  EXPECT_EQ(error_of("0001 18 00 cb007100"), EcsError::kLong);
  EXPECT_EQ(error_of("0001 00 00 00"), EcsError::kLong);
  EXPECT_EQ(error_of("0000 00 00 00"), EcsError::kLong);
  EXPECT_EQ(error_of("0003 00 00"), EcsError::kFamily);
  EXPECT_EQ(error_of("0000 08 00 0a"), EcsError::kFamily);
  EXPECT_EQ(error_of("0001 21 00 cb00710000"), EcsError::kPrefixTooLong);
  EXPECT_EQ(error_of("0002 81 00 2001"), EcsError::kPrefixTooLong);
  EXPECT_EQ(error_of("0001 18 18 cb0071"), EcsError::kScopeInQuery);
}

TEST(ClientSubnet, RejectsHostBitsBeyondSourcePrefix) {
  EXPECT_EQ(error_of("0001 17 00 cb0071"), EcsError::kHostBitsSet);
  EXPECT_EQ(error_of("0001 01 00 c0"), EcsError::kHostBitsSet);
  EXPECT_EQ(error_of("0002 2d 00 20010db80ffc"), EcsError::kHostBitsSet);
}

TEST(WriteEcsOption, EchoesTheSubnetWithTheScope) {
  const auto subnet = ClientSubnet::parse(hex("0001 18 00 cb0071"));
  ASSERT_TRUE(subnet.has_value());
  Buffer out(11);
  EXPECT_EQ(write_ecs_option(*subnet, 20, out), 11U);
  EXPECT_EQ(out, hex("0008 0007 0001 18 14 cb0071"));
}

TEST(WriteEcsOption, WritesNothingWhenThereIsNoRoom) {
  const auto subnet = ClientSubnet::parse(hex("0001 18 00 cb0071"));
  ASSERT_TRUE(subnet.has_value());
  Buffer out(10, 0xee);
  EXPECT_EQ(write_ecs_option(*subnet, 24, out), 0U);
  EXPECT_EQ(out, Buffer(10, 0xee));
}

TEST(WriteEcsOption, EveryPrefixComesBackAsItWasSent) {
  Random random(20240607);
  for (int round = 0; round < 2000; ++round) {
    const bool is_v6 = random.below(2) == 1;
    const auto bits = static_cast<std::uint8_t>(random.below(is_v6 ? 129 : 33));
    Buffer data{0, static_cast<std::uint8_t>(is_v6 ? 2 : 1), bits, 0};
    for (int at = 0; at < bits; at += 8) {
      const int used = std::min(8, bits - at);
      data.push_back(static_cast<std::uint8_t>((random.next() & 0xff) & (0xff00U >> used)));
    }
    const auto subnet = ClientSubnet::parse(data);
    ASSERT_TRUE(subnet.has_value());
    Buffer out(40);
    const std::size_t size = write_ecs_option(*subnet, 0, out);
    ASSERT_EQ(size, ecs_option_size(*subnet));
    ASSERT_EQ(Buffer(out.begin() + 4, out.begin() + static_cast<std::ptrdiff_t>(size)), data);
  }
}

}  // namespace
}  // namespace gslb::dns
