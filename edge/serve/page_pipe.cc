#include "edge/serve/page_pipe.h"

#include <array>
#include <cerrno>

#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

namespace edge::serve {

PagePipe& PagePipe::of_thread() {
  thread_local PagePipe pipe;
  return pipe;
}

bool PagePipe::open() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) != 0) { return false; }
  out_ = ends[0];
  in_ = ends[1];
  nowhere_ = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  // What it has by default is too little to be worth the calls.
  return nowhere_ >= 0 && ::fcntl(in_, F_SETPIPE_SZ, static_cast<int>(kPages * 4096)) >= 0;
}

void PagePipe::close() {
  for (int* const each : {&in_, &out_, &nowhere_}) {
    if (*each >= 0) { ::close(*each); }
    *each = -1;
  }
}

// A pipe of what is left for each slow client would be more than it saves.
void PagePipe::drop(long octets) {
  while (octets > 0) {
    const ssize_t gone =
        ::splice(out_, nullptr, nowhere_, nullptr, static_cast<std::size_t>(octets), 0);
    if (gone < 0 && errno == EINTR) { continue; }
    if (gone <= 0) {
      close();  // with what is in it
      return;
    }
    octets -= gone;
  }
}

long PagePipe::send(int socket, std::string_view octets, bool more) {
  if (in_ < 0 && !refused_) { refused_ = !open(); }
  if (refused_) {
    close();
    errno = ENOTSUP;
    return -1;
  }
  const iovec pages{const_cast<char*>(octets.data()), octets.size()};
  const long there = ::vmsplice(in_, &pages, 1, SPLICE_F_NONBLOCK);
  if (there <= 0) {
    refused_ = true;
    errno = ENOTSUP;
    return -1;
  }
  const bool rest = more || static_cast<std::size_t>(there) < octets.size();
  const unsigned flags = SPLICE_F_NONBLOCK | (rest ? SPLICE_F_MORE : 0U);
  const long sent =
      ::splice(out_, nullptr, socket, nullptr, static_cast<std::size_t>(there), flags);
  const int why = errno;
  drop(there - (sent > 0 ? sent : 0));
  errno = why;
  return sent;
}

}  // namespace edge::serve
