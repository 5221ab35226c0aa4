#include "tests/gslb/bus/broker.h"

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <thread>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace tests {
namespace {

constexpr const char* kProgram = "nats-server";

sockaddr_in loopback(int port) {
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  at.sin_port = htons(static_cast<std::uint16_t>(port));
  return at;
}

int free_port() {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in at = loopback(0);
  socklen_t length = sizeof at;
  ::bind(fd, reinterpret_cast<sockaddr*>(&at), length);
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&at), &length);
  ::close(fd);
  return ntohs(at.sin_port);
}

bool answers(int port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in at = loopback(port);
  const bool connected = ::connect(fd, reinterpret_cast<const sockaddr*>(&at), sizeof at) == 0;
  ::close(fd);
  return connected;
}

}  // namespace

Broker::Broker(std::string more) : more_(std::move(more)), port_(free_port()) {}

Broker::~Broker() { kill(); }

bool Broker::is_installed() {
  const char* path = std::getenv("PATH");
  std::string folders = (path != nullptr ? path : "") + std::string(":/usr/sbin:/usr/bin:");
  for (std::size_t end = folders.find(':'); end != std::string::npos; end = folders.find(':')) {
    if (::access((folders.substr(0, end) + '/' + kProgram).c_str(), X_OK) == 0) { return true; }
    folders.erase(0, end + 1);
  }
  return false;
}

std::string Broker::url() const { return "nats://127.0.0.1:" + std::to_string(port_); }

void Broker::start() {
  const std::string config = folder_.write(
      "broker.conf", "listen: 127.0.0.1:" + std::to_string(port_) + "\njetstream { store_dir: \"" +
                         folder_.path() + "/data\" }\n" + more_);
  const std::string log = folder_ / "broker.log";
  const pid_t parent = ::getpid();
  pid_ = ::fork();
  if (pid_ == 0) {
    // Never outlives the test, however that ends.
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) { ::_exit(1); }
    ::execlp(kProgram, kProgram, "-c", config.c_str(), "-l", log.c_str(), nullptr);
    ::_exit(127);
  }
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (!answers(port_)) {
    if (std::chrono::steady_clock::now() > deadline) { throw std::runtime_error("no broker"); }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

void Broker::signal(int which) const {
  if (pid_ > 0) { ::kill(pid_, which); }
}

void Broker::kill() {
  signal(SIGKILL);
  if (pid_ > 0) { ::waitpid(pid_, nullptr, 0); }
  pid_ = -1;
}

void Broker::forget() {
  std::error_code ignored;
  std::filesystem::remove_all(folder_ / "data", ignored);
}

void Broker::pause() { signal(SIGSTOP); }
void Broker::resume() { signal(SIGCONT); }

}  // namespace tests
