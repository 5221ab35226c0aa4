#include "gslb/base/problem.h"

#include <gtest/gtest.h>

namespace gslb {
namespace {

TEST(Problem, ShowsWhereWhatAndWhatToDo) {
  Problems problems;
  problems.error({"f", 3, 4}, "it is wrong", "make it right");
  problems.warning({"f", 0, 0}, "it is odd");
  EXPECT_EQ(problems.to_string(),
            "f:3:4: error: it is wrong (make it right)\nf: warning: it is odd\n");
}

TEST(Problem, ControlCharactersOfAFileDoNotReachTheTerminal) {
  Problems problems;
  problems.error({"f\n", 1, 1}, "unknown type 'A\033[31m'", "not \177, but \303\251");
  EXPECT_EQ(problems.to_string(),
            "f\\010:1:1: error: unknown type 'A\\027[31m' (not \\127, but \303\251)\n");
}

}  // namespace
}  // namespace gslb
