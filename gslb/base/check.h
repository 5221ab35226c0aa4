// CHECK: our own bugs, on the control path and at trust borders.  DCHECK: the same in hot loops,
// compiled away in release builds.  Never CHECK what a packet, file or peer can cause.
#pragma once

namespace gslb {

// Prints the failed expression with its place to stderr and aborts.
[[noreturn]] void check_failed(const char* expression, const char* file, int line) noexcept;

}  // namespace gslb

#define CHECK(expression) \
  ((expression) ? void() : ::gslb::check_failed(#expression, __FILE__, __LINE__))

#ifdef NDEBUG
#define DCHECK(expression) void(sizeof(!(expression)))
#else
#define DCHECK(expression) CHECK(expression)
#endif
