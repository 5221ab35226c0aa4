// The allocations of this test program: counted in routed_test.cc, for the hook may stand once.
#pragma once

#include <cstdint>

namespace tests {

// Of this thread so far; always the same under a sanitizer, which owns malloc.
std::uint64_t thread_allocations();

}  // namespace tests
