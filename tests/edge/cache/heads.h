// Heads written as lists of fields.
#pragma once

#include <initializer_list>

#include "edge/http/message.h"

namespace edge::cache {

inline http::Fields fields_of(std::initializer_list<http::Field> list) {
  http::Fields fields;
  for (const http::Field& field : list) { fields.add(field.name, field.value); }
  return fields;
}

inline http::ResponseHead response(int status, std::initializer_list<http::Field> list) {
  http::ResponseHead head;
  head.status = status;
  head.fields = fields_of(list);
  return head;
}

}  // namespace edge::cache
