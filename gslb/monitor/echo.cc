#include "gslb/monitor/echo.h"

#include <algorithm>

namespace gslb::monitor {
namespace {

constexpr std::size_t kHeader = 8;
constexpr std::uint8_t kEcho = 8;
constexpr std::uint8_t kEchoReply = 0;
constexpr std::uint8_t kEchoV6 = 128;
constexpr std::uint8_t kEchoReplyV6 = 129;

// RFC 1071.  REQUIRES: an even number of octets.
std::uint16_t checksum(const std::vector<std::uint8_t>& octets) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < octets.size(); i += 2) { sum += load_u16(octets.data() + i); }
  while ((sum >> 16) != 0) { sum = (sum & 0xffff) + (sum >> 16); }
  return static_cast<std::uint16_t>(~sum);
}

}  // namespace

std::vector<std::uint8_t> write_echo(bool is_v6, Nonce nonce) {
  std::vector<std::uint8_t> message(kHeader + nonce.size(), 0);
  message[0] = is_v6 ? kEchoV6 : kEcho;
  message[7] = 1;  // the sequence number
  std::copy(nonce.begin(), nonce.end(), message.begin() + kHeader);
  if (!is_v6) {
    const std::uint16_t sum = checksum(message);
    message[2] = static_cast<std::uint8_t>(sum >> 8);
    message[3] = static_cast<std::uint8_t>(sum);
  }
  return message;
}

bool is_echo_reply(bool is_v6, Nonce nonce, Octets message) {
  constexpr std::size_t kLeastIpHeader = 20;
  if (!is_v6 && message.size() >= kLeastIpHeader && message[0] >> 4 == 4) {
    const std::size_t header = std::size_t{4} * (message[0] & 15U);
    if (header < kLeastIpHeader || header > message.size()) { return false; }
    message = message.subspan(header);
  }
  return message.size() == kHeader + nonce.size() &&
         message[0] == (is_v6 ? kEchoReplyV6 : kEchoReply) &&
         std::equal(nonce.begin(), nonce.end(), message.begin() + kHeader);
}

}  // namespace gslb::monitor
