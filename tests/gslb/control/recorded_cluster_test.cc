#include "gslb/control/recorded_cluster.h"

#include <gtest/gtest.h>

namespace gslb::control {
namespace {

TEST(RecordedCluster, WhatIsWrittenIsRead) {
  const steer::ClusterInput input{.serving = true,
                                  .utilisation = 0.73,
                                  .has_capacity = true,
                                  .most_utilisation = 1.2,
                                  .capacity_share = 0.5,
                                  .blind = true,
                                  .surcharge_per_gb = 0.01,
                                  .fails = {1, 3}};
  const std::string text = cluster_text(input);
  EXPECT_EQ(text, "up 0.73 target max 1.2 blind 0.5 surcharge 0.01 fails 1,3");
  steer::ClusterInput read;
  ASSERT_TRUE(read_cluster(text, read));
  EXPECT_EQ(cluster_text(read), text);
  EXPECT_EQ(read.fails, input.fails);
}

TEST(RecordedCluster, WhatIsNoneIsRefused) {
  for (const char* text : {"up", "up x target", "up 1 target fails 3,1", "up 1 target fails x",
                           "up 1 target fails 256", "up 1 target max", "up 1 none what 3"}) {
    steer::ClusterInput read;
    EXPECT_FALSE(read_cluster(text, read)) << text;
  }
}

}  // namespace
}  // namespace gslb::control
