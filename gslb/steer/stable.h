// Stable allocation: the quick assignment for when the exact one would take too long.
//
// Source: Gale, Shapley, "College admissions", 1962, with divisible applicants, as in Maggs,
// Sitaraman, "Algorithmic nuggets in content delivery", CCR 2015, 3.2.
//
// Why not always: on real matrices its mean RTT is 2.4 % over the least possible.
#pragma once

#include "gslb/steer/assign.h"

namespace gslb::steer {

// Rows ask their candidates in order; a full cluster keeps those who are cheapest to it.  What no
// candidate keeps stays at the cheapest, which then is over capacity: feasible is false.  Prices
// are 0: nobody computes them.  O(candidates x log rows); deterministic; pure.
Assignment stable_allocation(const AssignProblem& problem);

}  // namespace gslb::steer
