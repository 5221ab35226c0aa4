#include "edge/serve/access_log.h"

#include <array>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <cstdio>
#include <ctime>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include "gslb/base/log.h"

namespace edge::serve {
namespace {

// Of each thread that answers: a second or so of a busy one.
constexpr std::size_t kBufferOctets = 1 << 20;
constexpr std::size_t kBuffers = 16;
constexpr std::chrono::milliseconds kInterval{200};

std::string_view field_of(const AccessEntry& entry, std::string_view name) {
  const std::string* const value = entry.request->fields.find(name);
  return value == nullptr ? std::string_view("-") : std::string_view(*value);
}

std::string request_line(const AccessEntry& entry) {
  const http::RequestHead& request = *entry.request;
  if (request.target.empty()) { return "-"; }  // not understood
  const std::string version = request.major == 2   ? "HTTP/2.0"
                              : request.minor == 0 ? "HTTP/1.0"
                                                   : "HTTP/1.1";
  return request.method + ' ' + request.target + ' ' + version;
}

std::string seconds(std::int64_t us) {
  if (us < 0) { return "-"; }
  std::array<char, 32> text{};
  static_cast<void>(std::snprintf(text.data(), text.size(), "%lld.%06lld",
                                  static_cast<long long>(us / 1'000'000),
                                  static_cast<long long>(us % 1'000'000)));
  return text.data();
}

std::string time_text(gslb::WallTime at, const char* format) {
  const std::time_t time = std::chrono::system_clock::to_time_t(at);
  std::tm parts{};
  gmtime_r(&time, &parts);
  std::array<char, 40> text{};
  const std::size_t size = std::strftime(text.data(), text.size(), format, &parts);
  return std::string(text.data(), size);
}

}  // namespace

// The combined format's fields, then ours: cache, whole or cut, seconds to the first octet, in all
// and of the origin, request id.
void append_combined(std::string& line, const AccessEntry& entry) {
  line.append(entry.client).append(" - - [");
  line += time_text(entry.at, "%d/%b/%Y:%H:%M:%S +0000] ");
  gslb::append_json_string(line, request_line(entry));
  line.append(" ").append(std::to_string(entry.status));
  line.append(" ").append(std::to_string(entry.body_octets)).append(" ");
  gslb::append_json_string(line, field_of(entry, "Referer"));
  line += ' ';
  gslb::append_json_string(line, field_of(entry, "User-Agent"));
  line.append(" ").append(entry.cache).append(entry.whole ? " whole " : " cut ");
  line.append(seconds(entry.first_octet_us)).append(" ").append(seconds(entry.total_us));
  line.append(" ").append(seconds(entry.upstream_us)).append(" ");
  line.append(entry.request_id.empty() ? "-" : entry.request_id).append("\n");
}

void append_json(std::string& line, const AccessEntry& entry) {
  const http::RequestHead& request = *entry.request;
  const auto text = [&line](std::string_view name, std::string_view value) {
    line.append(line.back() == '{' ? "\"" : ",\"").append(name).append("\":");
    gslb::append_json_string(line, value);
  };
  const auto number = [&line](std::string_view name, const std::string& value) {
    line.append(",\"").append(name).append("\":").append(value == "-" ? "null" : value);
  };
  line += '{';
  text("time", time_text(entry.at, "%Y-%m-%dT%H:%M:%SZ"));
  text("client", entry.client);
  text("method", request.method);
  text("scheme", request.secure ? "https" : "http");
  text("host", request.host);
  text("target", request.target);
  text("protocol", request.major == 2 ? "HTTP/2" : request.minor == 0 ? "HTTP/1.0" : "HTTP/1.1");
  number("status", std::to_string(entry.status));
  number("body_octets", std::to_string(entry.body_octets));
  text("referer", field_of(entry, "Referer"));
  text("user_agent", field_of(entry, "User-Agent"));
  text("cache", entry.cache);
  line.append(",\"whole\":").append(entry.whole ? "true" : "false");
  number("first_octet_s", seconds(entry.first_octet_us));
  number("total_s", seconds(entry.total_us));
  number("upstream_s", seconds(entry.upstream_us));
  text("request_id", entry.request_id);
  line += "}\n";
}

struct AccessLog::Impl {
  struct Buffer {
    std::mutex mutex;
    std::string text;         // guarded by mutex
    std::uint64_t lines = 0;  // in it; guarded by mutex
    std::uint64_t added = 0;  // ever; guarded by mutex
  };

  bool open_file(std::string* error);
  void run();
  void write_all();
  Buffer& own_buffer();

  config::AccessLog config;
  std::array<Buffer, kBuffers> buffers;
  std::atomic<std::uint64_t> dropped{0};
  std::mutex mutex;
  std::condition_variable changed;
  bool stopping = false;   // guarded by mutex
  bool reopening = false;  // guarded by mutex
  int descriptor = -1;     // the thread's, once it runs
  std::thread thread;
};

bool AccessLog::Impl::open_file(std::string* error) {
  const int opened = config.file == "-" ? ::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0)
                                        : ::open(config.file.c_str(),
                                                 O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
  if (opened < 0) {
    *error = config.file + ": " + std::generic_category().message(errno);
    return false;
  }
  if (descriptor >= 0) { ::close(descriptor); }
  descriptor = opened;
  return true;
}

// Threads are given buffers one after the other: with one a worker nobody waits for another.
AccessLog::Impl::Buffer& AccessLog::Impl::own_buffer() {
  static std::atomic<std::size_t> next{0};
  static thread_local const std::size_t own = next.fetch_add(1) % kBuffers;
  return buffers[own];
}

void AccessLog::Impl::write_all() {
  std::string taken;
  for (Buffer& buffer : buffers) {
    std::uint64_t count = 0;
    taken.clear();
    {
      const std::lock_guard lock(buffer.mutex);
      taken.swap(buffer.text);
      count = std::exchange(buffer.lines, 0);
    }
    std::string_view rest = taken;
    while (!rest.empty()) {
      const ssize_t written = ::write(descriptor, rest.data(), rest.size());
      if (written < 0 && errno == EINTR) { continue; }
      if (written <= 0) {
        dropped += count;  // some of it may be there
        break;
      }
      rest.remove_prefix(static_cast<std::size_t>(written));
    }
  }
}

void AccessLog::Impl::run() {
  std::unique_lock lock(mutex);
  while (!stopping) {
    changed.wait_for(lock, kInterval);
    const bool reopen_now = std::exchange(reopening, false);
    lock.unlock();
    write_all();
    std::string error;
    if (reopen_now && !open_file(&error)) {
      gslb::log_error("access", "can't open the log anew, going on with the old file",
                      {{"why", error}});
    }
    lock.lock();
  }
}

AccessLog::AccessLog(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {
  impl_->thread = std::thread([raw = impl_.get()] { raw->run(); });
}

AccessLog::~AccessLog() {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->stopping = true;
  }
  impl_->changed.notify_all();
  impl_->thread.join();
  impl_->write_all();
  ::close(impl_->descriptor);
}

std::shared_ptr<AccessLog> AccessLog::open(const config::AccessLog& config, std::string* error) {
  if (config.file.empty()) { return nullptr; }
  auto impl = std::make_unique<Impl>();
  impl->config = config;
  if (!impl->open_file(error)) { return nullptr; }
  return std::shared_ptr<AccessLog>(new AccessLog(std::move(impl)));
}

void AccessLog::add(const AccessEntry& entry) {
  Impl::Buffer& buffer = impl_->own_buffer();
  const std::lock_guard lock(buffer.mutex);
  if (buffer.text.size() >= kBufferOctets) {
    impl_->dropped.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  if (impl_->config.json) {
    append_json(buffer.text, entry);
  } else {
    append_combined(buffer.text, entry);
  }
  ++buffer.lines;
  ++buffer.added;
}

void AccessLog::reopen() {
  const std::lock_guard lock(impl_->mutex);
  impl_->reopening = true;
  impl_->changed.notify_all();
}

AccessLog::Figures AccessLog::figures() const {
  Figures figures;
  figures.dropped = impl_->dropped;
  for (Impl::Buffer& buffer : impl_->buffers) {
    const std::lock_guard lock(buffer.mutex);
    figures.lines += buffer.added;
  }
  return figures;
}

}  // namespace edge::serve
