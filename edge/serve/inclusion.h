// Where an answer goes that is a part of another: a page within a page.
#pragma once

#include <memory>
#include <string>

namespace edge::serve {

// Of one page that includes others; those within it point to it.  Worker-confined.
struct Inclusion {
  std::shared_ptr<const Inclusion> outer;  // null: the page a client asked for
  std::string key;                         // of the page, as the store has it
  unsigned depth = 1;
  std::shared_ptr<unsigned> left;  // includes that the client's answer may still have

  // True if the page with that key is being put together here or further out.
  bool has(const std::string& other) const {
    for (const Inclusion* at = this; at != nullptr; at = at->outer.get()) {
      if (at->key == other) { return true; }
    }
    return false;
  }
};
using InclusionRef = std::shared_ptr<const Inclusion>;

}  // namespace edge::serve
