#include "gslb/control/parent_checker.h"

#include <cerrno>
#include <cstring>

#include <poll.h>
#include <sys/socket.h>

#include "gslb/base/log.h"
#include "gslb/base/socket_address.h"
#include "gslb/server/socket.h"

namespace gslb::control {
namespace {

constexpr seconds kLookInterval{1};
constexpr seconds kPatience{10};            // of one server
constexpr milliseconds kStopInterval{200};  // how soon a stop is noticed

// One exchange over TCP, given up when `stopping` is set.
class Exchange {
 public:
  explicit Exchange(const std::atomic<bool>& stopping)
      : stopping_(stopping), end_(std::chrono::steady_clock::now() + kPatience) {}

  bool connect(const Endpoint& to) {
    const SocketAddress address(to);
    fd_ = server::UniqueFd(
        ::socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!fd_.is_open()) { return false; }
    if (::connect(fd_.get(), address.get(), address.size) == 0) { return true; }
    if (errno != EINPROGRESS || !wait(POLLOUT)) { return false; }
    socklen_t length = sizeof errno;
    return ::getsockopt(fd_.get(), SOL_SOCKET, SO_ERROR, &errno, &length) == 0 && errno == 0;
  }

  bool send(const std::vector<std::uint8_t>& message) {
    std::vector<std::uint8_t> frame(2);
    store_u16(frame.data(), static_cast<std::uint16_t>(message.size()));
    frame.insert(frame.end(), message.begin(), message.end());
    // A fresh socket has room for a query.
    return ::send(fd_.get(), frame.data(), frame.size(), MSG_NOSIGNAL) ==
           static_cast<ssize_t>(frame.size());
  }

  std::optional<std::vector<std::uint8_t>> receive() {
    std::vector<std::uint8_t> message(2);
    if (!fill(message)) { return std::nullopt; }
    message.resize(load_u16(message.data()));
    if (!fill(message)) { return std::nullopt; }
    return message;
  }

 private:
  bool fill(std::vector<std::uint8_t>& into) {
    for (std::size_t done = 0; done < into.size();) {
      const ssize_t got = ::recv(fd_.get(), into.data() + done, into.size() - done, 0);
      if (got == 0) { return false; }
      if (got > 0) {
        done += static_cast<std::size_t>(got);
      } else if (errno != EINTR && (errno != EAGAIN || !wait(POLLIN))) {
        return false;
      }
    }
    return true;
  }

  bool wait(short events) {
    while (!stopping_ && std::chrono::steady_clock::now() < end_) {
      pollfd socket{fd_.get(), events, 0};
      if (::poll(&socket, 1, static_cast<int>(kStopInterval.count())) > 0) { return true; }
    }
    errno = ETIMEDOUT;
    return false;
  }

  const std::atomic<bool>& stopping_;
  const MonoTime end_;
  server::UniqueFd fd_;
};

}  // namespace

ParentChecker::ParentChecker(ZoneSigner& signer)
    : signer_(signer), loop_([this] { return look(); }) {
  loop_.post([] {});  // the first look
}

void ParentChecker::stop() {
  stopping_ = true;
  loop_.stop();
}

std::optional<MonoTime> ParentChecker::look() {
  if (stopping_) { return std::nullopt; }
  const auto questions = signer_.parent_questions();
  std::map<std::string, Asked> asked;
  for (const ZoneSigner::ParentQuestion& question : questions) {
    const std::string key = zone_key(question.apex);
    const auto before = asked_.find(key);
    Asked now = before == asked_.end() ? Asked{} : before->second;
    if (now.next <= std::chrono::steady_clock::now() && !stopping_) {
      std::string found = ask(question);
      if (found != now.found && !found.empty()) {
        log_info("dnssec", "the parent has " + found, {{"zone", question.apex.to_string()}});
      }
      now = {std::chrono::steady_clock::now() + question.interval, std::move(found)};
    }
    asked.emplace(key, std::move(now));
  }
  asked_ = std::move(asked);
  return std::chrono::steady_clock::now() + kLookInterval;
}

// All of them must show it: a resolver asks any.
std::string ParentChecker::ask(const ZoneSigner::ParentQuestion& question) {
  std::vector<transfer::DsAnswer> answers;
  for (const Endpoint& server : question.servers) {
    auto answer = ask(server, question.apex);
    if (!answer) { return "not answered: " + server.to_string() + ": " + answer.error(); }
    answers.push_back(*std::move(answer));
  }
  return signer_.parent_answers(question.apex, answers);
}

Result<transfer::DsAnswer, std::string> ParentChecker::ask(const Endpoint& server,
                                                           const dns::Name& apex) {
  const auto id = static_cast<std::uint16_t>(random_());
  Exchange exchange(stopping_);
  if (!exchange.connect(server) ||
      !exchange.send(transfer::write_query({.apex = apex, .id = id, .type = dns::RrType::kDs}))) {
    return Unexpected(std::string(std::strerror(errno)));
  }
  const auto message = exchange.receive();
  if (!message) { return Unexpected(std::string("no answer")); }
  auto answer = transfer::read_ds_answer(*message, id, apex);
  if (!answer) { return Unexpected(std::string(describe(answer.error()))); }
  return *std::move(answer);
}

}  // namespace gslb::control
