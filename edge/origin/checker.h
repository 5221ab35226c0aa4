// Asks servers whether they are well, each at its time; the process's.
#pragma once

#include <memory>

#include "edge/origin/backends.h"

namespace edge::origin {

class Directory;

// Thread-safe; has a thread of its own from the first server on.
class Checker {
 public:
  // `directory` must outlive it.
  explicit Checker(Directory& directory);
  // As stop().
  ~Checker();
  Checker(const Checker&) = delete;
  Checker& operator=(const Checker&) = delete;

  // Checks its servers, if it has checks, until it is retired.  Intervals differ by up to a tenth,
  // so that many edges do not ask at once.
  void add(std::shared_ptr<Backends> backends);
  void stop();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace edge::origin
