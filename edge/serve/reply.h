// What a client gets, before a protocol frames it.
#pragma once

#include <cstdint>
#include <optional>

#include "edge/http/message.h"

namespace edge::serve {

struct Reply {
  // End-to-end fields only.  Content-Length is among them where it is known; Transfer-Encoding and
  // Connection are the affair of the connection.
  http::ResponseHead head;
  std::optional<std::uint64_t> length;  // of the body that follows, where known
  bool has_body = true;                 // false: nothing follows the head
  // Goes before head's fields, but for names that head has too; null: nothing.  Valid during
  // begin() alone.  So a hit need not copy what is stored.
  const http::Fields* stored = nullptr;
};

// The same with all fields in the head.
Reply gathered(Reply reply);

}  // namespace edge::serve
