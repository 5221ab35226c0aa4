#include "edge/origin/resolver.h"

#include <algorithm>
#include <array>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/time.h>
#include <unistd.h>

#include <ares.h>
#include <netdb.h>

#include "edge/http/fields.h"
#include "gslb/base/log.h"

namespace edge::origin {
namespace {

constexpr std::size_t kMostPending = 4096;
constexpr int kTries = 2;
constexpr std::uint16_t kClassIn = 1;
constexpr std::uint16_t kTypeCname = 5;
constexpr std::size_t kHeaderOctets = 12;

using Question = std::pair<Resolver::Kind, std::string>;

// ares_expand_name() with its memory taken care of; false: no name.
bool read_name(gslb::Octets message, std::size_t& at, std::string& name) {
  if (at >= message.size()) { return false; }
  char* text = nullptr;
  long used = 0;
  const int status = ares_expand_name(message.data() + at, message.data(),
                                      static_cast<int>(message.size()), &text, &used);
  if (status != ARES_SUCCESS) { return false; }
  name = http::to_lower(text);
  ares_free_string(text);
  at += static_cast<std::size_t>(used);
  return at <= message.size();
}

gslb::Address address_of(const sockaddr* at) {
  if (at->sa_family == AF_INET6) {
    const auto* const v6 = reinterpret_cast<const sockaddr_in6*>(at);
    return gslb::Address::from_octets({v6->sin6_addr.s6_addr, 16});
  }
  const auto* const v4 = reinterpret_cast<const sockaddr_in*>(at);
  return gslb::Address::v4(ntohl(v4->sin_addr.s_addr));
}

Lookup::Status status_of(int status) {
  const bool is_none = status == ARES_ENODATA || status == ARES_ENOTFOUND;
  return status == ARES_SUCCESS ? Lookup::Status::kFound
         : is_none              ? Lookup::Status::kNone
                                : Lookup::Status::kFailed;
}

}  // namespace

Lookup parse_alias(gslb::Octets message, std::string_view name) {
  Lookup lookup;
  if (message.size() < kHeaderOctets) { return lookup; }
  const int code = message[3] & 0xf;
  const std::size_t questions = gslb::load_u16(message.data() + 4);
  const std::size_t answers = gslb::load_u16(message.data() + 6);
  std::size_t at = kHeaderOctets;
  std::string owner;
  for (std::size_t i = 0; i < questions; ++i) {
    if (!read_name(message, at, owner) || message.size() - at < 4) { return lookup; }
    at += 4;
  }
  for (std::size_t i = 0; i < answers; ++i) {
    if (!read_name(message, at, owner) || message.size() - at < 10) { return lookup; }
    const std::uint8_t* const fixed = message.data() + at;
    const std::size_t length = gslb::load_u16(fixed + 8);
    at += 10;
    if (message.size() - at < length) { return lookup; }
    const bool is_alias =
        gslb::load_u16(fixed) == kTypeCname && gslb::load_u16(fixed + 2) == kClassIn;
    std::size_t target = at;
    if (is_alias && owner == name && read_name(message, target, lookup.alias)) {
      lookup.status = Lookup::Status::kFound;
      lookup.ttl_s = gslb::load_u32(fixed + 4) & 0x7fffffff;
      return lookup;
    }
    at += length;
  }
  // NXDOMAIN, or a name that stands for itself.
  if (code == 0 || code == 3) { lookup.status = Lookup::Status::kNone; }
  return lookup;
}

struct Resolver::Impl {
  void run();
  void start_channel(const config::Resolver& with);
  void begin(const Question& question);
  void wait();
  void finish(const Question& question, const Lookup& lookup);
  void wake() const {
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = ::write(event, &one, sizeof(one));
  }

  std::mutex mutex;  // guards what follows up to `channel`
  std::map<Question, std::vector<Done>> pending;
  std::vector<Question> fresh;  // of these, not begun
  config::Resolver settings;
  bool is_new = true;  // the settings
  bool stopping = false;
  std::thread thread;
  int event = -1;
  ares_channel channel = nullptr;  // of the thread
};

namespace {

// What a callback of c-ares is about.
template <typename Impl>
struct Asked {
  Impl* impl;
  Question question;
};

}  // namespace

void Resolver::Impl::start_channel(const config::Resolver& with) {
  if (channel != nullptr) { ares_destroy(channel); }
  channel = nullptr;
  ares_options options{};
  options.timeout = static_cast<int>(with.timeout_ms);
  options.tries = kTries;
  const int mask = ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES;
  if (ares_init_options(&channel, &options, mask) != ARES_SUCCESS) {
    gslb::log_error("resolver", "can't be started");
    channel = nullptr;
    return;
  }
  std::string servers;
  for (const gslb::Endpoint& server : with.servers) {
    servers += (servers.empty() ? "" : ",") + server.to_string();
  }
  if (!servers.empty()) { ares_set_servers_ports_csv(channel, servers.c_str()); }
}

void Resolver::Impl::finish(const Question& question, const Lookup& lookup) {
  std::vector<Done> waiting;
  {
    const std::lock_guard lock(mutex);
    const auto found = pending.find(question);
    if (found == pending.end()) { return; }
    waiting = std::move(found->second);
    pending.erase(found);
  }
  for (const Done& done : waiting) { done(lookup); }
}

void Resolver::Impl::begin(const Question& question) {
  if (channel == nullptr) { return finish(question, {}); }
  using Call = Asked<Impl>;
  auto call = std::make_unique<Call>(Call{this, question});
  if (question.first == Kind::kAlias) {
    ares_query(
        channel, question.second.c_str(), kClassIn, kTypeCname,
        [](void* argument, int status, int, unsigned char* octets, int length) {
          const std::unique_ptr<Call> own(static_cast<Call*>(argument));
          Lookup lookup;
          lookup.status = status_of(status);
          if (status == ARES_SUCCESS) {
            lookup = parse_alias({octets, static_cast<std::size_t>(length)}, own->question.second);
          }
          own->impl->finish(own->question, lookup);
        },
        call.release());
    return;
  }
  ares_addrinfo_hints hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  ares_getaddrinfo(
      channel, question.second.c_str(), nullptr, &hints,
      [](void* argument, int status, int, ares_addrinfo* result) {
        const std::unique_ptr<Call> own(static_cast<Call*>(argument));
        Lookup lookup;
        lookup.status = status_of(status);
        for (auto* node = result == nullptr ? nullptr : result->nodes; node != nullptr;
             node = node->ai_next) {
          const bool is_first = lookup.addresses.empty();
          lookup.addresses.push_back(address_of(node->ai_addr));
          lookup.ttl_s =
              is_first ? node->ai_ttl : std::min<std::int64_t>(lookup.ttl_s, node->ai_ttl);
        }
        if (result != nullptr) { ares_freeaddrinfo(result); }
        if (status == ARES_SUCCESS && lookup.addresses.empty()) {
          lookup.status = Lookup::Status::kNone;
        }
        own->impl->finish(own->question, lookup);
      },
      call.release());
}

// Until something comes, or c-ares has to look after its timeouts.
void Resolver::Impl::wait() {
  std::array<ares_socket_t, ARES_GETSOCK_MAXNUM> sockets{};
  const int bits = channel == nullptr ? 0 : ares_getsock(channel, sockets.data(), sockets.size());
  std::vector<pollfd> polled = {{event, POLLIN, 0}};
  for (std::size_t i = 0; i < sockets.size(); ++i) {
    const int which = static_cast<int>(i);
    const int reads = ARES_GETSOCK_READABLE(bits, which) != 0 ? POLLIN : 0;
    const int writes = ARES_GETSOCK_WRITABLE(bits, which) != 0 ? POLLOUT : 0;
    if (reads + writes != 0) {
      polled.push_back({sockets[i], static_cast<short>(reads | writes), 0});
    }
  }
  int timeout_ms = -1;
  timeval left{};
  if (channel != nullptr && ares_timeout(channel, nullptr, &left) != nullptr) {
    timeout_ms = static_cast<int>(left.tv_sec * 1000 + left.tv_usec / 1000 + 1);
  }
  ::poll(polled.data(), polled.size(), timeout_ms);
  std::uint64_t count = 0;
  if (polled[0].revents != 0) {
    [[maybe_unused]] const ssize_t got = ::read(event, &count, sizeof(count));
  }
  if (channel == nullptr) { return; }
  for (std::size_t i = 1; i < polled.size(); ++i) {
    const short seen = polled[i].revents;
    const bool reads = (seen & (POLLIN | POLLERR | POLLHUP)) != 0;
    const bool writes = (seen & POLLOUT) != 0;
    ares_process_fd(channel, reads ? polled[i].fd : ARES_SOCKET_BAD,
                    writes ? polled[i].fd : ARES_SOCKET_BAD);
  }
  ares_process_fd(channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
}

void Resolver::Impl::run() {
  while (true) {
    std::vector<Question> todo;
    std::optional<config::Resolver> change;
    {
      const std::lock_guard lock(mutex);
      if (stopping) { break; }
      // What is under way is not thrown away for it.
      if (is_new && pending.size() == fresh.size()) {
        change = settings;
        is_new = false;
      }
      todo = std::exchange(fresh, {});
    }
    if (change) { start_channel(*change); }
    for (const Question& question : todo) { begin(question); }
    wait();
  }
  if (channel != nullptr) { ares_destroy(channel); }
  channel = nullptr;
  for (const Question& question : std::exchange(fresh, {})) { finish(question, {}); }
}

Resolver::Resolver() : impl_(std::make_unique<Impl>()) {
  impl_->event = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
}

Resolver::~Resolver() {
  stop();
  ::close(impl_->event);
}

void Resolver::renew(const config::Resolver& settings) {
  const std::lock_guard lock(impl_->mutex);
  impl_->settings = settings;
  impl_->is_new = true;
  impl_->wake();
}

void Resolver::ask(Kind kind, std::string name, Done done) {
  {
    const std::lock_guard lock(impl_->mutex);
    Question question{kind, std::move(name)};
    const auto known = impl_->pending.find(question);
    if (known != impl_->pending.end()) {
      known->second.push_back(std::move(done));
      return;
    }
    if (!impl_->stopping && impl_->pending.size() < kMostPending) {
      impl_->pending[question].push_back(std::move(done));
      impl_->fresh.push_back(std::move(question));
      if (!impl_->thread.joinable()) {
        impl_->thread = std::thread([impl = impl_.get()] { impl->run(); });
      }
      impl_->wake();
      return;
    }
  }
  done({});
}

void Resolver::stop() {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->stopping = true;
    impl_->wake();
  }
  if (impl_->thread.joinable()) { impl_->thread.join(); }
}

}  // namespace edge::origin
