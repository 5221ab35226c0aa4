#include "gslb/base/entropy.h"

#include <sys/random.h>

#include "gslb/base/check.h"

namespace gslb {

void fill_random(std::span<std::uint8_t> octets) {
  CHECK(::getrandom(octets.data(), octets.size(), 0) == static_cast<ssize_t>(octets.size()));
}

}  // namespace gslb
