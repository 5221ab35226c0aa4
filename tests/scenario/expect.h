// Whether a response is what a scenario says.
#pragma once

#include <string>

#include "tests/support/world.h"

namespace scenario {

// Throws std::runtime_error saying what differs.  `expected` is what follows the word "expect".
void expect(const std::string& expected, const tests::Reply& reply);

}  // namespace scenario
