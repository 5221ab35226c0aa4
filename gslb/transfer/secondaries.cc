#include "gslb/transfer/secondaries.h"

#include <future>
#include <thread>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include "gslb/base/entropy.h"
#include "gslb/base/run_io.h"

namespace gslb::transfer {
namespace {

namespace asio = boost::asio;

TransferTime moment() {
  return {std::chrono::steady_clock::now(), std::chrono::system_clock::now()};
}

}  // namespace

struct Secondaries::Core {
  explicit Core(SecondaryZones::Sink sink)
      : zones(
            [this](FetchRequest request, std::uint64_t token) {
              fetch(io, std::move(request), [this, token](Fetched fetched) {
                zones.finished(token, std::move(fetched), moment());
                pump();
              });
            },
            // The table follows the zones: a member may be notified of as soon as it is there.
            [this, to = std::move(sink)](std::vector<SecondaryEvent> events) {
              for (const SecondaryEvent& event : events) {
                if (event.kind == SecondaryEvent::Kind::kMembers) { table_is_old = true; }
              }
              to(std::move(events));
            },
            random_seed()),
        thread([this] { run_io(io, "transfer"); }) {
    ::pthread_setname_np(thread.native_handle(), "transfer");
  }

  // Transfer thread: does what is due, sleeps until there is more.
  void pump() {
    const MonoTime next = zones.run(moment());
    if (std::exchange(table_is_old, false)) { box.set_table(zones.notify_table(keys)); }
    if (next == MonoTime::max()) {
      timer.cancel();
      return;
    }
    timer.expires_at(next);
    timer.async_wait([this](const boost::system::error_code& error) {
      if (!error) { pump(); }
    });
  }

  void take_hints() {
    for (const NotifyHint& hint : box.take()) {
      zones.notify(hint.apex, hint.serial, hint.from, moment());
    }
    pump();
  }

  // Runs `function` on the transfer thread and waits for it.
  template <typename Function>
  auto call(Function function) -> decltype(function()) {
    std::packaged_task<decltype(function())()> task(std::move(function));
    auto result = task.get_future();
    asio::post(io, [&task] { task(); });
    return result.get();
  }

  asio::io_context io{1};
  asio::executor_work_guard<asio::io_context::executor_type> work{io.get_executor()};
  asio::steady_timer timer{io};
  std::shared_ptr<const Keyring> keys;
  bool table_is_old = false;
  NotifyBox box{[this] { asio::post(io, [this] { take_hints(); }); }};
  SecondaryZones zones;
  std::thread thread;
};

Secondaries::Secondaries(SecondaryZones::Sink sink)
    : core_(std::make_unique<Core>(std::move(sink))) {}

Secondaries::~Secondaries() { stop(); }

void Secondaries::configure(std::shared_ptr<const SecondaryConfig> config,
                            std::shared_ptr<const Keyring> keys) {
  core_->call([&] {
    core_->keys = std::move(keys);
    core_->zones.configure(std::move(config), moment());
    core_->table_is_old = true;
    core_->pump();
  });
}

bool Secondaries::refresh(const dns::Name& apex, bool whole) {
  return core_->call([&] {
    const bool found = core_->zones.refresh_now(apex, whole, moment());
    core_->pump();
    return found;
  });
}

std::vector<SecondaryStatus> Secondaries::status() const { return core_->zones.status(); }
FetchCounts Secondaries::counts() const { return core_->zones.counts(); }
std::optional<WallTime> Secondaries::expires(const dns::Name& apex) const {
  return core_->zones.expires(apex);
}
NotifyBox& Secondaries::notify_box() noexcept { return core_->box; }

void Secondaries::stop() {
  if (!core_->thread.joinable()) { return; }
  core_->io.stop();
  core_->thread.join();
}

}  // namespace gslb::transfer
