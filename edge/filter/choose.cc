#include "edge/filter/choose.h"

#include <algorithm>
#include <array>
#include <utility>

#include "edge/http/accept_encoding.h"
#include "edge/http/cache_control.h"
#include "edge/http/validator.h"

namespace edge::filter {
namespace {

std::string_view name_of(Coding coding) {
  return config::kCodingNames[static_cast<std::size_t>(coding)];
}

// The one coding a response came in; nullopt: several, or one that is not known here.
std::optional<Coding> coding_of(const http::Fields& response) {
  std::optional<Coding> found = Coding::kIdentity;
  const std::string list = response.joined("Content-Encoding");
  std::string_view rest = list;
  while (const auto element = http::next_element(rest)) {
    const std::string name = http::to_lower(*element);
    if (name == "identity") { continue; }
    if (found != Coding::kIdentity) { return std::nullopt; }
    const auto* const at = std::find(config::kCodingNames.begin(), config::kCodingNames.end(),
                                     name == "x-gzip" ? "gzip" : name);
    if (at == config::kCodingNames.end()) { return std::nullopt; }
    found = static_cast<Coding>(at - config::kCodingNames.begin());
  }
  return found;
}

bool has_type(const http::Fields& response, const std::vector<std::string>& patterns) {
  const std::string* field = response.find("Content-Type");
  if (field == nullptr) { return false; }
  const std::string type = http::to_lower(http::trim(field->substr(0, field->find(';'))));
  return std::any_of(patterns.begin(), patterns.end(), [&](const std::string_view pattern) {
    if (pattern.starts_with('*')) { return type.ends_with(pattern.substr(1)); }
    if (pattern.ends_with('*')) { return type.starts_with(pattern.substr(0, pattern.size() - 1)); }
    return type == pattern;
  });
}

bool forbids_transforming(const http::Fields& fields) {
  return fields.has_element("Cache-Control", "no-transform");
}

// Surrogate-Control: content="ESI/1.0", maybe with other tokens beside it.
bool is_marked_as_esi(const http::Fields& response) {
  const std::string list = response.joined("Surrogate-Control");
  std::string_view rest = list;
  while (const auto element = http::next_element(rest)) {
    const std::size_t equals = element->find('=');
    if (equals == element->npos) { continue; }
    const bool content =
        http::equals_ignoring_case(http::trim(element->substr(0, equals)), "content");
    if (content && element->find("ESI/1.0", equals) != element->npos) { return true; }
  }
  return false;
}

bool has_body(const http::ResponseHead& response) {
  constexpr std::array<int, 3> none = {204, 205, 304};
  return response.status >= 200 &&
         std::find(none.begin(), none.end(), response.status) == none.end();
}

Coding preferred(const std::vector<Coding>& codings, const std::string& accept) {
  Coding best = Coding::kIdentity;
  int weight = std::max(0, http::coding_weight(accept, "identity") - 1);
  for (const Coding coding : codings) {
    const int own = http::coding_weight(accept, name_of(coding));
    if (own > weight) {
      best = coding;
      weight = own;
    }
  }
  return best;
}

// The origin's own affair: it has more than one form of this.
bool varies_by_coding(const http::Fields& response) {
  return response.has_element("Vary", "Accept-Encoding");
}

// Whether the body, once it is in no coding, is one to be coded for those who like it.
bool is_worth_coding(const config::Compress& compress, const Subject& subject, bool esi,
                     std::uint64_t least) {
  const http::Fields& response = subject.response.fields;
  return !subject.included && !varies_by_coding(response) && has_type(response, compress.types) &&
         (esi || subject.part || subject.response.status == 206 ||
          subject.length.value_or(least) >= least);
}

void weaken_tag(http::Fields& fields) {
  const std::string* tag = fields.find("ETag");
  if (tag == nullptr) { return; }
  const auto parsed = http::parse_entity_tag(http::trim(*tag));
  if (!parsed) {
    fields.remove("ETag");
  } else if (!parsed->weak) {
    fields.set("ETag", "W/\"" + std::string(parsed->opaque) + '"');
  }
}

}  // namespace

bool is_esi_page(const config::Filters& filters, const http::ResponseHead& response) {
  if (!filters.esi) { return false; }
  return is_marked_as_esi(response.fields) ||
         (has_type(response.fields, filters.esi->types) && !forbids_transforming(response.fields));
}

Choice choose(const config::Filters& filters, const Subject& subject) {
  Choice choice;
  const http::Fields& response = subject.response.fields;
  const http::Fields& request = subject.request.fields;
  if (!has_body(subject.response)) { return choice; }
  const bool part = subject.part || subject.response.status == 206;
  const auto coded = coding_of(response);
  if (!coded) { return choice; }
  const bool is_coded = *coded != Coding::kIdentity;
  choice.esi = !part && is_esi_page(filters, subject.response);
  if (is_coded && !part && (choice.esi || subject.included)) { choice.decode = *coded; }
  if (!filters.compress || forbids_transforming(response) || forbids_transforming(request)) {
    return choice;
  }
  const std::string accept = request.joined("Accept-Encoding");
  if (is_coded && !choice.esi && !subject.included) {
    if (!filters.compress->decode || part) { return choice; }
    choice.varies = true;
    const bool accepted = http::coding_weight(accept, name_of(*coded)) > 0;
    if (!accepted) { choice.decode = *coded; }
    return choice;
  }
  // Who takes nothing uncoded has the short ones coded, too.
  const bool at_any_length = http::coding_weight(accept, "identity") == 0;
  const std::uint64_t least =
      at_any_length ? 1 : std::max<std::uint64_t>(filters.compress->min_octets, 1);
  if (!is_worth_coding(*filters.compress, subject, choice.esi, least)) { return choice; }
  choice.varies = true;
  // Ranges are of the stored octets, which have a strong validator; a page put together has none.
  if (part || (request.has("Range") && !choice.esi)) { return choice; }
  choice.encode = preferred(filters.compress->codings, accept);
  return choice;
}

http::ResponseHead filtered_head(const http::ResponseHead& head, const Choice& choice) {
  http::ResponseHead result = head;
  http::Fields& fields = result.fields;
  if (choice.varies && !varies_by_coding(fields) && !fields.has_element("Vary", "*")) {
    const std::string vary = fields.joined("Vary");
    fields.set("Vary", vary.empty() ? "Accept-Encoding" : vary + ", Accept-Encoding");
  }
  if (!choice.changes()) { return result; }
  for (const std::string_view name : {"Content-Length", "Content-MD5", "Digest", "Content-Digest",
                                      "Repr-Digest", "Accept-Ranges"}) {
    fields.remove(name);
  }
  if (choice.decode != Coding::kIdentity) { fields.remove("Content-Encoding"); }
  if (choice.encode != Coding::kIdentity) {
    fields.set("Content-Encoding", std::string(name_of(choice.encode)));
  }
  if (choice.esi) {
    for (const std::string_view name : {"ETag", "Last-Modified", "Surrogate-Control"}) {
      fields.remove(name);
    }
  } else {
    weaken_tag(fields);
  }
  return result;
}

std::string strong_again(std::string_view if_match) {
  std::string result;
  while (const auto element = http::next_element(if_match)) {
    if (!result.empty()) { result += ", "; }
    result += element->starts_with("W/\"") ? element->substr(2) : *element;
  }
  return result;
}

}  // namespace edge::filter
