#include "bench/peers/channel.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <sys/socket.h>
#include <unistd.h>

#include <time.h>

namespace bench {

std::uint64_t now_ns() noexcept {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<std::uint64_t>(time.tv_sec) * kSecond +
         static_cast<std::uint64_t>(time.tv_nsec);
}

void fail(const std::string& why) {
  std::fprintf(stderr, "peers_load: %s\n", why.c_str());
  std::exit(1);
}

Channel::Channel(const QuerySet& set, std::size_t slots) : set_(set), slots_(slots) {
  for (std::size_t i = slots; i > 0; --i) { free_.push_back(static_cast<std::uint16_t>(i - 1)); }
}

Channel::~Channel() { close(fd_); }

void Channel::connect_to(const sockaddr_in& server, int type) {
  fd_ = socket(AF_INET, type | SOCK_CLOEXEC, 0);
  if (fd_ < 0 || connect(fd_, reinterpret_cast<const sockaddr*>(&server), sizeof(server)) != 0) {
    fail(std::string("cannot connect: ") + std::strerror(errno));
  }
}

std::size_t Channel::take_slot(std::uint8_t* out, std::size_t& next,
                               std::uint64_t due_ns) noexcept {
  const std::uint16_t place = free_.back();
  free_.pop_back();
  Slot& slot = slots_[place];
  slot.id = static_cast<std::uint16_t>((slot.id & ~(kMaxSlots - 1)) | place);
  slot.query = static_cast<std::uint32_t>(next);
  slot.sent_ns = due_ns;
  slot.busy = true;
  const Octets query = set_.query(next);
  std::memcpy(out, query.data(), query.size());
  out[0] = static_cast<std::uint8_t>(slot.id >> 8);
  out[1] = static_cast<std::uint8_t>(slot.id);
  if (++next == set_.size()) { next = 0; }
  return query.size();
}

void Channel::take_answer(Octets answer, std::uint64_t now, Totals& totals,
                          LatencyHistogram& latency) noexcept {
  const unsigned id = answer.size() < 2 ? 0 : (answer[0] << 8U) | answer[1];
  const std::size_t place = answer.size() < 2 ? kMaxSlots : id & (kMaxSlots - 1);
  if (place >= slots_.size() || !slots_[place].busy || slots_[place].id != id) {
    ++totals.stray;
    return;
  }
  Slot& slot = slots_[place];
  const Verdict verdict =
      check_answer(set_.query(slot.query), set_.expectation(slot.query), answer);
  ++totals.verdicts[static_cast<std::size_t>(verdict)];
  totals.octets += answer.size();
  totals.end_ns = now;
  latency.record(now - std::min(now, slot.sent_ns));
  release(slot);
}

void Channel::expire(std::uint64_t before_ns, Totals& totals) noexcept {
  for (Slot& slot : slots_) {
    if (slot.busy && slot.sent_ns < before_ns) {
      ++totals.lost;
      release(slot);
    }
  }
}

void Channel::release(Slot& slot) noexcept {
  slot.busy = false;
  slot.id = static_cast<std::uint16_t>(slot.id + kMaxSlots);  // the next generation
  free_.push_back(static_cast<std::uint16_t>(&slot - slots_.data()));
}

}  // namespace bench
