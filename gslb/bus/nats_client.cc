#include "gslb/bus/nats_client.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <utility>

#include "gslb/base/check.h"
#include "gslb/base/log.h"
#include "gslb/bus/job_queue.h"
#include "gslb/bus/nats_session.h"
#include "gslb/bus/told.h"

namespace gslb::bus {
namespace {

constexpr milliseconds kRetry{1'000};  // of what JetStream refused

struct Followed {
  BucketOptions options;
  NatsClient::OnTable on_table;
};

}  // namespace

struct NatsClient::Impl {
  explicit Impl(NatsOptions from) : options(std::move(from)) {}

  std::optional<MonoTime> connect();      // sending thread
  std::optional<MonoTime> read_tables();  // requests' thread
  void send(const std::string& subject, const std::string& octets);
  Result<void, SwapError> swap(const Followed& bucket, const std::string& key,
                               const std::optional<std::string>& expected,
                               const std::string& value);
  const Followed& bucket_of(const std::string& name) const;
  std::shared_ptr<NatsSession> current() const {
    const std::lock_guard lock(mutex);
    return session;
  }
  void note_up(const std::string& server);
  void note_down();
  void note_error(std::string text);

  const NatsOptions options;
  std::vector<std::unique_ptr<Heard>> heard;        // as it is from start() on
  std::vector<std::unique_ptr<Followed>> followed;  // likewise
  std::atomic<bool> up{false};
  std::atomic<bool> closed{true};  // the session is over, or there was none
  std::atomic<std::uint64_t> tables_of{0};  // which of the connections they were all read on
  std::atomic<std::uint64_t> connections{0};
  std::atomic<std::uint64_t> sent{0};
  std::atomic<std::uint64_t> dropped{0};
  std::atomic<std::uint64_t> received{0};
  std::atomic<std::uint64_t> failed_requests{0};
  mutable std::mutex mutex;
  std::shared_ptr<NatsSession> session;  // guarded by mutex
  std::string last_error;                // guarded by mutex
  bool started = false;
  JobQueue sending{kMostQueued, kMostQueuedOctets};
  JobQueue requests{kMostQueued, kMostQueuedOctets};
};

std::string_view describe(SwapError error) noexcept {
  switch (error) {
    case SwapError::kNotConnected:
      return "not connected to a broker";
    case SwapError::kConflict:
      return "somebody else has changed it";
    case SwapError::kRefused:
      return "the broker did not take it";
  }
  return "unknown error";
}

void NatsClient::Impl::note_error(std::string text) {
  const std::lock_guard lock(mutex);
  if (text == last_error) { return; }
  last_error = std::move(text);
  log_warning("bus", last_error);
}

void NatsClient::Impl::note_up(const std::string& server) {
  ++connections;
  up = true;
  {
    const std::lock_guard lock(mutex);
    last_error.clear();
  }
  log_info("bus", "connected", {{"server", server}});
  requests.wake();
}

void NatsClient::Impl::note_down() {
  if (up.exchange(false)) { log_warning("bus", "the broker is gone; going on without it"); }
}

std::optional<MonoTime> NatsClient::Impl::connect() {
  if (!closed) { return std::nullopt; }
  // Its end waits for callbacks that take the lock.
  std::shared_ptr<NatsSession> last;
  {
    const std::lock_guard lock(mutex);
    last.swap(session);
  }
  last.reset();
  up = false;
  closed = false;
  std::string error;
  SessionEvents events;
  events.up = [this] {
    const auto again = current();
    note_up(again ? again->server() : "");
  };
  events.down = [this] { note_down(); };
  events.closed = [this] {
    note_down();
    closed = true;
    sending.wake();
  };
  events.error = [this](std::string text) { note_error(std::move(text)); };
  auto made = NatsSession::open(options, heard, std::move(events), &error);
  if (!made) {
    closed = true;
    note_error("no broker: " + error);
    return std::chrono::steady_clock::now() + options.reconnect_wait;
  }
  const std::string server = made->server();
  {
    const std::lock_guard lock(mutex);
    session = std::move(made);
  }
  note_up(server);
  return std::nullopt;
}

void NatsClient::Impl::send(const std::string& subject, const std::string& octets) {
  const auto to = current();
  ++(to && up && to->publish(subject, octets) ? sent : dropped);
}

std::optional<MonoTime> NatsClient::Impl::read_tables() {
  const auto from = current();
  if (followed.empty() || !from || !up) { return std::nullopt; }
  const std::uint64_t on = connections;
  bool all = true;
  for (const auto& bucket : followed) {
    std::vector<BucketEntry> entries;
    std::string error;
    if (from->read_table(bucket->options, entries, &error)) {
      bucket->on_table(std::move(entries));
    } else {
      all = false;
      ++failed_requests;
      note_error(std::move(error));
    }
  }
  tables_of = all ? on : 0;
  const auto now = std::chrono::steady_clock::now();
  return all ? now + kTableInterval : now + kRetry;
}

Result<void, SwapError> NatsClient::Impl::swap(const Followed& bucket, const std::string& key,
                                               const std::optional<std::string>& expected,
                                               const std::string& value) {
  const auto with = current();
  if (!with || !up) { return Unexpected(SwapError::kNotConnected); }
  auto result = with->swap(bucket.options, key, expected, value);
  if (!result && result.error() == SwapError::kRefused) { ++failed_requests; }
  return result;
}

const Followed& NatsClient::Impl::bucket_of(const std::string& name) const {
  const auto found = std::find_if(followed.begin(), followed.end(),
                                  [&](const auto& each) { return each->options.name == name; });
  CHECK(found != followed.end());
  return **found;
}

NatsClient::NatsClient(NatsOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {}
NatsClient::~NatsClient() { stop(); }

void NatsClient::subscribe(std::string subject, OnMessage on_message) {
  CHECK(!impl_->started);
  auto counted = [to = std::move(on_message), count = &impl_->received](std::string_view of,
                                                                        std::string_view octets) {
    ++*count;
    to(of, octets);
  };
  impl_->heard.push_back(std::make_unique<Heard>(Heard{std::move(subject), std::move(counted)}));
}

void NatsClient::follow(BucketOptions bucket, OnTable on_table) {
  CHECK(!impl_->started);
  impl_->followed.push_back(
      std::make_unique<Followed>(Followed{std::move(bucket), std::move(on_table)}));
}

void NatsClient::start() {
  impl_->started = true;
  impl_->requests.start([impl = impl_.get()] { return impl->read_tables(); });
  impl_->sending.start([impl = impl_.get()] { return impl->connect(); });
}

void NatsClient::stop() {
  // Closed, a session keeps neither thread waiting for a broker.
  if (const auto session = impl_->current()) { session->close(); }
  impl_->sending.stop();
  if (const auto session = impl_->current()) { session->close(); }
  impl_->requests.stop();
  // Its end waits for callbacks that take the lock.
  std::shared_ptr<NatsSession> last;
  {
    const std::lock_guard lock(impl_->mutex);
    last.swap(impl_->session);
  }
  last.reset();
  impl_->up = false;
}

void NatsClient::publish(std::string subject, std::string octets) {
  const std::size_t size = subject.size() + octets.size();
  auto job = [impl = impl_.get(), subject = std::move(subject), octets = std::move(octets)] {
    impl->send(subject, octets);
  };
  if (!impl_->sending.post(std::move(job), size)) { ++impl_->dropped; }
}

void NatsClient::swap(const std::string& bucket, std::string key,
                      std::optional<std::string> expected, std::string value,
                      OnSwapped on_swapped) {
  const std::size_t size = key.size() + value.size() + (expected ? expected->size() : 0);
  auto told = std::make_shared<Told>(std::move(on_swapped));
  auto job = [impl = impl_.get(), of = &impl_->bucket_of(bucket), key = std::move(key),
              expected = std::move(expected), value = std::move(value),
              told] { told->tell(impl->swap(*of, key, expected, value)); };
  // Refused, it goes with the job.
  impl_->requests.post(std::move(job), size);
}

NatsStatus NatsClient::status() const {
  NatsStatus status;
  status.connected = impl_->up;
  status.connections = impl_->connections;
  status.tables_read = status.connected && impl_->tables_of == status.connections;
  status.sent = impl_->sent;
  status.dropped_out = impl_->dropped;
  status.received = impl_->received;
  status.failed_requests = impl_->failed_requests;
  std::shared_ptr<NatsSession> session;
  {
    const std::lock_guard lock(impl_->mutex);
    status.last_error = impl_->last_error;
    session = impl_->session;
  }
  if (!session) { return status; }
  status.dropped_in = session->dropped();
  if (status.connected) { status.server = session->server(); }
  return status;
}

}  // namespace gslb::bus
