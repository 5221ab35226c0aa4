#include "edge/serve/http1_head.h"

#include <utility>

namespace edge::serve {

Http1Head write_http1_head(Reply reply, int client_minor, bool keep_alive, std::string room) {
  static const http::Fields nothing;
  Http1Head result;
  result.text = std::move(room);
  result.keep_alive = keep_alive;
  http::Fields& fields = reply.head.fields;
  if (reply.has_body && !reply.length) {
    result.chunked = client_minor >= 1;
    if (result.chunked) { fields.add("Transfer-Encoding", "chunked"); }
    result.keep_alive = keep_alive && result.chunked;
  }
  if (!result.keep_alive) {
    fields.add("Connection", "close");
  } else if (client_minor == 0) {
    fields.add("Connection", "keep-alive");
  }
  http::write_response_head(reply.head, reply.stored != nullptr ? *reply.stored : nothing,
                            result.text);
  return result;
}

}  // namespace edge::serve
