// Lends pages of a memory file to a socket without copying them: vmsplice(2) takes them from where
// the file is mapped into a pipe, splice(2) from there to the socket.
//
// Source: vmsplice(2), splice(2); bench/README.md has the figures.
//
// Why not sendfile(2): of files in memory it looks up every page in the file's tree, and that is
// a third of all that a large hit costs.  The page table finds them in half the time.
#pragma once

#include <string_view>

namespace edge::serve {

// Empty between calls.  Worker-confined: of_thread() is each thread's own.
class PagePipe {
  static constexpr std::size_t kPages = 128;

 public:
  static PagePipe& of_thread();
  PagePipe() = default;
  ~PagePipe() { close(); }
  PagePipe(const PagePipe&) = delete;
  PagePipe& operator=(const PagePipe&) = delete;

  // As send(2), of at most kOctets; fewer than these: the socket is full.  -1 with ENOTSUP: the
  // system has no such pipes.  REQUIRES: nobody ever writes to those pages again, and the socket
  // does not block.  `more`: as MSG_MORE.
  long send(int socket, std::string_view octets, bool more);
  // With a page at each end that is sent in part it is as many as the pipe holds.
  static constexpr std::size_t kOctets = (kPages - 1) * 4096;

 private:
  bool open();
  void close();
  void drop(long octets);

  int in_ = -1;
  int out_ = -1;
  int nowhere_ = -1;
  bool refused_ = false;  // the system does not give one
};

}  // namespace edge::serve
