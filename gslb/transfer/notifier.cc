#include "gslb/transfer/notifier.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <functional>
#include <mutex>

#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gslb/base/check.h"
#include "gslb/base/entropy.h"
#include "gslb/base/log.h"
#include "gslb/base/socket_address.h"
#include "gslb/transfer/access.h"

namespace gslb::transfer {
namespace {

constexpr std::size_t kMaxAnswer = 4096;
constexpr int kMaxWaitMs = 60'000;

}  // namespace

NotifyTargets::NotifyTargets(const config::Config& config, const Keyring& keys) {
  std::unordered_map<std::string, List> by_remote;
  for (const config::Remote& remote : config.remotes) {
    const auto name = dns::Name::parse(remote.key);
    const TsigKey* const key = name ? keys.find(*name) : nullptr;
    for (const Endpoint& address : remote.addresses) {
      const Endpoint to{address.address, remote.tls ? remote.notify_port : address.port};
      by_remote[remote.id.text].push_back(std::make_shared<const NotifyTarget>(NotifyTarget{
          remote.id.text, to, key == nullptr ? std::nullopt : std::optional(*key), remote.source}));
    }
  }
  for (const config::Zone& zone : config.zones) {
    const auto apex = dns::Name::parse(zone.name.text);
    if (!apex || zone.transfer->notify.empty()) { continue; }
    List& list = by_apex_[std::string(as_text(apex->lower().wire()))];
    for (const LocatedString& id : zone.transfer->notify) {
      const List& addresses = by_remote[id.text];
      list.insert(list.end(), addresses.begin(), addresses.end());
    }
  }
}

const NotifyTargets::List& NotifyTargets::find(const dns::Name& apex) const {
  static const List nobody;
  const auto found = by_apex_.find(std::string(as_text(apex.lower().wire())));
  return found == by_apex_.end() ? nobody : found->second;
}

struct Notifier::Core {
  explicit Core(Notifier& to) : owner(to), wakeup(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    CHECK(wakeup >= 0);
    thread = std::thread([this] { run(); });
  }
  ~Core() {
    post([this] { stopping = true; });
    thread.join();
    for (const auto& [address, fd] : sockets) { ::close(fd); }
    ::close(wakeup);
  }
  Core(const Core&) = delete;
  Core& operator=(const Core&) = delete;

  void post(std::function<void()> task) {
    {
      const std::lock_guard lock(mutex);
      tasks.push_back(std::move(task));
    }
    const std::uint64_t one = 1;
    static_cast<void>(::write(wakeup, &one, sizeof one) == sizeof one);  // full: it wakes anyway
  }

  void run() {
    for (;;) {
      std::vector<std::function<void()>> taken;
      {
        const std::lock_guard lock(mutex);
        taken.swap(tasks);
      }
      for (const auto& task : taken) { task(); }
      if (stopping) { return; }
      std::vector<NotifyResult> results;
      for (const NotifyDatagram& datagram : queue.due(std::chrono::steady_clock::now(),
                                                      std::chrono::system_clock::now(), &results)) {
        send(datagram);
      }
      for (const NotifyResult& result : results) { note(result); }
      wait();
    }
  }

  int timeout_ms() const {
    const auto next = queue.next();
    if (!next) { return -1; }
    const auto now = std::chrono::steady_clock::now();
    if (*next <= now) { return 0; }
    const auto left = std::chrono::ceil<milliseconds>(*next - now).count();
    return static_cast<int>(std::min<std::int64_t>(left, kMaxWaitMs));
  }

  void wait() {
    std::vector<pollfd> fds = {{wakeup, POLLIN, 0}};
    for (const auto& [address, fd] : sockets) { fds.push_back({fd, POLLIN, 0}); }
    if (::poll(fds.data(), fds.size(), timeout_ms()) <= 0) { return; }
    std::uint64_t count = 0;
    static_cast<void>(::read(wakeup, &count, sizeof count) == sizeof count);  // tasks tell
    for (std::size_t i = 1; i < fds.size(); ++i) {
      if (fds[i].revents != 0) { receive(fds[i].fd); }
    }
  }

  void receive(int fd) {
    std::array<std::uint8_t, kMaxAnswer> buffer;  // NOLINT: filled by recvfrom
    for (;;) {
      SocketAddress from;
      const ssize_t size =
          ::recvfrom(fd, buffer.data(), buffer.size(), MSG_DONTWAIT, from.get(), &from.size);
      if (size < 0) { return; }
      const auto result = queue.take(Octets(buffer).first(static_cast<std::size_t>(size)),
                                     to_endpoint(from.storage), std::chrono::system_clock::now());
      if (result) { note(*result); }
    }
  }

  // Bound to that address; -1 when the system refuses.
  int socket_for(const Address& local) {
    const auto known = sockets.find(local);
    if (known != sockets.end()) { return known->second; }
    const int fd =
        ::socket(local.is_v6() ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) { return -1; }
    SocketAddress address(Endpoint{local, 0});
    if (::bind(fd, address.get(), address.size) != 0) {
      log_warning("transfer", "can't send NOTIFY",
                  {{"source", local.to_string()}, {"error", std::strerror(errno)}});
      ::close(fd);
      return -1;
    }
    sockets.emplace(local, fd);
    return fd;
  }

  // What fails is tried again with the next try.
  void send(const NotifyDatagram& datagram) {
    const Address any = datagram.to.address.is_v6() ? *Address::parse("::") : Address();
    const int fd = socket_for(datagram.source.value_or(any));
    if (fd < 0) { return; }
    SocketAddress to(datagram.to);
    static_cast<void>(::sendto(fd, datagram.message.data(), datagram.message.size(), MSG_DONTWAIT,
                               to.get(), to.size));
  }

  void note(const NotifyResult& result) {
    owner.counts_[static_cast<std::size_t>(result.outcome)].fetch_add(1, std::memory_order_relaxed);
    if (result.outcome == NotifyOutcome::kHeard) { return; }
    log_warning("transfer", "NOTIFY was not taken",
                {{"zone", result.apex.to_string()},
                 {"remote", result.remote},
                 {"address", result.to.to_string()},
                 {"outcome", to_string(result.outcome)},
                 {"rcode", dns::to_string(static_cast<dns::Rcode>(result.rcode))}});
  }

  Notifier& owner;
  const int wakeup;
  std::mutex mutex;
  std::vector<std::function<void()>> tasks;  // guarded by mutex
  // The thread's own from here on.
  bool stopping = false;
  NotifyQueue queue{random_seed()};
  std::map<Address, int> sockets;  // by local address
  std::thread thread;
};

Notifier::Notifier() : core_(std::make_unique<Core>(*this)) {}
Notifier::~Notifier() = default;

void Notifier::notify(const Record& soa, const NotifyTargets::List& targets) {
  core_->post([core = core_.get(), soa, targets] {
    core->queue.forget(soa.owner);
    for (const auto& target : targets) { core->queue.add(soa, target); }
  });
}

void Notifier::forget(const dns::Name& apex) {
  core_->post([core = core_.get(), apex] { core->queue.forget(apex); });
}

}  // namespace gslb::transfer
