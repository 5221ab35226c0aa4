#include "edge/origin/customers.h"

#include <algorithm>
#include <chrono>
#include <functional>
#include <limits>
#include <mutex>
#include <optional>
#include <utility>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include "edge/origin/directory.h"
#include "edge/origin/signal.h"

namespace edge::origin {
namespace {

using Clock = std::chrono::steady_clock;
using Result = CustomerHost::Result;

constexpr int kMostSteps = 8;
// What is older than that is asked anew first: an alias may be another's by now.
constexpr gslb::milliseconds kStaleFor{60'000};
constexpr gslb::milliseconds kFailureFor{5'000};
// The resolver has a patience of its own, which ends before.
constexpr gslb::milliseconds kMostWait{60'000};

bool is_of(const std::vector<std::string>& domains, std::string_view host) {
  return std::any_of(domains.begin(), domains.end(), [&](const std::string& domain) {
    const std::string_view zone = std::string_view(domain).substr(1);  // with its first dot
    return host.size() > zone.size() && host.ends_with(zone);
  });
}

struct Asking {
  bool done = false;
  CustomerHost answer;
  std::vector<std::function<void()>> waiting;
};
using AskingRef = std::shared_ptr<Asking>;

}  // namespace

const CustomerTable::Entry* CustomerTable::find(const std::string& name) {
  const auto found = entries_.find(name);
  if (found == entries_.end()) { return nullptr; }
  Order& order = order_of(found->second.entry);
  order.splice(order.begin(), order, found->second.at);
  return &found->second.entry;
}

void CustomerTable::put(const std::string& name, Entry entry) {
  const auto known = entries_.find(name);
  if (known != entries_.end()) {
    order_of(known->second.entry).erase(known->second.at);
    entries_.erase(known);
  }
  Order& order = order_of(entry);
  order.push_front(name);
  entries_[name] = {std::move(entry), order.begin()};
  while (order.size() > bound_) {
    entries_.erase(order.back());
    order.pop_back();
  }
}

struct Customers::State {
  State(boost::asio::io_context& io, Directory& of) : loop(io), directory(of) {}

  // False: over the rate.
  bool may_ask(const config::Customers& rules, gslb::MonoTime now);
  void ask(config::ConfigRef config, const std::string& name);
  Awaitable<void> follow(config::ConfigRef config, std::string name, AskingRef asking);
  Awaitable<Lookup> step(std::string name);
  void remember(const config::Config& config, const std::string& name, const CustomerHost& answer,
                std::int64_t ttl_s);

  boost::asio::io_context& loop;
  Directory& directory;
  std::unique_ptr<CustomerTable> table;
  std::int64_t bound = 0;  // of the table
  std::map<std::string, AskingRef> asking;
  double tokens = 0;
  gslb::MonoTime counted{};
};

Customers::Customers(boost::asio::io_context& loop, Directory& directory)
    : state_(std::make_unique<State>(loop, directory)) {}
Customers::~Customers() = default;

bool Customers::State::may_ask(const config::Customers& rules, gslb::MonoTime now) {
  const auto rate = static_cast<double>(rules.lookups_per_second);
  const double passed = std::chrono::duration<double>(now - counted).count();
  tokens = std::min(rate, tokens + passed * rate);
  counted = now;
  if (tokens < 1) { return false; }
  tokens -= 1;
  return true;
}

void Customers::State::ask(config::ConfigRef config, const std::string& name) {
  AskingRef& own = asking[name];
  if (own) { return; }
  own = std::make_shared<Asking>();
  boost::asio::co_spawn(loop, follow(std::move(config), name, own), boost::asio::detached);
}

Awaitable<Lookup> Customers::State::step(std::string name) {
  struct Answer {
    std::mutex mutex;
    std::optional<Lookup> lookup;
  };
  const auto answer = std::make_shared<Answer>();
  Signal signal(loop, directory.halted());
  directory.resolver().ask(Resolver::Kind::kAlias, std::move(name),
                           [answer, wake = signal.waker()](const Lookup& lookup) {
                             {
                               const std::lock_guard lock(answer->mutex);
                               answer->lookup = lookup;
                             }
                             wake();
                           });
  co_await signal.wait(kMostWait);
  const std::lock_guard lock(answer->mutex);
  co_return answer->lookup.value_or(Lookup{});
}

Awaitable<void> Customers::State::follow(config::ConfigRef config, std::string name,
                                         AskingRef own) {
  CustomerHost answer;
  answer.asked = true;
  answer.result = Result::kNowhere;
  std::string at = name;
  std::int64_t ttl_s = std::numeric_limits<std::int64_t>::max() / 1000;
  for (int i = 0; i < kMostSteps; ++i) {
    const Lookup lookup = co_await step(at);
    if (lookup.status == Lookup::Status::kFailed) { answer.result = Result::kFailed; }
    if (lookup.status != Lookup::Status::kFound) { break; }
    at = lookup.alias;
    ttl_s = std::min(ttl_s, lookup.ttl_s);
    if (!is_of(config->customers->domains, at)) { continue; }
    if (config->site_for(at) != nullptr) {
      answer.result = Result::kFound;
      answer.host = at;
    }
    break;
  }
  remember(*config, name, answer, ttl_s);
  own->answer = answer;
  own->done = true;
  asking.erase(name);
  for (const auto& wake : own->waiting) { wake(); }
}

void Customers::State::remember(const config::Config& config, const std::string& name,
                                const CustomerHost& answer, std::int64_t ttl_s) {
  const auto now = Clock::now();
  const CustomerTable::Entry* const before = table->find(name);
  CustomerTable::Entry entry{answer.result, answer.host, {}};
  if (answer.result == Result::kFailed) {
    // What was true a while ago is a better guess than nothing.
    if (before != nullptr) { entry = *before; }
    entry.fresh_until = now + kFailureFor;
  } else if (answer.result == Result::kFound) {
    const std::int64_t ttl_ms =
        std::clamp(ttl_s * 1000, config.resolver.min_ttl_ms, config.resolver.max_ttl_ms);
    entry.fresh_until = now + gslb::milliseconds(ttl_ms);
  } else {
    entry.fresh_until = now + gslb::milliseconds(config.customers->negative_ttl_ms);
  }
  table->put(name, std::move(entry));
}

Awaitable<CustomerHost> Customers::find(config::ConfigRef config, std::string host) {
  State& state = *state_;
  const config::Customers& rules = *config->customers;
  const std::string name(config::without_port(host));
  if (!state.table || state.bound != rules.names) {
    state.bound = rules.names;
    state.table = std::make_unique<CustomerTable>(static_cast<std::size_t>(rules.names));
  }
  const auto now = Clock::now();
  const CustomerTable::Entry* const entry = state.table->find(name);
  const bool is_known = entry != nullptr && entry->result == Result::kFound;
  CustomerHost known;
  if (entry != nullptr) { known = {entry->result, entry->host, false}; }
  // A site may be gone since.
  if (is_known && config->site_for(known.host) == nullptr) { known.result = Result::kNowhere; }
  if (entry != nullptr && now < entry->fresh_until) { co_return known; }
  const bool is_asked = state.asking.contains(name);
  // Customers' names are asked anew whatever comes beside them.
  if (!is_asked && !is_known && !state.may_ask(rules, now)) {
    co_return CustomerHost{Result::kRefused, {}, false};
  }
  const bool is_usable = is_known && now < entry->fresh_until + kStaleFor;
  state.ask(config, name);
  if (is_usable) { co_return known; }
  const AskingRef own = state.asking[name];
  Signal signal(state.loop, state.directory.halted());
  own->waiting.push_back(signal.waker());
  while (!own->done) { co_await signal.wait(kMostWait); }
  if (own->answer.result == Result::kFailed && is_known) { co_return known; }
  co_return own->answer;
}

}  // namespace edge::origin
