#include "edge/serve/reply.h"

#include <utility>

namespace edge::serve {

Reply gathered(Reply reply) {
  if (reply.stored == nullptr) { return reply; }
  http::Fields all;
  for (const http::Field& field : reply.stored->list()) {
    if (!reply.head.fields.has(field.name)) { all.add(field.name, field.value); }
  }
  for (http::Field& field : reply.head.fields.list()) {
    all.add(std::move(field.name), std::move(field.value));
  }
  reply.head.fields = std::move(all);
  reply.stored = nullptr;
  return reply;
}

}  // namespace edge::serve
