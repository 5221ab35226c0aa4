#include "edge/serve/deliver.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include "edge/cache/parts.h"
#include "edge/serve/filtered.h"
#include "edge/serve/forward.h"
#include "edge/serve/signal.h"
#include "edge/serve/slice_source.h"
#include "gslb/base/hash.h"

namespace edge::serve {
namespace {

// Octets of a body handed to one gathered write: large enough to amortise the call, small enough
// for the write timeout to mean something.
constexpr std::size_t kWriteOctets = 256 * 1024;

// A piece of an answer's body: text of our own, then octets of the object's body.
struct Piece {
  std::string text;
  std::uint64_t from = 0;
  std::uint64_t size = 0;
};

// What is sent for one request.
struct Answer {
  http::ResponseHead head;
  std::vector<Piece> pieces;
  std::optional<std::uint64_t> length;
  bool has_body = true;
};

// Sends a shared body behind a head that has been begun.
class BodyPump {
 public:
  BodyPump(RequestScope& scope, std::shared_ptr<cache::Body> body, std::uint64_t from)
      : scope_(scope), signal_(scope.worker), reader_(std::move(body), from, signal_.waker()) {}

  void seek(std::uint64_t from) { reader_.seek(from); }

  // `left`: octets to send.  True when all of them, or all there are, went out.
  Awaitable<bool> run(std::uint64_t left) {
    while (left > 0) {
      const auto status = reader_.next(
          slices_, static_cast<std::size_t>(std::min<std::uint64_t>(left, kWriteOctets)));
      if (status == cache::Body::Status::kEnd) { break; }
      for (const cache::Slice& slice : slices_) { left -= slice.size; }
      // Without slices too: the head need not wait for the body.
      const bool sent = co_await scope_.send(slices_);
      if (!sent || status == cache::Body::Status::kFailed) { co_return false; }
      if (status == cache::Body::Status::kWait) { co_await signal_.wait(); }
    }
    co_return true;
  }

 private:
  RequestScope& scope_;
  Signal signal_;
  std::vector<cache::Slice> slices_;
  cache::Body::Reader reader_;
};

std::string content_range(const http::ByteRange& range, std::uint64_t total) {
  return "bytes " + std::to_string(range.first) + '-' + std::to_string(range.last) + '/' +
         std::to_string(total);
}

Piece piece_of(const cache::Object& object, const http::ByteRange& range) {
  return {{}, range.first - (object.part ? object.part->first : 0), range.size()};
}

// RFC 9110 14.6: each part with its own Content-Type and Content-Range.
void answer_in_parts(Answer& answer, const cache::Object& object,
                     const std::vector<http::ByteRange>& ranges, std::uint64_t total) {
  // Nobody chooses it, so nobody can write a body that holds it.
  const auto now = std::chrono::steady_clock::now().time_since_epoch().count();
  const std::string boundary = std::to_string(gslb::mix64(static_cast<std::uint64_t>(now)));
  const std::string* type = object.head.fields.find("Content-Type");
  std::uint64_t length = 0;
  for (const http::ByteRange& range : ranges) {
    Piece piece = piece_of(object, range);
    piece.text.append(answer.pieces.empty() ? "--" : "\r\n--").append(boundary).append("\r\n");
    if (type != nullptr) { piece.text.append("Content-Type: ").append(*type).append("\r\n"); }
    piece.text.append("Content-Range: ").append(content_range(range, total)).append("\r\n\r\n");
    length += piece.text.size() + piece.size;
    answer.pieces.push_back(std::move(piece));
  }
  answer.pieces.push_back({"\r\n--" + boundary + "--\r\n", 0, 0});
  answer.length = length + answer.pieces.back().text.size();
  answer.head.fields.set("Content-Type", "multipart/byteranges; boundary=" + boundary);
}

// The 206 of a whole or partial object.
void answer_partially(Answer& answer, const cache::Object& object,
                      const std::vector<http::ByteRange>& ranges, std::uint64_t total) {
  answer.head.status = 206;
  answer.head.reason.clear();
  answer.pieces.clear();
  if (ranges.size() > 1) {
    answer_in_parts(answer, object, ranges, total);
    return;
  }
  answer.head.fields.set("Content-Range", content_range(ranges.front(), total));
  answer.pieces.push_back(piece_of(object, ranges.front()));
  answer.length = ranges.front().size();
}

// What is still coming may pass through a window, and what has passed does not come again.
bool can_send_in_order(const cache::Body& body, const std::vector<http::ByteRange>& ranges) {
  return (body.complete() && body.keeps()) ||
         std::is_sorted(ranges.begin(), ranges.end(),
                        [](const auto& a, const auto& b) { return a.first < b.first; });
}

void answer_range(Answer& answer, const RequestScope& scope, const cache::Object& object,
                  gslb::WallTime now) {
  const std::uint64_t total = object.part ? object.part->total : *answer.length;
  const auto range = http::decide_range(scope.request.fields, answer.head.fields, total, now);
  if (range.kind == http::RangeKind::kUnsatisfiable) {
    answer.head = as_unsatisfiable(total);
    answer.has_body = false;
    answer.length = 0;
    return;
  }
  const http::ByteRange there{object.part ? object.part->first : 0,
                              (object.part ? object.part->first : 0) + *answer.length - 1};
  const bool inside =
      std::all_of(range.ranges.begin(), range.ranges.end(), [&](const http::ByteRange& each) {
        return each.first >= there.first && each.last <= there.last;
      });
  if (range.kind == http::RangeKind::kPartial && inside &&
      can_send_in_order(*object.body, range.ranges)) {
    answer_partially(answer, object, range.ranges, total);
  } else if (object.part) {
    // The origin chose another part than was asked for, and it says which (15.3.7).
    answer_partially(answer, object, {there}, total);
  }
}

// A stored 200 becomes the 304, 206 or 416 it has to be for this request.
Answer answer_for(const RequestScope& scope, const Shown& shown, gslb::WallTime now) {
  const cache::Object& object = *shown.object;
  Answer answer;
  answer.head = object.head;
  answer.length = cache::length_of(object);
  answer.pieces.push_back({{}, 0, answer.length.value_or(~std::uint64_t{0})});
  const bool may_be_conditional = scope.request.method == "GET" || scope.request.method == "HEAD";
  if (object.head.status == 200 && may_be_conditional &&
      http::not_modified(scope.request.fields, object.head.fields, now)) {
    answer.head = as_not_modified(object.head);
  } else if (object.head.status == 200 && !shown.is_changed && answer.length.value_or(0) > 0 &&
             scope.request.method == "GET") {
    answer_range(answer, scope, object, now);
  }
  if (answer.head.status == 204 || answer.head.status == 304) {
    answer.has_body = false;
    answer.length.reset();
  }
  if (scope.request.method == "HEAD") { answer.has_body = false; }
  return answer;
}

Awaitable<bool> send_slices(RequestScope& scope, SliceSource& slices, std::uint64_t from,
                            std::uint64_t size) {
  while (size > 0) {
    const SliceSource::Piece piece = co_await slices.at(from, from + size - 1);
    if (!piece.body) { co_return false; }
    const std::uint64_t count = std::min(size, piece.octets);
    BodyPump pump(scope, piece.body, piece.offset);
    const bool sent = co_await pump.run(count);
    if (!sent) { co_return false; }
    from += count;
    size -= count;
  }
  co_return true;
}

// The first one with octets of the body.
std::vector<Piece>::const_iterator first_of(const std::vector<Piece>& pieces) {
  return std::find_if(pieces.begin(), pieces.end(),
                      [](const Piece& piece) { return piece.size > 0; });
}

Awaitable<bool> open_slices(SliceSource& slices, const std::vector<Piece>& pieces) {
  const auto first = first_of(pieces);
  if (first == pieces.end()) { co_return true; }
  co_return co_await slices.open(first->from, first->from + first->size - 1);
}

// `slices`: of an object in slices, else null.
Awaitable<bool> send_pieces(RequestScope& scope, std::shared_ptr<cache::Body> body,
                            SliceSource* slices, std::vector<Piece> pieces) {
  // One for all parts, and before anything is sent: a body that nobody reads is given up.
  std::optional<BodyPump> pump;
  const auto first = first_of(pieces);
  if (slices == nullptr && first != pieces.end()) { pump.emplace(scope, body, first->from); }
  for (Piece& piece : pieces) {
    if (!piece.text.empty()) {
      const std::vector<cache::Slice> text = {cache::slice_of(std::move(piece.text))};
      const bool sent = co_await scope.send(text);
      if (!sent) { co_return false; }
    }
    if (piece.size > 0 && slices != nullptr) {
      const bool sent = co_await send_slices(scope, *slices, piece.from, piece.size);
      if (!sent) { co_return false; }
    } else if (piece.size > 0) {
      pump->seek(piece.from);
      const bool sent = co_await pump->run(piece.size);
      if (!sent) { co_return false; }
    }
  }
  co_return co_await scope.finish();
}

// Most hits: all of a stored 200 as it is.  Its body is all of it, and none of its fields are for
// caches only.
bool is_plain(const http::RequestHead& request, const Delivery& delivery,
              const cache::Object& object) {
  return delivery.status.hit && request.method == "GET" && object.head.status == 200 &&
         !object.part && object.body->complete() &&
         object.length.value_or(object.body->size()) == object.body->size() &&
         !object.head.fields.has("Surrogate-Key") && !object.head.fields.has("Cache-Tag") &&
         delivery.own.list().empty() &&
         !request.fields.has("Range") && !request.fields.has("If-None-Match") &&
         !request.fields.has("If-Modified-Since");
}

Awaitable<bool> deliver_plain(RequestScope& scope, Delivery delivery, Shown shown) {
  const cache::Object& object = *shown.object;
  const std::int64_t age = cache::age_of(object, std::chrono::steady_clock::now());
  ReplyOptions options = scope.reply_options();
  options.status = delivery.status;
  options.status.ttl_s = object.freshness.lifetime_s - age;
  options.age_s = age;
  options.length = object.body->size();
  scope.begin(stored_reply(object.head, options, std::chrono::system_clock::now()),
              delivery.result);
  std::vector<cache::Slice> slices;
  bool sent = true;
  if (object.body->take_whole(slices, kWriteOctets)) {
    sent = co_await scope.send(slices);
  } else {
    BodyPump pump(scope, object.body, 0);
    sent = co_await pump.run(*options.length);
  }
  if (!sent) { co_return false; }
  co_return co_await scope.finish();
}

// What has to be made of it for this request.
Awaitable<bool> deliver_fitted(RequestScope& scope, Delivery delivery, Shown shown) {
  const auto wall = std::chrono::system_clock::now();
  const cache::ObjectRef& object = shown.object;
  http::CacheStatus& status = delivery.status;
  const std::int64_t age = cache::age_of(*object, std::chrono::steady_clock::now());
  Answer answer = answer_for(scope, shown, wall);
  for (const http::Field& field : delivery.own.list()) {
    answer.head.fields.add(field.name, field.value);
  }
  const bool reused = status.hit || status.collapsed || object->head.fields.has("Age");
  if (answer.has_body && delivery.slices != nullptr) {
    const bool opened = co_await open_slices(*delivery.slices, answer.pieces);
    if (!opened) { co_return false; }
    delivery.slices->tell(status, delivery.result);
  }
  ReplyOptions options = scope.reply_options();
  if (status.hit || status.stored) { status.ttl_s = object->freshness.lifetime_s - age; }
  // Without fwd-status the origin's is taken to be the one the client gets (RFC 9211 2.3).
  if (status.forward_status == answer.head.status) { status.forward_status.reset(); }
  options.status = status;
  // Age says that the origin was not asked for this request (RFC 9111 5.1).
  if (reused) { options.age_s = age; }
  options.length = answer.length;
  options.has_body = answer.has_body;
  scope.begin(client_reply(std::move(answer.head), options, wall), delivery.result);
  if (!answer.has_body) {
    object->body->dismiss();
    co_return co_await scope.finish();
  }
  co_return co_await send_pieces(scope, object->body, delivery.slices, std::move(answer.pieces));
}

}  // namespace

Awaitable<bool> deliver(RequestScope& scope, Delivery delivery) {
  // What is in slices is shown as it is: a filter would need the whole.
  if (delivery.slices != nullptr) {
    Shown shown{delivery.object};
    return deliver_fitted(scope, std::move(delivery), std::move(shown));
  }
  Shown shown = filtered(scope, delivery.object, delivery.key);
  return is_plain(scope.request, delivery, *shown.object)
             ? deliver_plain(scope, std::move(delivery), std::move(shown))
             : deliver_fitted(scope, std::move(delivery), std::move(shown));
}

}  // namespace edge::serve
