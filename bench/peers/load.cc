// peers_load: sends a query set to one server from one thread and checks every answer.
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
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include <sched.h>
#include <time.h>

#include "bench/peers/channel.h"

namespace {

using bench::Channel;
using bench::fail;
using bench::kBatch;
using bench::kMaxSlots;
using bench::kSecond;
using bench::now_ns;
using bench::Totals;

constexpr std::uint64_t kExpireInterval = 5'000'000;

struct Options {
  sockaddr_in server{};
  std::string set;
  double seconds = 3;
  std::uint64_t queries = ~std::uint64_t{0};  // the run ends when so many are sent
  double rate = 0;                            // queries/s; 0: closed loop
  std::size_t window = 128;
  std::size_t sockets = 4;
  std::uint64_t timeout_ns = 2 * kSecond;
  std::size_t first = 0;  // index of the first query sent
  bool tcp = false;
  bool rests = false;       // open loop: leaves its core to others while nothing is due
  bool any_answer = false;  // take any answer with the right ID, QR and question (the floor)
  int cpu = -1;
};

class Run {
 public:
  Run(const bench::QuerySet& set, const Options& options)
      : options_(options), next_(options.first % set.size()) {
    const std::size_t slots = std::max<std::size_t>(1, options.window / options.sockets);
    for (std::size_t i = 0; i < options.sockets; ++i) {
      channels_.push_back((options.tcp ? bench::make_tcp_channel : bench::make_udp_channel)(
          set, options.server, slots));
      polled_.push_back({channels_.back()->fd(), POLLIN, 0});
    }
    prctl(PR_SET_TIMERSLACK, 1UL);  // or a rest would be 50 us too long
  }

  void execute() noexcept {
    totals.begin_ns = totals.end_ns = now_ns();
    const auto length = static_cast<std::uint64_t>(options_.seconds * double{kSecond});
    std::uint64_t now = totals.begin_ns;
    while (now < totals.begin_ns + length && totals.sent < options_.queries) {
      if (options_.rate > 0) {
        if (options_.rests) { rest(now); }
        send_due(now_ns());
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
      const std::size_t count = std::min<std::uint64_t>(std::min(channel->free_slots(), kBatch),
                                                        options_.queries - totals.sent);
      if (count > 0) { channel->send(count, next_, now, totals); }
    }
  }

  // Until a query is due or an answer is there.
  void rest(std::uint64_t now) noexcept {
    const auto due = totals.begin_ns + static_cast<std::uint64_t>(static_cast<double>(paced_ + 1) /
                                                                  options_.rate * double{kSecond});
    if (due <= now) { return; }
    const timespec left{0, static_cast<long>(std::min(due - now, kExpireInterval))};
    ppoll(polled_.data(), polled_.size(), &left, nullptr);
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
  std::vector<pollfd> polled_;
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
               "usage: peers_load --server 127.0.0.1:PORT --set FILE [--over udp|tcp]\n"
               "    [--seconds N] [--queries N] [--window N] [--rate QUERIES_PER_S] [--sockets N]\n"
               "    [--timeout-ms N] [--first N] [--cpu N] [--expect set|any] [--rests yes|no]\n");
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
    } else if (name == "--over" && (text == "udp" || text == "tcp")) {
      options.tcp = text == "tcp";
    } else if (name == "--rests" && (text == "yes" || text == "no")) {
      options.rests = text == "yes";
    } else if (name == "--expect" && (text == "set" || text == "any")) {
      options.any_answer = text == "any";
    } else if (value < 0) {
      usage();
    } else if (name == "--seconds") {
      options.seconds = value;
    } else if (name == "--queries") {
      options.queries = static_cast<std::uint64_t>(value);
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
