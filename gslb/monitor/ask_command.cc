// An external command: exit status 0 is good, its first line of output the reason.
#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <optional>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <spawn.h>

#include "gslb/monitor/attempt.h"

namespace gslb::monitor {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr auto kResult = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t kMostOutput = 4'096;  // kept; the rest is read and dropped
constexpr std::size_t kMostReason = 200;
constexpr milliseconds kReapInterval{10};
constexpr int kLastReads = 5;

// The words with what is asked about in the place of %%ITEM%%, as gdnsd's extmon has it.
std::vector<std::string> words_of(const Attempt& attempt) {
  constexpr std::string_view kItem = "%%ITEM%%";
  std::vector<std::string> words = attempt.options().command;
  for (std::string& word : words) {
    for (std::size_t at = word.find(kItem); at != std::string::npos;
         at = word.find(kItem, at + attempt.target.item.size())) {
      word.replace(at, kItem.size(), attempt.target.item);
    }
  }
  return words;
}

// Its own process group, so that what it starts ends with it; our blocked signals and our
// descriptors are not its business.  0 or an errno.
int spawn(std::vector<std::string> words, int output, pid_t* child) {
  std::vector<char*> arguments;
  for (std::string& word : words) { arguments.push_back(word.data()); }
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&files, output, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&files, output, STDERR_FILENO);
  posix_spawn_file_actions_addclosefrom_np(&files, STDERR_FILENO + 1);
  posix_spawnattr_t how;
  posix_spawnattr_init(&how);
  posix_spawnattr_setflags(&how,
                           POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  sigset_t none;
  sigset_t all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&how, &none);
  posix_spawnattr_setsigdefault(&how, &all);
  std::array<char, 64> path{"PATH=/usr/local/bin:/usr/bin:/bin"};
  std::array<char*, 2> environment{path.data(), nullptr};
  const int failure =
      ::posix_spawn(child, arguments[0], &files, &how, arguments.data(), environment.data());
  posix_spawnattr_destroy(&how);
  posix_spawn_file_actions_destroy(&files);
  return failure;
}

std::string first_line(const std::string& output) {
  std::string line = output.substr(0, std::min(output.find('\n'), kMostReason));
  for (char& c : line) {
    if (c < 0x20 || c > 0x7e) { c = '?'; }
  }
  return line;
}

Finding verdict(int status, const std::string& output) {
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) { return {}; }
  std::string reason = WIFEXITED(status) ? "exit status " + std::to_string(WEXITSTATUS(status))
                                         : "ended by signal " + std::to_string(WTERMSIG(status));
  const std::string line = first_line(output);
  return bad(line.empty() ? reason : reason + ": " + line);
}

// Reads what there is until the end, which may never come when a grandchild holds the pipe.
asio::awaitable<void> drain(asio::posix::stream_descriptor& from, std::string& output) {
  std::array<char, 4'096> buffer{};
  for (;;) {
    const auto [error, size] = co_await from.async_read_some(asio::buffer(buffer), kResult);
    output.append(buffer.data(), std::min(size, kMostOutput - output.size()));
    if (error) { co_return; }
  }
}

// The kernel tells of a child's end by a signal only, which is main's: so it is looked for.
// nullopt: somebody else took its status.
asio::awaitable<std::optional<int>> reap(pid_t child, asio::steady_timer& timer) {
  for (;;) {
    int status = 0;
    const pid_t found = ::waitpid(child, &status, WNOHANG);
    if (found == child) { co_return status; }
    if (found < 0) { co_return std::nullopt; }
    timer.expires_after(kReapInterval);
    const auto [error] = co_await timer.async_wait(kResult);
    static_cast<void>(error);
  }
}

asio::awaitable<Finding> run(io_context& io, std::shared_ptr<Attempt> attempt) {
  attempt->step = "starting";
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    co_return failed(*attempt, error_code(errno, boost::system::system_category()));
  }
  asio::posix::stream_descriptor output(io, ends[0]);
  pid_t child = 0;
  const int failure = spawn(words_of(*attempt), ends[1], &child);
  ::close(ends[1]);
  if (failure != 0) {
    co_return failed(*attempt, error_code(failure, boost::system::system_category()));
  }
  attempt->step = "running";
  const AbortGuard guard(*attempt, [child] { ::kill(-child, SIGKILL); });
  // Read beside the waiting: the pipe's room must not hold the command up.
  struct Output {
    std::string text;
    bool ended = false;
  };
  const auto heard = std::make_shared<Output>();
  asio::co_spawn(io, drain(output, heard->text),
                 [heard](const std::exception_ptr&) { heard->ended = true; });
  asio::steady_timer timer(io);
  const std::optional<int> status = co_await reap(child, timer);
  ::kill(-child, SIGKILL);  // what it left behind
  // What was written is read in a moment; a pipe that is held open elsewhere is left.
  for (int waits = 0; !heard->ended; ++waits) {
    if (waits >= kLastReads) { output.cancel(); }
    timer.expires_after(milliseconds(1));
    const auto [error] = co_await timer.async_wait(kResult);
    static_cast<void>(error);
  }
  if (!status) { co_return Finding{fleet::Outcome::kUnasked, "its exit status is lost"}; }
  co_return verdict(*status, heard->text);
}

}  // namespace

void ask_command(io_context& io, const std::shared_ptr<Attempt>& attempt) {
  asio::co_spawn(io, run(io, attempt), finisher(attempt));
}

}  // namespace gslb::monitor
