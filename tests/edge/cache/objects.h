// Objects of given sizes and variants, whole and ready to be stored.
#pragma once

#include <memory>
#include <string>

#include "edge/cache/object.h"

namespace edge::cache {

inline ObjectRef object_of(std::size_t size, const http::Fields& request = {},
                           const std::string& vary = "") {
  auto object = std::make_shared<Object>();
  object->head.status = 200;
  if (!vary.empty()) { object->head.fields.add("Vary", vary); }
  object->variant = variant_of(request, object->head.fields);
  object->body = std::make_shared<Body>(Body::Mode::kKeep);
  object->body->append(std::string(size, 'x'));
  object->body->finish();
  return object;
}

inline http::Fields language(const std::string& value) {
  http::Fields fields;
  fields.add("Accept-Language", value);
  return fields;
}

}  // namespace edge::cache
