#include "edge/serve/socket_io.h"

#include <array>
#include <cerrno>

#include <sys/socket.h>

#include <boost/asio/awaitable.hpp>

namespace edge::serve {
namespace {

constexpr std::size_t kReadOctets = 16 * 1024;

}  // namespace

Awaitable<bool> SocketIo::wait_after(TlsStream::Step step) {
  if (step == TlsStream::Step::kRead) { return wait_.wait_for(SocketWait::What::kRead); }
  return wait_.wait_for(SocketWait::What::kWrite);
}

Awaitable<bool> SocketIo::shake_hands(ssl_st* ssl) {
  tls_ = std::make_unique<TlsStream>(ssl, descriptor_);
  while (true) {
    const TlsStream::Step step = tls_->shake_hands();
    if (step == TlsStream::Step::kDone) { co_return true; }
    if (!TlsStream::is_wait(step)) { co_return false; }
    const bool more = co_await wait_after(step);
    if (!more) { co_return false; }
  }
}

std::size_t SocketIo::read_rest(std::string& buffer) {
  std::array<char, kReadOctets> octets;  // NOLINT(*-member-init): zeroing it would cost a read
  const ssize_t count = ::recv(descriptor_, octets.data(), octets.size(), MSG_DONTWAIT);
  if (count <= 0) { return 0; }
  buffer.append(octets.data(), static_cast<std::size_t>(count));
  return static_cast<std::size_t>(count);
}

// Not in the coroutine: its frame would keep the room for as long as it waits.
TlsStream::Step SocketIo::read_record(std::string& buffer, std::size_t& count) {
  std::array<char, kReadOctets> octets;  // NOLINT(*-member-init): as above
  const TlsStream::Step step = tls_->read(octets.data(), octets.size(), count);
  if (step == TlsStream::Step::kDone) { buffer.append(octets.data(), count); }
  return step;
}

Awaitable<std::size_t> SocketIo::read_tls(std::string& buffer) {
  while (true) {
    std::size_t count = 0;
    const TlsStream::Step step = read_record(buffer, count);
    if (step == TlsStream::Step::kDone) { co_return count; }
    if (!TlsStream::is_wait(step)) { co_return 0; }
    const bool more = co_await wait_after(step);
    if (!more) { co_return 0; }
  }
}

Awaitable<int> SocketIo::write_tls(const std::vector<std::string_view>& pieces) {
  std::size_t left = 0;
  for (const std::string_view piece : pieces) { left += piece.size(); }
  for (std::size_t sent = 0; left > 0;) {
    std::size_t count = 0;
    const TlsStream::Step step = tls_->write(pieces, sent, count);
    sent += count;
    left -= count;
    counters_.sent_octets.add(count);
    if (step == TlsStream::Step::kDone) { continue; }
    if (!TlsStream::is_wait(step)) { co_return ECONNRESET; }
    const bool more = co_await wait_after(step);
    if (!more) { co_return ECANCELED; }
  }
  co_return 0;
}

// What writer_ was given.
Awaitable<int> SocketIo::write_plain() {
  while (true) {
    std::size_t count = 0;
    const SocketWriter::Step step = writer_.write(descriptor_, count);
    const int why = errno;
    counters_.sent_octets.add(count);
    if (step == SocketWriter::Step::kDone) { co_return 0; }
    if (step == SocketWriter::Step::kFailed) { co_return why; }
    const bool more = co_await wait_.wait_for(SocketWait::What::kWrite);
    if (!more) { co_return ECANCELED; }
  }
}

Awaitable<int> SocketIo::write(const std::vector<std::string_view>& pieces) {
  if (tls_) { return write_tls(pieces); }
  writer_.clear();
  for (const std::string_view piece : pieces) { writer_.add(piece); }
  return write_plain();
}

Awaitable<int> SocketIo::write_body(std::string_view before,
                                    const std::vector<cache::Slice>& slices,
                                    std::string_view behind) {
  if (tls_) {
    std::vector<std::string_view> pieces;
    pieces.reserve(slices.size() + 2);
    pieces.push_back(before);
    for (const cache::Slice& slice : slices) { pieces.push_back(slice.view()); }
    pieces.push_back(behind);
    co_return co_await write_tls(pieces);
  }
  writer_.clear();
  writer_.add(before);
  for (const cache::Slice& slice : slices) { writer_.add(slice); }
  writer_.add(behind);
  co_return co_await write_plain();
}

}  // namespace edge::serve
