#include "gslb/bus/nats_session.h"

#include <condition_variable>
#include <mutex>
#include <utility>

#include <nats/nats.h>

#include "gslb/bus/nats_options.h"

namespace gslb::bus {
namespace {

template <auto destroy>
struct Destroy {
  template <typename T>
  void operator()(T* handle) const {
    destroy(handle);
  }
};
using Connection = std::unique_ptr<natsConnection, Destroy<natsConnection_Destroy>>;
using ConnectionOptions = std::unique_ptr<natsOptions, Destroy<natsOptions_Destroy>>;
using Subscription = std::unique_ptr<natsSubscription, Destroy<natsSubscription_Destroy>>;
using Message = std::unique_ptr<natsMsg, Destroy<natsMsg_Destroy>>;
using JetStream = std::unique_ptr<jsCtx, Destroy<jsCtx_Destroy>>;
using Store = std::unique_ptr<kvStore, Destroy<kvStore_Destroy>>;
using Watcher = std::unique_ptr<kvWatcher, Destroy<kvWatcher_Destroy>>;
using Entry = std::unique_ptr<kvEntry, Destroy<kvEntry_Destroy>>;

constexpr std::int64_t kNanosecondsPerMs = 1'000'000;

}  // namespace

struct NatsSession::Impl {
  natsStatus connect(const std::vector<std::unique_ptr<Heard>>& heard);
  natsStatus listen_to(natsOptions* to);
  natsStatus hear(const Heard& what);
  natsStatus open_bucket(const BucketOptions& bucket, Store& store) const;
  void note(natsStatus error);
  // Of what libnats will tell us the end.
  void begin() {
    const std::lock_guard lock(mutex);
    ++open;
  }
  void end() {
    const std::lock_guard lock(mutex);
    --open;
    changed.notify_all();
  }

  NatsOptions options;
  SessionEvents events;
  Connection connection;
  JetStream jetstream;
  std::vector<Subscription> subscriptions;
  std::mutex mutex;
  std::condition_variable changed;
  std::size_t open = 0;  // the connection and its subscriptions; guarded by mutex
};

void NatsSession::Impl::note(natsStatus error) {
  const char* detail = nullptr;
  natsConnection_GetLastError(connection.get(), &detail);
  const bool has_more = detail != nullptr && *detail != '\0';
  events.error(std::string(natsStatus_GetText(error)) +
               (has_more ? ": " + std::string(detail) : ""));
}

natsStatus NatsSession::Impl::listen_to(natsOptions* to) {
  natsStatus status = natsOptions_SetDisconnectedCB(
      to, [](natsConnection*, void* self) { static_cast<Impl*>(self)->events.down(); }, this);
  if (status == NATS_OK) {
    status = natsOptions_SetReconnectedCB(
        to, [](natsConnection*, void* self) { static_cast<Impl*>(self)->events.up(); }, this);
  }
  if (status == NATS_OK) {
    status = natsOptions_SetClosedCB(
        to,
        [](natsConnection*, void* self) {
          auto* session = static_cast<Impl*>(self);
          session->events.closed();
          session->end();
        },
        this);
  }
  if (status != NATS_OK) { return status; }
  return natsOptions_SetErrorHandler(
      to,
      [](natsConnection*, natsSubscription*, natsStatus error, void* self) {
        static_cast<Impl*>(self)->note(error);
      },
      this);
}

natsStatus NatsSession::Impl::connect(const std::vector<std::unique_ptr<Heard>>& heard) {
  natsOptions* raw_options = nullptr;
  natsStatus status = natsOptions_Create(&raw_options);
  const ConnectionOptions prepared(raw_options);
  if (status == NATS_OK && !set_options(prepared.get(), options)) { status = NATS_INVALID_ARG; }
  if (status == NATS_OK) { status = listen_to(prepared.get()); }
  natsConnection* raw = nullptr;
  if (status == NATS_OK) { status = natsConnection_Connect(&raw, prepared.get()); }
  if (status != NATS_OK) { return status; }
  connection.reset(raw);
  begin();
  jsOptions of_jetstream;
  jsOptions_Init(&of_jetstream);
  of_jetstream.Wait = options.request_timeout.count();
  jsCtx* context = nullptr;
  status = natsConnection_JetStream(&context, connection.get(), &of_jetstream);
  jetstream.reset(context);
  for (const auto& each : heard) {
    if (status == NATS_OK) { status = hear(*each); }
  }
  return status;
}

natsStatus NatsSession::Impl::hear(const Heard& what) {
  natsSubscription* raw = nullptr;
  natsStatus status = natsConnection_Subscribe(
      &raw, connection.get(), what.subject.c_str(),
      [](natsConnection*, natsSubscription*, natsMsg* came, void* closure) {
        const Message message(came);
        static_cast<const Heard*>(closure)->on_message(
            natsMsg_GetSubject(came),
            {natsMsg_GetData(came), static_cast<std::size_t>(natsMsg_GetDataLength(came))});
      },
      const_cast<Heard*>(&what));
  if (status != NATS_OK) { return status; }
  subscriptions.emplace_back(raw);
  begin();
  status = natsSubscription_SetOnCompleteCB(
      raw, [](void* self) { static_cast<Impl*>(self)->end(); }, this);
  if (status != NATS_OK) { end(); }
  return status;
}

NatsSession::NatsSession(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

std::shared_ptr<NatsSession> NatsSession::open(const NatsOptions& options,
                                               const std::vector<std::unique_ptr<Heard>>& heard,
                                               SessionEvents events, std::string* error) {
  auto impl = std::make_unique<Impl>();
  impl->options = options;
  impl->events = std::move(events);
  Impl& made = *impl;
  std::shared_ptr<NatsSession> session(new NatsSession(std::move(impl)));
  const natsStatus status = made.connect(heard);
  if (status == NATS_OK) { return session; }
  *error = natsStatus_GetText(status);
  return nullptr;
}

NatsSession::~NatsSession() {
  close();
  for (const Subscription& each : impl_->subscriptions) {
    natsSubscription_Unsubscribe(each.get());
  }
  std::unique_lock lock(impl_->mutex);
  impl_->changed.wait(lock, [this] { return impl_->open == 0; });
}

void NatsSession::close() {
  if (impl_->connection) { natsConnection_Close(impl_->connection.get()); }
}

bool NatsSession::is_connected() const {
  return natsConnection_Status(impl_->connection.get()) == NATS_CONN_STATUS_CONNECTED;
}

std::string NatsSession::server() const {
  char url[256] = "";
  natsConnection_GetConnectedUrl(impl_->connection.get(), url, sizeof url);
  return url;
}

std::uint64_t NatsSession::dropped() const {
  std::uint64_t sum = 0;
  for (const Subscription& each : impl_->subscriptions) {
    std::int64_t dropped = 0;
    natsSubscription_GetDropped(each.get(), &dropped);
    sum += static_cast<std::uint64_t>(dropped);
  }
  return sum;
}

bool NatsSession::publish(const std::string& subject, const std::string& octets) {
  return is_connected() &&
         natsConnection_Publish(impl_->connection.get(), subject.c_str(), octets.data(),
                                static_cast<int>(octets.size())) == NATS_OK;
}

// Anew each time: a broker that lost its state has lost the bucket.
natsStatus NatsSession::Impl::open_bucket(const BucketOptions& bucket, Store& store) const {
  kvStore* raw = nullptr;
  natsStatus status = js_KeyValue(&raw, jetstream.get(), bucket.name.c_str());
  if (status == NATS_NOT_FOUND) {
    kvConfig config;
    kvConfig_Init(&config);
    config.Bucket = bucket.name.c_str();
    config.History = 1;
    config.TTL = bucket.expiry.count() * kNanosecondsPerMs;
    config.StorageType = bucket.on_disk ? js_FileStorage : js_MemoryStorage;
    config.Replicas = bucket.replicas;
    status = js_CreateKeyValue(&raw, jetstream.get(), &config);
  }
  store.reset(raw);
  return status;
}

bool NatsSession::read_table(const BucketOptions& bucket, std::vector<BucketEntry>& entries,
                             std::string* error) {
  Store store;
  natsStatus status = impl_->open_bucket(bucket, store);
  kvWatchOptions watch;
  kvWatchOptions_Init(&watch);
  watch.IgnoreDeletes = true;
  watch.Timeout = impl_->options.request_timeout.count();
  kvWatcher* raw = nullptr;
  if (status == NATS_OK) { status = kvStore_WatchAll(&raw, store.get(), &watch); }
  const Watcher watcher(raw);
  while (status == NATS_OK) {
    kvEntry* next = nullptr;
    status = kvWatcher_Next(&next, watcher.get(), impl_->options.request_timeout.count());
    const Entry entry(next);
    if (status != NATS_OK || !entry) { break; }  // null: that was all
    entries.push_back({kvEntry_Key(next),
                       {static_cast<const char*>(kvEntry_Value(next)),
                        static_cast<std::size_t>(kvEntry_ValueLen(next))}});
  }
  if (watcher) { kvWatcher_Stop(watcher.get()); }
  if (status != NATS_OK) { *error = "bucket " + bucket.name + ": " + natsStatus_GetText(status); }
  return status == NATS_OK;
}

Result<void, SwapError> NatsSession::swap(const BucketOptions& bucket, const std::string& key,
                                          const std::optional<std::string>& expected,
                                          const std::string& value) {
  if (!is_connected()) { return Unexpected(SwapError::kNotConnected); }
  Store store;
  natsStatus status = impl_->open_bucket(bucket, store);
  kvEntry* raw = nullptr;
  if (status == NATS_OK) { status = kvStore_Get(&raw, store.get(), key.c_str()); }
  const Entry entry(raw);
  if (status != NATS_OK && status != NATS_NOT_FOUND) { return Unexpected(SwapError::kRefused); }
  const bool is_there = status == NATS_OK && kvEntry_ValueLen(raw) > 0;
  const std::string_view present =
      is_there ? std::string_view(static_cast<const char*>(kvEntry_Value(raw)),
                                  static_cast<std::size_t>(kvEntry_ValueLen(raw)))
               : std::string_view();
  if (present != std::string_view(expected ? *expected : "")) {
    return Unexpected(SwapError::kConflict);
  }
  const int size = static_cast<int>(value.size());
  std::uint64_t revision = 0;
  status = entry ? kvStore_Update(&revision, store.get(), key.c_str(), value.data(), size,
                                  kvEntry_Revision(raw))
                 : kvStore_Create(&revision, store.get(), key.c_str(), value.data(), size);
  if (status == NATS_OK) { return {}; }
  // libnats says the same of a wrong revision and of other refusals: look what is there.
  kvEntry* after_raw = nullptr;
  const natsStatus again = kvStore_Get(&after_raw, store.get(), key.c_str());
  const Entry after(after_raw);
  const std::uint64_t before = entry ? kvEntry_Revision(raw) : 0;
  const bool overtaken = again == NATS_OK && kvEntry_Revision(after_raw) != before;
  return Unexpected(overtaken ? SwapError::kConflict : SwapError::kRefused);
}

}  // namespace gslb::bus
