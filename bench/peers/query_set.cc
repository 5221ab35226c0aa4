#include "bench/peers/query_set.h"

#include <cstring>
#include <fstream>
#include <iterator>
#include <optional>

namespace bench {
namespace {

constexpr std::size_t kRecordHeaderOctets = 8;
constexpr std::uint16_t kTypeA = 1;
constexpr std::uint16_t kClassIn = 1;
constexpr std::uint16_t kTypeOpt = 41;
constexpr std::uint16_t kOptionEcs = 8;
constexpr std::size_t kEcsScope = 7;  // offset in the option: code, length, family, source, scope

std::uint16_t load_u16(const std::uint8_t* at) noexcept {
  return static_cast<std::uint16_t>((at[0] << 8) | at[1]);
}
std::uint32_t load_u32(const std::uint8_t* at) noexcept {
  return (std::uint32_t{load_u16(at)} << 16) | load_u16(at + 2);
}

// Offset just behind the name at `at`, or 0 when it runs past the end.  A compression pointer ends
// the name; where it points to is not followed, since only the record behind it matters here.
std::size_t skip_name(Octets message, std::size_t at) noexcept {
  while (at < message.size()) {
    const std::uint8_t length = message[at];
    if (length == 0) { return at + 1; }
    if (length >= 0xC0) { return at + 2 <= message.size() ? at + 2 : 0; }
    if (length > 63) { return 0; }
    at += std::size_t{length} + 1;
  }
  return 0;
}

std::size_t question_end(Octets message) noexcept {
  const std::size_t name_end = skip_name(message, kHeaderOctets);
  return name_end != 0 && name_end + 4 <= message.size() ? name_end + 4 : 0;
}

// The options of the OPT record among the records from `at` on; nullopt if there is none.
std::optional<Octets> find_options(Octets message, std::size_t at, unsigned records) noexcept {
  for (; records > 0; --records) {
    at = skip_name(message, at);
    if (at == 0 || at + 10 > message.size()) { return std::nullopt; }
    const std::uint16_t type = load_u16(message.data() + at);
    const std::size_t length = load_u16(message.data() + at + 8);
    at += 10;
    if (at + length > message.size()) { return std::nullopt; }
    if (type == kTypeOpt) { return message.subspan(at, length); }
    at += length;
  }
  return std::nullopt;
}

unsigned record_count(Octets message) noexcept {
  return unsigned{load_u16(message.data() + 6)} + load_u16(message.data() + 8) +
         load_u16(message.data() + 10);
}

// Whether `options` holds the query's `ecs` (a whole option), whatever its scope.
bool has_subnet(Octets options, Octets ecs) noexcept {
  for (std::size_t at = 0; at + 4 <= options.size();) {
    const Octets option = options.subspan(at);
    const std::size_t size = std::size_t{4} + load_u16(option.data() + 2);
    if (load_u16(option.data()) == kOptionEcs) {
      return size == ecs.size() && option.size() >= size &&
             std::memcmp(option.data(), ecs.data(), kEcsScope) == 0 &&
             std::memcmp(option.data() + kEcsScope + 1, ecs.data() + kEcsScope + 1,
                         size - kEcsScope - 1) == 0;
    }
    at += size;
  }
  return false;
}

bool edns_comes_back(Octets query, Octets answer, std::size_t question) noexcept {
  const auto asked = find_options(query, question, record_count(query));
  const auto given = find_options(answer, question, record_count(answer));
  if (!asked) { return true; }
  return given && (asked->empty() || has_subnet(*given, *asked));
}

bool first_record_is(Octets answer, std::size_t at, std::uint32_t address) noexcept {
  at = skip_name(answer, at);
  if (at == 0 || at + 14 > answer.size()) { return false; }
  const std::uint8_t* const record = answer.data() + at;
  return load_u16(record) == kTypeA && load_u16(record + 2) == kClassIn &&
         load_u16(record + 8) == 4 && load_u32(record + 10) == address;
}

}  // namespace

std::string check_query(Octets query) {
  if (query.size() < kHeaderOctets || query.size() > kMaxQueryOctets) {
    return "a query is " + std::to_string(query.size()) + " octets long, not 12..512";
  }
  if ((query[2] & 0xF8) != 0 || load_u16(query.data() + 4) != 1 || question_end(query) == 0) {
    return "a query is not a plain one with one question";
  }
  const auto options = find_options(query, question_end(query), record_count(query));
  if (options && !options->empty() &&
      (options->size() <= kEcsScope || load_u16(options->data()) != kOptionEcs ||
       options->size() != std::size_t{4} + load_u16(options->data() + 2))) {
    return "a query has another option than ECS";
  }
  return "";
}

std::string QuerySet::load(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) { return path + ": " + std::strerror(errno); }
  file_.assign(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
  entries_.clear();
  if (file_.size() < 8 || std::memcmp(file_.data(), "PXQ1", 4) != 0) {
    return path + ": not a query set";
  }
  const std::uint32_t count = load_u32(file_.data() + 4);
  std::size_t at = 8;
  for (std::uint32_t i = 0; i < count; ++i) {
    if (at + kRecordHeaderOctets > file_.size()) { return path + ": cut short"; }
    const std::uint8_t* const record = file_.data() + at;
    const std::uint16_t length = load_u16(record);
    at += kRecordHeaderOctets;
    if (at + length > file_.size()) { return path + ": cut short"; }
    if (std::string why = check_query({file_.data() + at, length}); !why.empty()) {
      return path + ": query " + std::to_string(i) + ": " + why;
    }
    entries_.push_back({static_cast<std::uint32_t>(at),
                        length,
                        {record[2], record[3], load_u32(record + 4), true}});
    at += length;
  }
  return entries_.empty() ? path + ": no query in it" : "";
}

Verdict check_answer(Octets query, const Expectation& expectation, Octets answer) noexcept {
  // QR set, OPCODE 0, TC clear; RD is copied (RFC 1035 4.1.1).
  if (answer.size() < kHeaderOctets || (answer[2] & 0xFA) != 0x80 ||
      ((answer[2] ^ query[2]) & 1) != 0 || load_u16(answer.data() + 4) != 1) {
    return Verdict::kHeader;
  }
  const std::size_t question = question_end(query);
  if (answer.size() < question ||
      std::memcmp(answer.data() + kHeaderOctets, query.data() + kHeaderOctets,
                  question - kHeaderOctets) != 0) {
    return Verdict::kQuestion;
  }
  if (expectation.rcode != kUnchecked && (answer[3] & 0x0F) != expectation.rcode) {
    return Verdict::kRcode;
  }
  if (expectation.answer_count != kUnchecked &&
      load_u16(answer.data() + 6) != expectation.answer_count) {
    return Verdict::kAnswerCount;
  }
  if (expectation.address != 0 && !first_record_is(answer, question, expectation.address)) {
    return Verdict::kAddress;
  }
  if (expectation.edns && !edns_comes_back(query, answer, question)) { return Verdict::kEdns; }
  return Verdict::kRight;
}

}  // namespace bench
