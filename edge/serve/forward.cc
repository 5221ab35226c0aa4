#include "edge/serve/forward.h"

#include <array>

#include "edge/filter/choose.h"
#include "edge/http/accept_encoding.h"
#include "edge/http/date.h"
#include "edge/tier/caller.h"

namespace edge::serve {
namespace {

// What conditions and ranges the cache takes over for itself.
constexpr std::array<std::string_view, 6> kConditions = {
    "If-None-Match", "If-Modified-Since", "If-Range", "Range", "If-Match", "If-Unmodified-Since"};

// Room for what stored_reply() sets, a request's id and Connection.
constexpr std::size_t kOwnFields = 8;

// The value of a list that `fields` may have, with one more element.
std::string longer_list(const http::Fields& fields, std::string_view name,
                        std::string_view element) {
  std::string value = fields.joined(name);
  if (!value.empty()) { value += ", "; }
  return value.append(element);
}

void append_to_list(http::Fields& fields, std::string_view name, std::string_view element) {
  fields.set(name, longer_list(fields, name, element));
}

std::string via(int minor, std::string_view name) {
  return (minor == 0 ? "1.0 " : "1.1 ") + std::string(name);
}

}  // namespace

bool is_own_loop(const http::Fields& request, std::string_view name) {
  return request.has_member("CDN-Loop", name);
}

std::optional<std::uint64_t> max_forwards(const http::RequestHead& request) {
  const std::string* text = request.fields.find("Max-Forwards");
  if (request.method != "OPTIONS" || text == nullptr) { return std::nullopt; }
  return http::parse_number(http::trim(*text));
}

http::RequestHead origin_request(const http::RequestHead& request, const ForwardOptions& options) {
  http::RequestHead result;
  result.method = options.for_cache ? "GET" : request.method;
  result.target = request.target;
  result.host = request.site_host();
  result.secure = request.secure;
  http::Fields kept = request.fields;
  http::remove_hop_by_hop_of_request(kept);
  for (const std::string_view name : {"Host", "Content-Length", "Expect"}) { kept.remove(name); }
  kept.remove(tier::kEdgeField);  // what it says is about the way here
  if (options.for_cache) {
    for (const std::string_view name : kConditions) { kept.remove(name); }
    if (kept.has("Accept-Encoding")) {
      const std::string codings = kept.joined("Accept-Encoding");
      kept.set("Accept-Encoding", http::normal_accept_encoding(codings));
    }
  }
  const auto forwards = max_forwards(request);
  if (forwards && *forwards > 0) { kept.set("Max-Forwards", std::to_string(*forwards - 1)); }
  const std::string& rewritten = options.origin->host;
  http::Fields& fields = result.fields;
  fields.add("Host", rewritten.empty() ? request.site_host() : rewritten);
  for (http::Field& field : kept.list()) {
    fields.add(std::move(field.name), std::move(field.value));
  }
  if (options.validate != nullptr) {
    const http::Fields& stored = options.validate->head.fields;
    if (const auto* tag = stored.find("ETag")) { fields.add("If-None-Match", *tag); }
    if (const auto* time = stored.find("Last-Modified")) { fields.add("If-Modified-Since", *time); }
  }
  if (options.recodes && fields.has("If-Match")) {
    const std::string tags = fields.joined("If-Match");
    fields.set("If-Match", filter::strong_again(tags));
  }
  if (options.esi) {
    append_to_list(fields, "Surrogate-Capability", std::string(options.name) + "=\"ESI/1.0\"");
  }
  if (!options.range.empty()) { fields.add("Range", options.range); }
  if (!options.if_range.empty()) { fields.add("If-Range", options.if_range); }
  if (!rewritten.empty() || !request.alias_of.empty()) {
    fields.set("X-Forwarded-Host", request.host);
  }
  if (!options.client.empty()) {
    append_to_list(fields, "X-Forwarded-For", options.client);
  }
  // What came over TLS says so whatever the client wrote; a proxy in front that took TLS off
  // is believed.
  if (request.secure || !fields.has("X-Forwarded-Proto")) {
    fields.set("X-Forwarded-Proto", request.secure ? "https" : "http");
  }
  append_to_list(
      fields, "Via",
      request.major == 2 ? "2 " + std::string(options.name) : via(request.minor, options.name));
  append_to_list(fields, "CDN-Loop", options.name);
  if (options.body.kind == http::BodyKind::kChunked) {
    fields.add("Transfer-Encoding", "chunked");
  } else if (options.body.kind == http::BodyKind::kLength) {
    fields.add("Content-Length", std::to_string(options.body.length));
  } else if (request.fields.has("Content-Length")) {
    fields.add("Content-Length", "0");  // an empty POST says so
  }
  return result;
}

Reply stored_reply(const http::ResponseHead& stored, const ReplyOptions& options,
                   gslb::WallTime now) {
  http::ResponseHead head;
  head.status = stored.status;
  head.reason = stored.reason;
  http::Fields& fields = head.fields;
  fields.list().reserve(kOwnFields);
  if (!stored.fields.has("Date")) { fields.add("Date", http::format_date(now)); }
  if (options.age_s) { fields.add("Age", std::to_string(*options.age_s)); }
  fields.add("Via", longer_list(stored.fields, "Via", via(stored.minor, options.name)));
  fields.add("Cache-Status", longer_list(stored.fields, "Cache-Status",
                                         http::write_cache_status(options.name, options.status)));
  if (options.length) { fields.add("Content-Length", std::to_string(*options.length)); }
  return {std::move(head), options.length, options.has_body, &stored.fields};
}

Reply client_reply(http::ResponseHead head, const ReplyOptions& options, gslb::WallTime now) {
  http::Fields& fields = head.fields;
  const int origin_minor = head.minor;
  http::remove_hop_by_hop_of_response(fields);
  if (options.has_body || options.length) { fields.remove("Content-Length"); }
  if (!options.show_keys) {
    fields.remove("Surrogate-Key");
    fields.remove("Cache-Tag");
  }
  if (!fields.has("Date")) { fields.add("Date", http::format_date(now)); }
  if (options.age_s) { fields.set("Age", std::to_string(*options.age_s)); }
  append_to_list(fields, "Via", via(origin_minor, options.name));
  append_to_list(fields, "Cache-Status", http::write_cache_status(options.name, options.status));
  if (options.length) { fields.add("Content-Length", std::to_string(*options.length)); }
  return {std::move(head), options.length, options.has_body};
}

http::ResponseHead as_not_modified(const http::ResponseHead& stored) {
  http::ResponseHead head = stored;
  head.status = 304;
  head.reason.clear();
  for (const std::string_view name :
       {"Content-Length", "Content-Type", "Content-Encoding", "Content-Language"}) {
    head.fields.remove(name);
  }
  return head;
}

http::ResponseHead as_unsatisfiable(std::uint64_t size) {
  http::ResponseHead head;
  head.status = 416;
  head.fields.add("Content-Range", "bytes */" + std::to_string(size));
  return head;
}

http::ResponseHead own_response(int status) {
  http::ResponseHead head;
  head.status = status;
  head.fields.add("Content-Type", "text/plain; charset=utf-8");
  head.fields.add("Cache-Control", "no-store");
  return head;
}

std::string own_page(int status, std::string_view why) {
  std::string page = std::to_string(status) + ' ' + std::string(http::reason_phrase(status));
  if (!why.empty()) { page.append(": ").append(why); }
  return page + '\n';
}

}  // namespace edge::serve
