// peers_load: sends a query set to one UDP server from one thread and checks every answer.
//
// Closed loop (--window queries outstanding, a new one as soon as one is answered) to find how fast
// a server can go, or open loop (--rate) to see its latency at a load it can carry.  In the open
// loop latency counts from the moment a query was due, so a stall of the generator or the server
// cannot hide the queries it delayed.  Nothing is allocated between the first send and the last
// answer.  Prints one JSON object.
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <sched.h>
#include <time.h>

#include "bench/peers/latency.h"
#include "bench/peers/query_set.h"

namespace {

using bench::Verdict;

constexpr std::size_t kAnswerOctets = 4096;
constexpr std::size_t kBatch = 64;
constexpr unsigned kSlotBits = 12;  // the ID: slot in the low bits, its generation above
constexpr std::size_t kMaxSlots = 1U << kSlotBits;
constexpr std::uint64_t kSecond = 1'000'000'000;
constexpr std::uint64_t kExpireInterval = 5'000'000;

struct Options {
  sockaddr_in server{};
  std::string set;
  double seconds = 3;
  double rate = 0;  // queries/s; 0: closed loop
  std::size_t window = 128;
  std::size_t sockets = 4;
  std::uint64_t timeout_ns = 2 * kSecond;
  std::size_t first = 0;    // index of the first query sent
  bool any_answer = false;  // take any answer with the right ID, QR and question (the floor)
  int cpu = -1;
};

struct Totals {
  std::uint64_t sent = 0;
  std::uint64_t lost = 0;     // no answer within the timeout, or refused by the kernel
  std::uint64_t stray = 0;    // answers to nothing: late, twice, or with an ID never sent
  std::uint64_t skipped = 0;  // open loop: due while every slot was taken
  std::uint64_t octets = 0;   // of checked answers
  std::array<std::uint64_t, bench::kVerdicts> verdicts{};
  std::uint64_t begin_ns = 0;
  std::uint64_t end_ns = 0;  // when the last answer came
};

std::uint64_t now_ns() noexcept {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<std::uint64_t>(time.tv_sec) * kSecond +
         static_cast<std::uint64_t>(time.tv_nsec);
}

[[noreturn]] void fail(const std::string& why) {
  std::fprintf(stderr, "peers_load: %s\n", why.c_str());
  std::exit(1);
}

// One outstanding query.
struct Slot {
  std::uint64_t sent_ns = 0;
  std::uint32_t query = 0;
  std::uint16_t id = 0;
  bool busy = false;
};

// kBatch datagrams for sendmmsg or recvmmsg.
template <std::size_t kOctets>
struct Batch {
  Batch() {
    for (std::size_t i = 0; i < kBatch; ++i) {
      pieces[i] = {octets[i].data(), kOctets};
      messages[i].msg_hdr.msg_iov = &pieces[i];
      messages[i].msg_hdr.msg_iovlen = 1;
    }
  }
  std::array<std::array<std::uint8_t, kOctets>, kBatch> octets{};
  std::array<iovec, kBatch> pieces{};
  std::array<mmsghdr, kBatch> messages{};
};

// A connected socket (a source port of its own) and the slots whose queries it sends.
class Channel {
 public:
  Channel(const bench::QuerySet& set, const Options& options, std::size_t slots)
      : set_(set), slots_(slots) {
    fd_ = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const auto* const server = reinterpret_cast<const sockaddr*>(&options.server);
    if (fd_ < 0 || connect(fd_, server, sizeof(options.server)) != 0) {
      fail(std::string("cannot open a socket: ") + std::strerror(errno));
    }
    // Room for a whole window of large answers, so that no loss is the generator's own.
    const int room = 4 << 20;
    if (setsockopt(fd_, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)) != 0) {
      setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
    }
    for (std::size_t i = slots; i > 0; --i) { free_.push_back(static_cast<std::uint16_t>(i - 1)); }
  }
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;
  ~Channel() { close(fd_); }

  std::size_t free_slots() const noexcept { return free_.size(); }
  bool idle() const noexcept { return free_.size() == slots_.size(); }

  // Sends the `count` queries from `next` on, wrapping round the set.
  // REQUIRES: count <= free_slots() and kBatch
  void send(std::size_t count, std::size_t& next, std::uint64_t due_ns, Totals& totals) noexcept;
  // Checks what has arrived; returns how many answers that were.
  std::size_t receive(Totals& totals, bench::LatencyHistogram& latency) noexcept;
  // Gives up on queries sent before `before_ns`.
  void expire(std::uint64_t before_ns, Totals& totals) noexcept;

 private:
  void take(std::size_t place, bench::Octets answer, std::uint64_t now, Totals& totals,
            bench::LatencyHistogram& latency) noexcept;
  void release(Slot& slot) noexcept {
    slot.busy = false;
    slot.id = static_cast<std::uint16_t>(slot.id + kMaxSlots);  // the next generation
    free_.push_back(static_cast<std::uint16_t>(&slot - slots_.data()));
  }

  const bench::QuerySet& set_;
  int fd_ = -1;
  std::vector<Slot> slots_;
  std::vector<std::uint16_t> free_;  // never grows beyond its first size
  static Batch<bench::kMaxQueryOctets> out_;
  static Batch<kAnswerOctets> in_;
};

Batch<bench::kMaxQueryOctets> Channel::out_;
Batch<kAnswerOctets> Channel::in_;

void Channel::send(std::size_t count, std::size_t& next, std::uint64_t due_ns,
                   Totals& totals) noexcept {
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint16_t place = free_.back();
    free_.pop_back();
    Slot& slot = slots_[place];
    slot.id = static_cast<std::uint16_t>((slot.id & ~(kMaxSlots - 1)) | place);
    slot.query = static_cast<std::uint32_t>(next);
    slot.sent_ns = due_ns;
    slot.busy = true;
    const bench::Octets query = set_.query(next);
    std::memcpy(out_.octets[i].data(), query.data(), query.size());
    out_.octets[i][0] = static_cast<std::uint8_t>(slot.id >> 8);
    out_.octets[i][1] = static_cast<std::uint8_t>(slot.id);
    out_.pieces[i].iov_len = query.size();
    if (++next == set_.size()) { next = 0; }
  }
  totals.sent += count;
  for (std::size_t done = 0; done < count;) {
    const int step =
        sendmmsg(fd_, out_.messages.data() + done, static_cast<unsigned>(count - done), 0);
    // What the kernel refuses (no listener yet, no buffer) stays outstanding and expires as lost.
    done += step > 0 ? static_cast<std::size_t>(step) : 1;
  }
}

std::size_t Channel::receive(Totals& totals, bench::LatencyHistogram& latency) noexcept {
  const int count = recvmmsg(fd_, in_.messages.data(), kBatch, MSG_DONTWAIT, nullptr);
  if (count <= 0) { return 0; }
  const std::uint64_t now = now_ns();
  for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
    const bench::Octets answer(in_.octets[i].data(), in_.messages[i].msg_len);
    const std::size_t place =
        answer.size() < 2 ? kMaxSlots : ((answer[0] << 8) | answer[1]) & (kMaxSlots - 1);
    take(place, answer, now, totals, latency);
  }
  totals.end_ns = now;
  return static_cast<std::size_t>(count);
}

void Channel::take(std::size_t place, bench::Octets answer, std::uint64_t now, Totals& totals,
                   bench::LatencyHistogram& latency) noexcept {
  if (place >= slots_.size() || !slots_[place].busy ||
      slots_[place].id != ((answer[0] << 8) | answer[1])) {
    ++totals.stray;
    return;
  }
  Slot& slot = slots_[place];
  const Verdict verdict =
      bench::check_answer(set_.query(slot.query), set_.expectation(slot.query), answer);
  ++totals.verdicts[static_cast<std::size_t>(verdict)];
  totals.octets += answer.size();
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

class Run {
 public:
  Run(const bench::QuerySet& set, const Options& options)
      : options_(options), next_(options.first % set.size()) {
    const std::size_t slots = std::max<std::size_t>(1, options.window / options.sockets);
    for (std::size_t i = 0; i < options.sockets; ++i) {
      channels_.push_back(std::make_unique<Channel>(set, options, slots));
    }
  }

  void execute() noexcept {
    totals.begin_ns = totals.end_ns = now_ns();
    const auto length = static_cast<std::uint64_t>(options_.seconds * double{kSecond});
    std::uint64_t now = totals.begin_ns;
    while (now < totals.begin_ns + length) {
      if (options_.rate > 0) {
        send_due(now);
      } else {
        fill_windows(now);
      }
      now = receive_all();
    }
    // Every query gets its verdict before the totals are read.
    while (std::any_of(channels_.begin(), channels_.end(), [](auto& c) { return !c->idle(); })) {
      receive_all();
    }
  }

  Totals totals;
  bench::LatencyHistogram latency;

 private:
  void fill_windows(std::uint64_t now) noexcept {
    for (auto& channel : channels_) {
      const std::size_t count = std::min(channel->free_slots(), kBatch);
      if (count > 0) { channel->send(count, next_, now, totals); }
    }
  }

  void send_due(std::uint64_t now) noexcept {
    const auto due = static_cast<std::uint64_t>(static_cast<double>(now - totals.begin_ns) /
                                                double{kSecond} * options_.rate);
    while (paced_ < due) {
      Channel& channel = *channels_[turn_++ % channels_.size()];
      const std::size_t wanted = std::min<std::size_t>(due - paced_, kBatch / 4);
      const std::size_t count = std::min(wanted, channel.free_slots());
      const auto due_ns =
          static_cast<std::uint64_t>(static_cast<double>(paced_) / options_.rate * double{kSecond});
      if (count > 0) { channel.send(count, next_, totals.begin_ns + due_ns, totals); }
      totals.skipped += wanted - count;
      paced_ += wanted;
    }
  }

  std::uint64_t receive_all() noexcept {
    for (auto& channel : channels_) { channel->receive(totals, latency); }
    const std::uint64_t now = now_ns();
    if (now - expired_ns_ > kExpireInterval) {
      expired_ns_ = now;
      for (auto& channel : channels_) { channel->expire(now - options_.timeout_ns, totals); }
    }
    return now;
  }

  const Options& options_;
  std::vector<std::unique_ptr<Channel>> channels_;
  std::size_t next_;
  std::size_t turn_ = 0;
  std::uint64_t paced_ = 0;
  std::uint64_t expired_ns_ = 0;
};

void print(const Run& run) {
  const Totals& totals = run.totals;
  std::uint64_t answered = 0;
  for (const std::uint64_t count : totals.verdicts) { answered += count; }
  const std::uint64_t right = totals.verdicts[0];
  const double seconds = static_cast<double>(totals.end_ns - totals.begin_ns) / double{kSecond};
  const auto number = [](std::uint64_t value) { return static_cast<unsigned long long>(value); };
  std::printf("{\"sent\": %llu, \"answered\": %llu, \"right\": %llu, \"wrong\": %llu, ",
              number(totals.sent), number(answered), number(right), number(answered - right));
  std::printf("\"lost\": %llu, \"stray\": %llu, \"skipped\": %llu, \"wrong_by\": {",
              number(totals.lost), number(totals.stray), number(totals.skipped));
  for (std::size_t i = 1; i < bench::kVerdicts; ++i) {
    std::printf("%s\"%s\": %llu", i == 1 ? "" : ", ", bench::kVerdictNames[i],
                number(totals.verdicts[i]));
  }
  std::printf(
      "}, \"seconds\": %.6f, \"qps\": %.1f, \"answer_octets\": %.2f, ", seconds,
      seconds > 0 ? static_cast<double>(answered) / seconds : 0.0,
      answered > 0 ? static_cast<double>(totals.octets) / static_cast<double>(answered) : 0.0);
  std::printf("\"p50_us\": %.1f, \"p99_us\": %.1f, \"p999_us\": %.1f}\n",
              static_cast<double>(run.latency.quantile(0.5)) / 1e3,
              static_cast<double>(run.latency.quantile(0.99)) / 1e3,
              static_cast<double>(run.latency.quantile(0.999)) / 1e3);
}

[[noreturn]] void usage() {
  std::fprintf(stderr,
               "usage: peers_load --server 127.0.0.1:PORT --set FILE [--seconds N] [--window N]\n"
               "    [--rate QUERIES_PER_S] [--sockets N] [--timeout-ms N] [--first N] [--cpu N]\n"
               "    [--expect set|any]\n");
  std::exit(2);
}

sockaddr_in parse_server(const std::string& text) {
  sockaddr_in server{};
  server.sin_family = AF_INET;
  const std::size_t colon = text.find(':');
  if (colon == std::string::npos ||
      inet_pton(AF_INET, text.substr(0, colon).c_str(), &server.sin_addr) != 1) {
    usage();
  }
  server.sin_port = htons(static_cast<std::uint16_t>(std::atoi(text.c_str() + colon + 1)));
  return server;
}

Options parse_options(int argc, char** argv) {
  Options options;
  if (argc % 2 == 0) { usage(); }
  for (int i = 1; i < argc; i += 2) {
    const std::string name = argv[i];
    const std::string text = argv[i + 1];
    const double value = std::atof(text.c_str());
    if (name == "--server") {
      options.server = parse_server(text);
    } else if (name == "--set") {
      options.set = text;
    } else if (name == "--expect" && (text == "set" || text == "any")) {
      options.any_answer = text == "any";
    } else if (value < 0) {
      usage();
    } else if (name == "--seconds") {
      options.seconds = value;
    } else if (name == "--rate") {
      options.rate = value;
    } else if (name == "--window") {
      options.window = static_cast<std::size_t>(value);
    } else if (name == "--sockets") {
      options.sockets = static_cast<std::size_t>(value);
    } else if (name == "--timeout-ms") {
      options.timeout_ns = static_cast<std::uint64_t>(value * 1e6);
    } else if (name == "--first") {
      options.first = static_cast<std::size_t>(value);
    } else if (name == "--cpu") {
      options.cpu = static_cast<int>(value);
    } else {
      usage();
    }
  }
  if (options.set.empty() || options.server.sin_port == 0 || options.sockets == 0 ||
      options.window < options.sockets || options.window / options.sockets > kMaxSlots) {
    usage();
  }
  return options;
}

}  // namespace

int main(int argc, char** argv) {
  const Options options = parse_options(argc, argv);
  if (options.cpu >= 0) {
    cpu_set_t cpus;
    CPU_ZERO(&cpus);
    CPU_SET(static_cast<std::size_t>(options.cpu), &cpus);
    if (sched_setaffinity(0, sizeof(cpus), &cpus) != 0) {
      fail("cannot pin to core " + std::to_string(options.cpu) + ": " + std::strerror(errno));
    }
  }
  bench::QuerySet set;
  if (const std::string problem = set.load(options.set); !problem.empty()) { fail(problem); }
  if (options.any_answer) { set.expect_anything(); }
  Run run(set, options);
  run.execute();
  print(run);
  return 0;
}
