#include "edge/serve/prefetcher.h"

#include <algorithm>
#include <chrono>
#include <ctime>
#include <utility>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include "edge/serve/customer.h"
#include "edge/serve/steps.h"

namespace edge::serve {
namespace {

namespace asio = boost::asio;

// How often it looks whether the window has opened, or the configuration changed.
constexpr std::chrono::seconds kLook{1};

// Nobody: takes everything and keeps nothing of it but the status.
class Nobody final : public ClientIo {
 public:
  Awaitable<BodyStatus> read_body(std::string& out) override {
    out.clear();
    co_return BodyStatus::kEnd;
  }
  bool has_body_octets() const override { return false; }
  const std::string& peer() const override { return peer_; }
  Awaitable<bool> send_interim(const http::ResponseHead&) override { co_return true; }
  void begin(Reply reply) override { status_ = reply.head.status; }
  Awaitable<bool> send(const std::vector<cache::Slice>&) override { co_return true; }
  Awaitable<bool> finish() override {
    whole_ = true;
    co_return true;
  }

  bool is_good() const noexcept { return whole_ && status_ < 400; }

 private:
  const std::string peer_ = "127.0.0.1";
  int status_ = 500;
  bool whole_ = false;
};

unsigned minute_of_day() {
  const std::time_t now = std::time(nullptr);
  std::tm local{};
  localtime_r(&now, &local);
  return static_cast<unsigned>(local.tm_hour * 60 + local.tm_min);
}

using Ended = std::function<void(bool good)>;

Awaitable<void> ask(Worker& worker, PrefetchUrl url, Ended ended) {
  http::RequestHead request;
  request.method = "GET";
  request.target = std::move(url.target);
  request.host = std::move(url.host);
  request.secure = url.secure;
  request.fields.add("Host", request.host);
  Nobody nobody;
  if (may_be_customers(*worker.config, request)) {
    const int status = co_await follow_alias(worker, request);
    if (status != 0) {
      ended(false);
      co_return;
    }
  }
  co_await answer_as(worker, nobody, request, {}, {nullptr, true});
  ended(nobody.is_good());
}

}  // namespace

std::optional<PrefetchUrl> parse_prefetch_url(std::string_view url) {
  const bool secure = url.starts_with("https://");
  const std::string both = cache::purge_target(url);
  const std::size_t space = both.find(' ');
  if (space == std::string::npos) { return std::nullopt; }
  return PrefetchUrl{both.substr(0, space), both.substr(space + 1), secure};
}

bool is_within_window(unsigned minute, unsigned from, unsigned to) noexcept {
  if (from == to) { return true; }
  return from < to ? minute >= from && minute < to : minute >= from || minute < to;
}

Prefetcher::Prefetcher(RunOnWorker run, CurrentConfig config)
    : run_on_worker_(std::move(run)), config_(std::move(config)) {
  thread_ = std::thread([this] { this->run(); });
}

Prefetcher::~Prefetcher() { stop(); }

void Prefetcher::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) { thread_.join(); }
}

bool Prefetcher::submit(List list) {
  std::size_t octets = 0;
  for (const PrefetchUrl& url : list.urls) { octets += octets_of(url); }
  {
    const std::lock_guard lock(mutex_);
    if (stopping_ || waiting_ + list.urls.size() > kMostWaiting ||
        waiting_octets_ + octets > kMostWaitingOctets) {
      refused_.fetch_add(list.urls.size(), std::memory_order_relaxed);
      return false;
    }
    auto& lane = lanes_[std::min(list.priority, kPriorities - 1)][list.off_peak ? 1 : 0];
    waiting_ += list.urls.size();
    waiting_octets_ += octets;
    std::move(list.urls.begin(), list.urls.end(), std::back_inserter(lane.urls));
  }
  changed_.notify_one();
  return true;
}

std::size_t Prefetcher::clear() {
  const std::lock_guard lock(mutex_);
  for (auto& lanes : lanes_) {
    for (Lane& lane : lanes) { lane.urls.clear(); }
  }
  waiting_octets_ = 0;
  return std::exchange(waiting_, 0);
}

std::optional<PrefetchUrl> Prefetcher::next(bool window_open) {
  for (unsigned priority = kPriorities; priority-- > 0;) {
    for (const std::size_t kind : {std::size_t{0}, std::size_t{1}}) {
      Lane& lane = lanes_[priority][kind];
      if (lane.urls.empty() || (kind == 1 && !window_open)) { continue; }
      PrefetchUrl url = std::move(lane.urls.front());
      lane.urls.pop_front();
      --waiting_;
      waiting_octets_ -= octets_of(url);
      return url;
    }
  }
  return std::nullopt;
}

void Prefetcher::run() {
  auto due = std::chrono::steady_clock::now();
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    if (waiting_ == 0) {
      changed_.wait(lock);
      continue;
    }
    lock.unlock();
    const config::ConfigRef config = config_();
    lock.lock();
    const config::Prefetch& rules = config->prefetch;
    const auto now = std::chrono::steady_clock::now();
    if (now < due) {
      changed_.wait_until(lock, std::min(due, now + kLook));
      continue;
    }
    std::optional<PrefetchUrl> url;
    if (in_flight_ < static_cast<std::size_t>(rules.in_flight)) {
      url = next(is_within_window(minute_of_day(), rules.from_minute, rules.to_minute));
    }
    if (!url) {
      changed_.wait_for(lock, kLook);
      continue;
    }
    ++in_flight_;
    // What was missed is not made up for.
    due = now + std::chrono::nanoseconds(std::chrono::seconds(1)) / rules.per_second;
    lock.unlock();
    fetch(*std::move(url));
    lock.lock();
  }
}

void Prefetcher::fetch(PrefetchUrl url) {
  const Ended ended = [this](bool good) {
    (good ? done_ : failed_).fetch_add(1, std::memory_order_relaxed);
    {
      const std::lock_guard lock(mutex_);
      --in_flight_;
    }
    changed_.notify_one();
  };
  const bool runs = run_on_worker_([url = std::move(url), ended](Worker& worker) {
    asio::co_spawn(worker.loop, ask(worker, url, ended), asio::detached);
  });
  if (!runs) { ended(false); }
}

Prefetcher::Figures Prefetcher::figures() const {
  Figures figures;
  figures.done = done_.load(std::memory_order_relaxed);
  figures.failed = failed_.load(std::memory_order_relaxed);
  figures.refused = refused_.load(std::memory_order_relaxed);
  const config::ConfigRef config = config_();
  figures.window_open =
      is_within_window(minute_of_day(), config->prefetch.from_minute, config->prefetch.to_minute);
  const std::lock_guard lock(mutex_);
  figures.waiting = waiting_;
  figures.in_flight = in_flight_;
  return figures;
}

}  // namespace edge::serve
