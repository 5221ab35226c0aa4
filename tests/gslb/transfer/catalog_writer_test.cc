#include "gslb/transfer/catalog_writer.h"

#include <gtest/gtest.h>

#include "gslb/transfer/catalog.h"

#include "wire.h"

namespace gslb::transfer {
namespace {

TEST(CatalogWriter, IsReadAsItWasMeant) {
  const std::vector<dns::Name> zones = {name_of("b.example."), name_of("A.example."), name_of(".")};
  const auto catalog = make_catalog(name_of("catalog.invalid."), zones, 7);
  EXPECT_EQ(catalog->serial(), 7U);
  const auto members = read_catalog(*catalog);
  ASSERT_TRUE(members) << describe(members.error());
  ASSERT_EQ(members->size(), 3U);
  EXPECT_EQ((*members)[0].zone.to_string(), ".");
  EXPECT_EQ((*members)[1].zone.to_string(), "a.example.");
  EXPECT_EQ((*members)[2].zone.to_string(), "b.example.");
}

TEST(CatalogWriter, AMemberKeepsItsLabelWhateverComesBesideIt) {
  const auto one = read_catalog(*make_catalog(name_of("c."), {name_of("a.example.")}, 1));
  const auto two =
      read_catalog(*make_catalog(name_of("c."), {name_of("z.example."), name_of("A.EXAMPLE.")}, 2));
  ASSERT_TRUE(one && two);
  EXPECT_EQ((*one)[0].unique_id, (*two)[0].unique_id);
  EXPECT_NE((*two)[0].unique_id, (*two)[1].unique_id);
}

TEST(CatalogWriter, AnEmptyListIsACatalogToo) {
  const auto members = read_catalog(*make_catalog(name_of("c."), {}, 1));
  ASSERT_TRUE(members);
  EXPECT_TRUE(members->empty());
}

}  // namespace
}  // namespace gslb::transfer
