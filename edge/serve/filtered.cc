#include "edge/serve/filtered.h"

#include <chrono>

#include "edge/filter/choose.h"
#include "edge/serve/coder.h"
#include "edge/serve/esi_page.h"

namespace edge::serve {
namespace {

using config::Coding;
using BodyRef = std::shared_ptr<cache::Body>;

// Nobody waits for it: the response is cut.
BodyRef failed_body() {
  auto body = std::make_shared<cache::Body>(cache::Body::Mode::kWindow);
  body->fail();
  return body;
}

// `choice` is done to it as far as there is memory for it.
BodyRef filtered_body(RequestScope& scope, BodyRef body, std::string_view key,
                      filter::Choice& choice) {
  const config::Filters& filters = filters_of(scope);
  if (choice.decode != Coding::kIdentity) {
    body = decoded_body(scope.worker, body, choice.decode);
    if (!body) { return failed_body(); }
  }
  if (choice.esi) { body = esi_page(scope, body, *filters.esi); }
  if (choice.encode == Coding::kIdentity) { return body; }
  auto coded = coded_body(scope.worker, body, std::string(key), choice.encode, *filters.compress);
  if (coded) { return coded; }
  choice.encode = Coding::kIdentity;
  return body;
}

}  // namespace

const config::Filters& filters_of(const RequestScope& scope) {
  static const config::Filters none;
  return scope.caller != nullptr ? none : scope.config->filters_for(scope.request.site_host());
}

Shown filtered(RequestScope& scope, const cache::ObjectRef& object, std::string_view key) {
  const http::RequestHead& request = scope.request;
  const config::Filters& filters = filters_of(scope);
  const bool included = scope.client.inclusion() != nullptr;
  if (!filters.any() && !included) { return {object}; }
  filter::Choice choice = filter::choose(
      filters, {request, object->head, length_of(*object), object->part.has_value(), included});
  if (!choice.changes() && !choice.varies) { return {object}; }
  // What delivery looks at; a whole copy would copy the head in vain.
  auto shown = std::make_shared<cache::Object>();
  shown->head = filter::filtered_head(object->head, choice);
  shown->body = object->body;
  shown->part = object->part;
  shown->freshness = object->freshness;
  shown->received = object->received;
  if (choice.changes()) {
    const bool bodiless =
        request.method == "HEAD" ||
        (object->head.status == 200 &&
         http::not_modified(request.fields, shown->head.fields, std::chrono::system_clock::now()));
    shown->body = bodiless ? std::make_shared<cache::Body>(cache::Body::Mode::kWindow)
                           : filtered_body(scope, object->body, key, choice);
    // There was no memory to code it.
    if (!choice.changes()) { shown->head = filter::filtered_head(object->head, choice); }
  }
  if (!choice.changes()) { shown->length = object->length; }
  return {shown, choice.changes()};
}

http::ResponseHead filtered_head_of(const RequestScope& scope, http::ResponseHead head) {
  const config::Filters& filters = filters_of(scope);
  if (!filters.any()) { return head; }
  const std::string* length = head.fields.find("Content-Length");
  const filter::Choice choice = filter::choose(
      filters, {scope.request, head,
                length == nullptr ? std::nullopt : http::parse_number(http::trim(*length)), false,
                scope.client.inclusion() != nullptr});
  return filter::filtered_head(head, choice);
}

void tell_of_filters(ForwardOptions& options, const config::Filters& filters) {
  options.esi = filters.esi.has_value();
  options.recodes = filters.compress.has_value();
}

}  // namespace edge::serve
