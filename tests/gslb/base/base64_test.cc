#include "gslb/base/base64.h"

#include <gtest/gtest.h>

namespace gslb {
namespace {

TEST(Base64, DecodesTheVectorsOfRfc4648) {
  EXPECT_EQ(decode_base64(""), "");
  EXPECT_EQ(decode_base64("Zg=="), "f");
  EXPECT_EQ(decode_base64("Zm8="), "fo");
  EXPECT_EQ(decode_base64("Zm9vYmFy"), "foobar");
  EXPECT_EQ(decode_base64("/+8="), "\xff\xef");
}

TEST(Base64, TakesOneSpellingOnly) {
  for (const char* text :
       {"Zg", "Zg=", "Zh==", "Zm9=", "Zm 9", "Zg==\n", "Z===", "====", "Zm9_", "Zg==Zg=="}) {
    EXPECT_EQ(decode_base64(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace gslb
