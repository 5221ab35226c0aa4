#include "gslb/bus/envelope.h"

#include <charconv>
#include <vector>

#include "gslb/base/check.h"
#include "gslb/bus/subjects.h"
#include "gslb/fleet/signature.h"

namespace gslb::bus {
namespace {

constexpr std::string_view kVersion = "v1";
constexpr std::string_view kKind = "v1-bus";
constexpr std::size_t kMaxDigits = 15;
// A sender of three octets an octet, four numbers, the signature, the spaces.
constexpr std::size_t kMaxLine = 2 + 3 * kMaxSenderOctets + 3 * kMaxDigits + 64 + 5;

std::optional<std::uint64_t> parse_number(std::string_view text) {
  if (text.empty() || text.size() > kMaxDigits) { return std::nullopt; }
  std::uint64_t value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure != std::errc() || end != text.data() + text.size()) { return std::nullopt; }
  return value;
}

struct Framed {
  std::vector<std::string_view> fields;  // of the line, after the version
  std::string_view line;
  std::string_view body;
};

// `count` fields parted by one space each, after the version.
std::optional<Framed> parse_frame(std::string_view octets, std::size_t count) {
  const std::size_t end = octets.substr(0, kMaxLine + 1).find('\n');
  if (end == std::string_view::npos || octets.size() - end - 1 > kMaxBodyOctets) {
    return std::nullopt;
  }
  Framed framed{{}, octets.substr(0, end), octets.substr(end + 1)};
  std::string_view rest = framed.line;
  for (std::size_t space = rest.find(' '); space != std::string_view::npos;
       space = rest.find(' ')) {
    framed.fields.push_back(rest.substr(0, space));
    rest.remove_prefix(space + 1);
  }
  framed.fields.push_back(rest);
  if (framed.fields.size() != count + 1 || framed.fields[0] != kVersion) { return std::nullopt; }
  framed.fields.erase(framed.fields.begin());
  return framed;
}

std::uint64_t since_1970(WallTime time) {
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<milliseconds>(time.time_since_epoch()).count());
}

// What is signed before the body: where it is to be heard, and all of the line but the signature.
std::string signed_head(std::string_view subject, std::string_view fields) {
  return std::string(subject) + ' ' + std::string(fields);
}

}  // namespace

std::string_view describe(EnvelopeError error) noexcept {
  switch (error) {
    case EnvelopeError::kMalformed:
      return "malformed";
    case EnvelopeError::kWrongSignature:
      return "wrong signature";
    case EnvelopeError::kSkew:
      return "time too far from ours";
    case EnvelopeError::kNotNewer:
      return "not newer than the last";
  }
  return "unknown error";
}

std::string seal(std::string_view key, std::string_view subject, const Sender& sender,
                 std::uint64_t sequence, WallTime now, std::string_view body) {
  CHECK(body.size() <= kMaxBodyOctets && sender.id.size() <= kMaxSenderOctets);
  std::string line = std::string(kVersion) + ' ' + escape_token(sender.id) + ' ' +
                     std::to_string(sender.incarnation) + ' ' + std::to_string(sequence) + ' ' +
                     std::to_string(since_1970(now));
  const std::string signature = fleet::sign(kKind, key, signed_head(subject, line), body);
  line.append(" ").append(signature).append("\n").append(body);
  return line;
}

Result<Opened, EnvelopeError> open(std::string_view key, std::string_view subject,
                                   std::string_view octets, WallTime now, milliseconds max_age,
                                   milliseconds max_ahead) {
  const auto framed = parse_frame(octets, 5);
  if (!framed) { return Unexpected(EnvelopeError::kMalformed); }
  const std::string_view signature = framed->fields[4];
  auto sender = unescape_token(framed->fields[0]);
  const auto incarnation = parse_number(framed->fields[1]);
  const auto sequence = parse_number(framed->fields[2]);
  const auto time = parse_number(framed->fields[3]);
  if (!sender || sender->empty() || sender->size() > kMaxSenderOctets || !incarnation ||
      !sequence || !time) {
    return Unexpected(EnvelopeError::kMalformed);
  }
  const std::string_view fields =
      framed->line.substr(0, framed->line.size() - signature.size() - 1);
  if (!fleet::is_signed(kKind, key, signed_head(subject, fields), framed->body, signature)) {
    return Unexpected(EnvelopeError::kWrongSignature);
  }
  // Only now: a stranger's time means nothing.
  const auto ours = static_cast<std::int64_t>(since_1970(now));
  const auto theirs = static_cast<std::int64_t>(*time);
  if (theirs < ours - max_age.count() || theirs > ours + max_ahead.count()) {
    return Unexpected(EnvelopeError::kSkew);
  }
  return Opened{{*std::move(sender), *incarnation}, *sequence, *time, framed->body};
}

bool Newest::take(std::string_view subject, const Opened& message) {
  const std::string name = message.sender.id + ' ' + std::string(subject);
  const auto [found, is_new] = seen_.try_emplace(name);
  Seen& last = found->second;
  if (!is_new) {
    const bool newer =
        message.sender.incarnation > last.incarnation ||
        (message.sender.incarnation == last.incarnation && message.sequence > last.sequence);
    if (!newer) { return false; }
    by_turn_.erase(last.turn);
  }
  last = {message.sender.incarnation, message.sequence, ++turns_};
  by_turn_.emplace(last.turn, name);
  if (seen_.size() > kMost) {
    seen_.erase(by_turn_.begin()->second);
    by_turn_.erase(by_turn_.begin());
  }
  return true;
}

std::string write_beat(std::string_view cluster, std::string_view time_ms,
                       std::string_view signature, std::string_view body) {
  std::string octets = std::string(kVersion) + ' ' + escape_token(cluster);
  return octets.append(" ").append(time_ms).append(" ").append(signature).append("\n").append(body);
}

std::optional<Beat> parse_beat(std::string_view octets) {
  const auto framed = parse_frame(octets, 3);
  if (!framed) { return std::nullopt; }
  auto cluster = unescape_token(framed->fields[0]);
  if (!cluster || cluster->empty()) { return std::nullopt; }
  return Beat{*std::move(cluster), framed->fields[1], framed->fields[2], framed->body};
}

std::string write_orders(std::string_view time_ms, std::string_view signature,
                         std::string_view body) {
  std::string octets(kVersion);
  return octets.append(" ").append(time_ms).append(" ").append(signature).append("\n").append(body);
}

std::optional<OrdersMessage> parse_orders_message(std::string_view octets) {
  const auto framed = parse_frame(octets, 2);
  if (!framed) { return std::nullopt; }
  return OrdersMessage{framed->fields[0], framed->fields[1], framed->body};
}

}  // namespace gslb::bus
