#include "gslb/server/poller.h"

namespace gslb::server {

Poller::Poller() noexcept : epoll_(::epoll_create1(EPOLL_CLOEXEC)) {}

bool Poller::add(int fd, EventSink& sink, Interest interest) noexcept {
  epoll_event event{};
  event.events = static_cast<std::uint32_t>(interest);
  event.data.ptr = &sink;
  return ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) == 0;
}

void Poller::change(int fd, EventSink& sink, Interest interest) noexcept {
  epoll_event event{};
  event.events = static_cast<std::uint32_t>(interest);
  event.data.ptr = &sink;
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &event);
}

void Poller::wait(int timeout_ms) noexcept {
  const int count =
      ::epoll_wait(epoll_.get(), events_.data(), static_cast<int>(events_.size()), timeout_ms);
  if (count <= 0) return;  // 0: time is over; below: EINTR, the next round waits again
  const MonoTime now = std::chrono::steady_clock::now();
  for (int i = 0; i < count; ++i) {
    static_cast<EventSink*>(events_[static_cast<std::size_t>(i)].data.ptr)->on_ready(now);
  }
}

}  // namespace gslb::server
