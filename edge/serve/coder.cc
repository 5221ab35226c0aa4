#include "edge/serve/coder.h"

#include <chrono>
#include <utility>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "edge/filter/transform.h"
#include "edge/serve/readers.h"
#include "edge/serve/signal.h"

namespace edge::serve {
namespace {

namespace asio = boost::asio;
using config::Coding;
using filter::Transform;

// Coded at a stretch: about a millisecond.  Then the worker's other clients have their turn.
constexpr std::size_t kTurnOctets = 32 * 1024;
// What is here and no larger is coded on the spot: less than a turn or two, and the answer can say
// how long it is.
constexpr std::uint64_t kAtOnceOctets = 2 * kTurnOctets;
// A source that says nothing for so long is dripping: what there is goes out.
constexpr std::chrono::milliseconds kQuiet{5};

struct Plan {
  std::shared_ptr<cache::Body> from;
  std::shared_ptr<cache::Body> to;
  std::unique_ptr<Transform> transform;
  std::string key;  // of the store
  Coding coding = Coding::kIdentity;
  report::FilterCounters::Octets* octets = nullptr;
  bool shared = false;  // `to` hangs on `from`, for everybody
};

class Coder {
 public:
  Coder(Worker& worker, Plan plan)
      : worker_(worker),
        plan_(std::move(plan)),
        signal_(worker),
        reader_(plan_.from, 0, signal_.waker()) {}
  Coder(const Coder&) = delete;
  Coder& operator=(const Coder&) = delete;
  ~Coder();

  // Without a wait.  REQUIRES: `from` is whole and in memory.
  void run_now();
  Awaitable<void> run();

 private:
  // These are false when it can't or need not go on.
  bool end();
  Awaitable<bool> take_turn(const std::vector<cache::Slice>& slices);
  Awaitable<bool> wait_for_source();
  Awaitable<bool> wait_for_readers();
  bool emit();
  void stop_sharing();
  void fail();

  Worker& worker_;
  Plan plan_;
  Signal signal_;
  cache::Body::Reader reader_;
  std::string out_;
  std::size_t reserved_ = 0;  // octets held in the store's budget
  bool unflushed_ = false;
  bool ended_ = false;
};

Coder::~Coder() {
  // Taken down in the middle, with its worker: nobody may wait for more, or take it for whole.
  if (!ended_) { fail(); }
  worker_.shared.store.release(reserved_ + filter::transform_octets(plan_.coding));
}

void Coder::fail() {
  ended_ = true;
  if (plan_.shared) { plan_.from->remove_coded(plan_.to.get()); }
  plan_.to->fail();
}

// No newcomers from here on, and no more memory than a window.
void Coder::stop_sharing() {
  plan_.shared = false;
  plan_.from->remove_coded(plan_.to.get());
  plan_.to->use_window();
  worker_.shared.store.release(std::exchange(reserved_, 0));
}

bool Coder::emit() {
  if (out_.empty()) { return true; }
  plan_.octets->out.add(out_.size());
  if (plan_.shared) {
    const bool fits = plan_.from->keeps() && worker_.shared.store.reserve(out_.size());
    if (fits) {
      reserved_ += out_.size();
    } else {
      stop_sharing();
    }
  }
  plan_.to->append(std::exchange(out_, {}));
  return plan_.shared || !plan_.to->abandoned();
}

bool Coder::end() {
  if (plan_.transform->finish(out_) != Transform::Status::kAll || !emit()) { return false; }
  ended_ = true;
  plan_.to->finish();
  // Charged to the stored response from now on.
  worker_.shared.store.release(std::exchange(reserved_, 0));
  if (plan_.shared && !worker_.shared.tiers.recount(plan_.key, *plan_.from)) {
    plan_.from->remove_coded(plan_.to.get());
  }
  return true;
}

void Coder::run_now() {
  std::vector<cache::Slice> slices;
  while (reader_.next(slices, kTurnOctets) == cache::Body::Status::kData) {
    for (const cache::Slice& slice : slices) {
      std::string_view octets = slice.view();
      plan_.octets->in.add(octets.size());
      while (plan_.transform->step(octets, out_) == Transform::Status::kMore) {}
    }
  }
  end();
}

Awaitable<bool> Coder::take_turn(const std::vector<cache::Slice>& slices) {
  unflushed_ = true;
  for (const cache::Slice& slice : slices) {
    std::string_view octets = slice.view();
    plan_.octets->in.add(octets.size());
    auto status = Transform::Status::kMore;
    while (status == Transform::Status::kMore) {
      status = plan_.transform->step(octets, out_);
      if (status == Transform::Status::kBad) {
        worker_.counters.filters.failed.add();
        co_return false;
      }
      if (!emit()) { co_return false; }
      const bool wanted = co_await wait_for_readers();
      if (!wanted) { co_return false; }
    }
  }
  co_await asio::post(worker_.loop, asio::use_awaitable);
  co_return true;
}

// The source has nothing now.
Awaitable<bool> Coder::wait_for_source() {
  if (!unflushed_) {
    co_await signal_.wait();
    co_return true;
  }
  const bool news = co_await signal_.wait(kQuiet);
  if (news) { co_return true; }
  unflushed_ = false;
  const bool flushed = plan_.transform->flush(out_) == Transform::Status::kAll;
  co_return flushed&& emit();
}

Awaitable<bool> Coder::wait_for_readers() {
  if (plan_.shared) { co_return true; }
  co_return co_await serve::wait_for_readers(*plan_.to, signal_);
}

Awaitable<void> Coder::run() {
  std::vector<cache::Slice> slices;
  bool good = true;
  while (good) {
    const auto status = reader_.next(slices, kTurnOctets);
    if (status == cache::Body::Status::kEnd) {
      good = end();
      break;
    }
    if (status == cache::Body::Status::kWait) {
      good = co_await wait_for_source();
    } else {
      const bool whole = status == cache::Body::Status::kData;
      good = co_await take_turn(slices);
      good = good && whole;
    }
  }
  if (!good) { fail(); }
}

Awaitable<void> run_coder(std::unique_ptr<Coder> coder) { co_await coder->run(); }

// REQUIRES: the transform's memory is reserved.
void start(Worker& worker, Plan plan) {
  const bool at_once = plan.shared && plan.from->in_memory() && plan.from->complete() &&
                       plan.from->size() <= kAtOnceOctets;
  auto coder = std::make_unique<Coder>(worker, std::move(plan));
  if (at_once) {
    coder->run_now();
  } else {
    asio::co_spawn(worker.loop, run_coder(std::move(coder)), asio::detached);
  }
}

// Null, and nothing reserved, when there is no memory for it.
std::unique_ptr<Transform> reserved(Worker& worker, Coding coding,
                                    std::unique_ptr<Transform> transform) {
  if (!transform || !worker.shared.store.reserve(filter::transform_octets(coding))) {
    return nullptr;
  }
  return transform;
}

}  // namespace

std::shared_ptr<cache::Body> coded_body(Worker& worker, const std::shared_ptr<cache::Body>& body,
                                        const std::string& key, Coding coding,
                                        const config::Compress& compress) {
  if (auto made = body->coded(coding)) {
    worker.counters.filters.coded_hits.add();
    return made;
  }
  using Mode = cache::Body::Mode;
  const auto at = static_cast<std::size_t>(coding);
  const config::Compress::Levels& levels = compress.levels[at];
  Plan plan;
  plan.shared = body->keeps();
  plan.transform = reserved(
      worker, coding, filter::make_encoder(coding, plan.shared ? levels.stored : levels.dynamic));
  if (!plan.transform) { return nullptr; }
  plan.from = body;
  plan.to = std::make_shared<cache::Body>(plan.shared ? Mode::kKeep : Mode::kWindow,
                                          worker.shared.memory_file.get());
  if (plan.shared) {
    auto there = body->add_coded(coding, plan.to);
    if (there != plan.to) {  // another worker was quicker
      worker.shared.store.release(filter::transform_octets(coding));
      return there;
    }
  }
  plan.key = key;
  plan.coding = coding;
  plan.octets = &worker.counters.filters.encoded[at];
  auto result = plan.to;
  start(worker, std::move(plan));
  return result;
}

std::shared_ptr<cache::Body> decoded_body(Worker& worker, const std::shared_ptr<cache::Body>& body,
                                          Coding coding) {
  Plan plan;
  plan.transform = reserved(worker, coding, filter::make_decoder(coding));
  if (!plan.transform) { return nullptr; }
  plan.from = body;
  plan.to = std::make_shared<cache::Body>(cache::Body::Mode::kWindow);
  plan.coding = coding;
  plan.octets = &worker.counters.filters.decoded[static_cast<std::size_t>(coding)];
  auto result = plan.to;
  start(worker, std::move(plan));
  return result;
}

}  // namespace edge::serve
