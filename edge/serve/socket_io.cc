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

int SocketIo::write_on_tls() {
  while (tls_left_ > 0) {
    std::size_t count = 0;
    const TlsStream::Step step = tls_->write(tls_pieces_, tls_sent_, count);
    tls_sent_ += count;
    tls_left_ -= count;
    counters_.sent_octets.add(count);
    if (step == TlsStream::Step::kDone) { continue; }
    awaited_ = step == TlsStream::Step::kRead ? SocketWait::What::kRead : SocketWait::What::kWrite;
    return TlsStream::is_wait(step) ? EAGAIN : ECONNRESET;
  }
  return 0;
}

int SocketIo::write_on() {
  if (tls_) { return write_on_tls(); }
  std::size_t count = 0;
  const SocketWriter::Step step = writer_.write(descriptor_, count);
  const int why = errno;
  counters_.sent_octets.add(count);
  if (step == SocketWriter::Step::kDone) { return 0; }
  return step == SocketWriter::Step::kWait ? EAGAIN : why;
}

Awaitable<int> SocketIo::finish_write() {
  int error = EAGAIN;
  while (error == EAGAIN) {
    const bool more = co_await wait_.wait_for(awaited_);
    if (!more) { co_return ECANCELED; }
    error = write_on();
  }
  co_return error;
}

int SocketIo::write(const std::vector<std::string_view>& pieces) {
  if (tls_) {
    tls_pieces_ = pieces;
    tls_sent_ = tls_left_ = 0;
    for (const std::string_view piece : pieces) { tls_left_ += piece.size(); }
  } else {
    writer_.clear();
    for (const std::string_view piece : pieces) { writer_.add(piece); }
  }
  return write_on();
}

int SocketIo::write_body(std::string_view before, const std::vector<cache::Slice>& slices,
                         std::string_view behind) {
  if (tls_) {
    std::vector<std::string_view> pieces = {before};
    for (const cache::Slice& slice : slices) { pieces.push_back(slice.view()); }
    pieces.push_back(behind);
    return write(pieces);
  }
  writer_.clear();
  writer_.add(before);
  for (const cache::Slice& slice : slices) { writer_.add(slice); }
  writer_.add(behind);
  return write_on();
}

}  // namespace edge::serve
