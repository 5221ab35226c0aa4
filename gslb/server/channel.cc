#include "gslb/server/channel.h"

#include <cerrno>

#include <sys/socket.h>

namespace gslb::server {

Channel::Moved PlainChannel::receive(MutableOctets into) noexcept {
  const ssize_t received = ::recv(fd_, into.data(), into.size(), MSG_DONTWAIT);
  if (received > 0) return {static_cast<std::size_t>(received), Step::kDone};
  if (received == 0) return {0, Step::kEnd};
  return {0, errno == EAGAIN || errno == EINTR ? Step::kWantRead : Step::kFailed};
}

Channel::Moved PlainChannel::send(Octets from) noexcept {
  std::size_t done = 0;
  while (done < from.size()) {
    const ssize_t sent =
        ::send(fd_, from.data() + done, from.size() - done, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent > 0) {
      done += static_cast<std::size_t>(sent);
    } else if (errno == EAGAIN) {
      return {done, Step::kWantWrite};
    } else if (errno != EINTR) {
      return {done, Step::kFailed};
    }
  }
  return {done, Step::kDone};
}

}  // namespace gslb::server
