// A connection to the server under test and the queries outstanding on it.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <netinet/in.h>

#include "bench/peers/latency.h"
#include "bench/peers/query_set.h"

namespace bench {

inline constexpr std::size_t kBatch = 64;  // queries sent at once, at most
inline constexpr unsigned kSlotBits = 12;  // the ID: slot in the low bits, its generation above
inline constexpr std::size_t kMaxSlots = 1U << kSlotBits;
inline constexpr std::uint64_t kSecond = 1'000'000'000;

struct Totals {
  std::uint64_t sent = 0;
  std::uint64_t lost = 0;     // no answer within the timeout, or refused by the kernel
  std::uint64_t stray = 0;    // answers to nothing: late, twice, or with an ID never sent
  std::uint64_t skipped = 0;  // open loop: due while every slot was taken
  std::uint64_t octets = 0;   // of checked answers
  std::array<std::uint64_t, kVerdicts> verdicts{};
  std::uint64_t begin_ns = 0;
  std::uint64_t end_ns = 0;  // when the last answer came
};

std::uint64_t now_ns() noexcept;
[[noreturn]] void fail(const std::string& why);

// One outstanding query.
struct Slot {
  std::uint64_t sent_ns = 0;
  std::uint32_t query = 0;
  std::uint16_t id = 0;
  bool busy = false;
};

// A connected socket (a source port of its own) and the slots whose queries it sends.  Allocates
// nothing once it is made.
class Channel {
 public:
  // `set` must outlive the channel.
  Channel(const QuerySet& set, std::size_t slots);
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;
  virtual ~Channel();

  int fd() const noexcept { return fd_; }
  std::size_t free_slots() const noexcept { return free_.size(); }
  bool idle() const noexcept { return free_.size() == slots_.size(); }

  // Sends the `count` queries from `next` on, wrapping round the set.
  // REQUIRES: count <= free_slots() and kBatch
  virtual void send(std::size_t count, std::size_t& next, std::uint64_t due_ns,
                    Totals& totals) noexcept = 0;
  // Checks what has arrived.
  virtual void receive(Totals& totals, LatencyHistogram& latency) noexcept = 0;
  // Gives up on queries sent before `before_ns`.
  void expire(std::uint64_t before_ns, Totals& totals) noexcept;

 protected:
  // Opens and connects fd_.
  void connect_to(const sockaddr_in& server, int type);
  // Writes the next query with the ID of a free slot to `out`, which has room for
  // kMaxQueryOctets; returns its size.
  std::size_t take_slot(std::uint8_t* out, std::size_t& next, std::uint64_t due_ns) noexcept;
  void take_answer(Octets answer, std::uint64_t now, Totals& totals,
                   LatencyHistogram& latency) noexcept;

  int fd_ = -1;

 private:
  void release(Slot& slot) noexcept;

  const QuerySet& set_;
  std::vector<Slot> slots_;
  std::vector<std::uint16_t> free_;  // never grows beyond its first size
};

std::unique_ptr<Channel> make_udp_channel(const QuerySet& set, const sockaddr_in& server,
                                          std::size_t slots);
std::unique_ptr<Channel> make_tcp_channel(const QuerySet& set, const sockaddr_in& server,
                                          std::size_t slots);

}  // namespace bench
