#include "edge/serve/socket_writer.h"

#include <array>
#include <cerrno>

#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "edge/serve/page_pipe.h"

namespace edge::serve {
namespace {

constexpr std::size_t kPiecesAtOnce = 64;
// Below it one call of sendfile(2) is cheaper than the pipe's two.
constexpr std::size_t kLendOctets = 64 * 1024;

}  // namespace

void SocketWriter::add(std::string_view octets) {
  if (pieces_.empty()) { next_ = 0; }
  if (!octets.empty()) { pieces_.push_back({octets, -1, 0}); }
}

void SocketWriter::add(const cache::Slice& slice) {
  const auto place = slice.chunk->place();
  add(slice.view());
  if (slice.size == 0 || place.file < 0) { return; }
  pieces_.back().file = place.file;
  pieces_.back().offset = place.offset + slice.offset;
}

SocketWriter::Step SocketWriter::write(int socket, std::size_t& count) {
  count = 0;
  while (next_ < pieces_.size()) {
    long sent = -1;
    bool is_full = false;
    if (pieces_[next_].file < 0) {
      sent = send_gathered(socket);
    } else {
      sent = lend(socket, is_full);
      if (sent < 0 && errno == ENOTSUP) { sent = send_file(socket); }
    }
    if (sent < 0 && errno == EINTR) { continue; }
    if (sent < 0) { return errno == EAGAIN || errno == EWOULDBLOCK ? Step::kWait : Step::kFailed; }
    if (sent == 0) {
      errno = EPIPE;  // a file that is shorter than it was: there is none
      return Step::kFailed;
    }
    count += static_cast<std::size_t>(sent);
    advance(static_cast<std::size_t>(sent));
    // To try once more would take all those pages once more.
    if (is_full) { return Step::kWait; }
  }
  return Step::kDone;
}

long SocketWriter::send_gathered(int socket) {
  std::array<iovec, kPiecesAtOnce> parts;  // NOLINT(*-member-init): as many as are used
  std::size_t size = 0;
  std::size_t at = next_;
  for (; at < pieces_.size() && size < parts.size() && pieces_[at].file < 0; ++at, ++size) {
    const std::string_view octets = pieces_[at].octets;
    parts.at(size) = {const_cast<char*>(octets.data()), octets.size()};
  }
  msghdr message{};
  message.msg_iov = parts.data();
  message.msg_iovlen = size;
  return ::sendmsg(socket, &message, MSG_NOSIGNAL | (at < pieces_.size() ? MSG_MORE : 0));
}

long SocketWriter::lend(int socket, bool& is_full) {
  const std::string_view octets = pieces_[next_].octets.substr(0, PagePipe::kOctets);
  if (octets.size() < kLendOctets) {
    errno = ENOTSUP;
    return -1;
  }
  const bool more = octets.size() < pieces_[next_].octets.size() || next_ + 1 < pieces_.size();
  const long sent = PagePipe::of_thread().send(socket, octets, more);
  is_full = sent >= 0 && static_cast<std::size_t>(sent) < octets.size();
  return sent;
}

long SocketWriter::send_file(int socket) {
  const Piece& piece = pieces_[next_];
  auto offset = static_cast<off_t>(piece.offset);
  return ::sendfile(socket, piece.file, &offset, piece.octets.size());
}

void SocketWriter::advance(std::size_t count) {
  while (count > 0) {
    Piece& piece = pieces_[next_];
    if (count < piece.octets.size()) {
      piece.octets.remove_prefix(count);
      piece.offset += count;
      return;
    }
    count -= piece.octets.size();
    ++next_;
  }
}

}  // namespace edge::serve
