#include "gslb/monitor/monitors.h"

#include <map>
#include <set>
#include <thread>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include "gslb/base/entropy.h"
#include "gslb/base/run_io.h"
#include "gslb/monitor/attempt.h"
#include "gslb/monitor/schedule.h"

namespace gslb::monitor {
namespace {

namespace asio = boost::asio;
using config::MonitorKind;

MonoTime now() { return std::chrono::steady_clock::now(); }

}  // namespace

// All on the monitor thread, but for the posting.
struct Monitors::Core {
  explicit Core(Sink to) : sink(std::move(to)), thread([this] { run_io(io, "monitor"); }) {
    ::pthread_setname_np(thread.native_handle(), "monitor");
  }

  void configure(std::vector<Target> list) {
    std::vector<Rhythm> rhythms;
    targets.clear();
    for (Target& target : list) {
      const config::Monitor& options = target.how->options;
      rhythms.push_back(
          {target.key, milliseconds(options.interval_ms), milliseconds(options.jitter_ms)});
      const std::string key = target.key;
      targets.insert_or_assign(key, std::move(target));
    }
    schedule.configure(rhythms, now());
    pump();
  }

  // Begins what is due, sleeps until there is more.
  void pump() {
    while (under_way.size() < kMostAtOnce) {
      const auto key = schedule.take(now());
      if (!key) { break; }
      begin(targets.at(*key));
    }
    const auto next = schedule.next();
    if (!next || under_way.size() >= kMostAtOnce) {
      timer.cancel();  // the end of one under way pumps
      return;
    }
    timer.expires_at(*next);
    timer.async_wait([this](const boost::system::error_code& error) {
      if (!error) { pump(); }
    });
  }

  void begin(const Target& target) {
    const auto attempt = std::make_shared<Attempt>();
    attempt->target = target;
    const MonoTime begun = now();
    const auto limit =
        std::make_shared<asio::steady_timer>(io, milliseconds(target.how->options.timeout_ms));
    // Weak: the attempt holds the timer by `done`.
    limit->async_wait([weak = std::weak_ptr(attempt)](const boost::system::error_code& error) {
      const auto late = weak.lock();
      if (error || !late) { return; }
      late->timed_out = true;
      if (late->abort) { late->abort(); }
    });
    attempt->done = [this, attempt = attempt.get(), begun, limit](Finding finding) {
      limit->cancel();
      if (attempt->timed_out) { finding = bad(std::string("timed out ") + attempt->step); }
      fleet::MonitorResult result{attempt->target.key, finding.outcome, std::move(finding.reason),
                                  std::chrono::duration_cast<milliseconds>(now() - begun)};
      under_way.erase(attempt);
      schedule.finished(result.key);
      sink(std::move(result));
      asio::post(io, [this] { pump(); });
    };
    under_way.insert(attempt.get());
    ask(attempt);
  }

  void ask(const std::shared_ptr<Attempt>& attempt) {
    switch (attempt->options().kind) {
      case MonitorKind::kHttp:
      case MonitorKind::kHttps:
      case MonitorKind::kTcp:
        return ask_tcp(io, attempt);
      case MonitorKind::kDns:
        return ask_dns(io, attempt);
      case MonitorKind::kIcmp:
        return ask_icmp(io, attempt);
      case MonitorKind::kCommand:
        return ask_command(io, attempt);
    }
  }

  // Commands must not outlive us; sockets close with what holds them.
  void abort_all() {
    for (Attempt* const attempt : under_way) {
      if (attempt->abort) { attempt->abort(); }
    }
    io.stop();
  }

  Sink sink;
  std::set<Attempt*> under_way;
  std::map<std::string, Target> targets;
  Schedule schedule{random_seed()};
  asio::io_context io{1};
  asio::executor_work_guard<asio::io_context::executor_type> work{io.get_executor()};
  asio::steady_timer timer{io};
  std::thread thread;  // last: started when the rest is there
};

Monitors::Monitors(Sink sink) : core_(std::make_unique<Core>(std::move(sink))) {}

Monitors::~Monitors() { stop(); }

void Monitors::configure(std::vector<Target> targets) {
  asio::post(core_->io, [core = core_.get(), list = std::move(targets)]() mutable {
    core->configure(std::move(list));
  });
}

void Monitors::hasten(std::vector<std::string> keys) {
  if (keys.empty()) { return; }
  asio::post(core_->io, [core = core_.get(), list = std::move(keys)] {
    for (const std::string& key : list) { core->schedule.hasten(key, now()); }
    core->pump();
  });
}

void Monitors::stop() {
  if (!core_->thread.joinable()) { return; }
  asio::post(core_->io, [core = core_.get()] { core->abort_all(); });
  core_->thread.join();
}

}  // namespace gslb::monitor
