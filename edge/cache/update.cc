#include "edge/cache/update.h"

#include <array>

#include "edge/http/validator.h"

namespace edge::cache {
namespace {

// True when the field is absent in one of them, or the same in both.
bool agrees(const http::Fields& newer, const http::Fields& stored, std::string_view name) {
  const std::string* theirs = newer.find(name);
  const std::string* ours = stored.find(name);
  return theirs == nullptr || ours == nullptr || http::trim(*theirs) == http::trim(*ours);
}

}  // namespace

bool selects(const http::ResponseHead& not_modified, const http::ResponseHead& stored) {
  const std::string* theirs = not_modified.fields.find("ETag");
  // Last-Modified alone is a weak validator.
  if (theirs == nullptr) { return agrees(not_modified.fields, stored.fields, "Last-Modified"); }
  const std::string* ours = stored.fields.find("ETag");
  if (ours == nullptr) { return false; }
  const auto sent = http::parse_entity_tag(http::trim(*theirs));
  const auto kept = http::parse_entity_tag(http::trim(*ours));
  if (!sent || !kept) { return http::trim(*theirs) == http::trim(*ours); }
  return sent->weak ? http::weakly_equal(*sent, *kept) : http::strongly_equal(*sent, *kept);
}

http::ResponseHead updated_by(const http::ResponseHead& stored, const http::ResponseHead& newer) {
  constexpr std::array<std::string_view, 3> kKept = {"Content-Length", "Content-Encoding",
                                                     "Content-Range"};
  http::ResponseHead result = stored;
  http::Fields fresh = newer.fields;
  http::remove_hop_by_hop_of_response(fresh);
  for (const std::string_view name : kKept) { fresh.remove(name); }
  // The age of the stored response ended with its validation; Age is kept only if the newer has
  // one.
  result.fields.remove("Age");
  for (const http::Field& field : fresh.list()) { result.fields.remove(field.name); }
  for (http::Field& field : fresh.list()) {
    result.fields.add(std::move(field.name), std::move(field.value));
  }
  return result;
}

HeadVerdict judge_head(const http::ResponseHead& head, const http::ResponseHead& stored,
                       std::uint64_t length) {
  const std::string* theirs = head.fields.find("Content-Length");
  if (theirs != nullptr && http::parse_number(http::trim(*theirs)) != length) {
    return HeadVerdict::kChanged;
  }
  for (const std::string_view name : {"ETag", "Last-Modified"}) {
    const std::string* validator = head.fields.find(name);
    const std::string* ours = stored.fields.find(name);
    if (validator != nullptr && (ours == nullptr || !agrees(head.fields, stored.fields, name))) {
      return HeadVerdict::kChanged;
    }
  }
  return HeadVerdict::kSame;
}

bool is_same_representation(const http::ResponseHead& part, const http::ResponseHead& stored,
                            gslb::WallTime now) {
  const auto theirs = http::strong_validator(part.fields, now);
  const auto ours = http::strong_validator(stored.fields, now);
  return theirs && ours && *theirs == *ours &&
         agrees(part.fields, stored.fields, "Content-Encoding");
}

}  // namespace edge::cache
