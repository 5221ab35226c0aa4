#include "edge/origin/address_book.h"

#include <algorithm>
#include <array>
#include <utility>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include "edge/origin/signal.h"

namespace edge::origin {
namespace {

using Clock = std::chrono::steady_clock;

constexpr gslb::milliseconds kAvoidFor{30'000};
// After a look-up that failed: neither a flood of questions nor a long wait for good news.
constexpr gslb::milliseconds kFailureFor{1'000};

}  // namespace

std::vector<gslb::Address> in_turn(const std::vector<gslb::Address>& known,
                                   const std::map<gslb::Address, gslb::MonoTime>& failed,
                                   std::size_t turn, gslb::MonoTime now) {
  std::array<std::vector<gslb::Address>, 2> families;  // the preferred first
  for (const gslb::Address& address : known) {
    families[address.is_v6() == known.front().is_v6() ? 0 : 1].push_back(address);
  }
  for (std::vector<gslb::Address>& family : families) {
    if (family.empty()) { continue; }
    const auto first = static_cast<std::ptrdiff_t>(turn % family.size());
    std::rotate(family.begin(), family.begin() + first, family.end());
  }
  std::vector<gslb::Address> order;
  for (std::size_t i = 0; i < std::max(families[0].size(), families[1].size()); ++i) {
    for (const std::vector<gslb::Address>& family : families) {
      if (i < family.size()) { order.push_back(family[i]); }
    }
  }
  std::stable_partition(order.begin(), order.end(), [&](const gslb::Address& address) {
    const auto found = failed.find(address);
    return found == failed.end() || found->second <= now;
  });
  return order;
}

void AddressBook::renew(const config::Resolver& settings) {
  const std::lock_guard lock(mutex_);
  settings_ = settings;
}

void AddressBook::refresh(const std::string& host, Entry& entry, gslb::MonoTime now) {
  if (entry.asking || now < entry.fresh_until) { return; }
  entry.asking = true;
  // Not under the lock: a resolver that has stopped answers at once, on this thread.
  mutex_.unlock();
  resolver_.ask(Resolver::Kind::kAddresses, host,
                [this, host](const Lookup& lookup) { take(host, lookup); });
  mutex_.lock();
}

void AddressBook::take(const std::string& host, const Lookup& lookup) {
  std::vector<std::function<void()>> waiting;
  {
    const std::lock_guard lock(mutex_);
    Entry& entry = entries_[host];
    const auto now = Clock::now();
    entry.asking = false;
    if (lookup.status == Lookup::Status::kFound) {
      entry.known = lookup.addresses;
      std::erase_if(entry.failed, [now](const auto& each) { return each.second <= now; });
      const std::int64_t ttl_ms =
          std::clamp(lookup.ttl_s * 1000, settings_.min_ttl_ms, settings_.max_ttl_ms);
      entry.fresh_until = now + gslb::milliseconds(ttl_ms);
    } else {
      entry.fresh_until = now + kFailureFor;
    }
    waiting = std::exchange(waiting_, {});
  }
  for (const auto& wake : waiting) { wake(); }
}

Awaitable<std::vector<gslb::Address>> AddressBook::addresses(boost::asio::io_context& loop,
                                                             std::string host,
                                                             gslb::milliseconds timeout) {
  if (const auto literal = gslb::Address::parse(host)) {
    co_return std::vector<gslb::Address>{*literal};
  }
  Signal signal(loop, halted_);
  const auto deadline = Clock::now() + timeout;
  while (true) {
    const auto now = Clock::now();
    {
      std::unique_lock lock(mutex_);
      Entry& entry = entries_[host];
      refresh(host, entry, now);
      if (!entry.known.empty() || !entry.asking || now >= deadline) {
        co_return in_turn(entry.known, entry.failed, entry.turn++, now);
      }
      waiting_.push_back(signal.waker());
    }
    const auto left = std::chrono::duration_cast<gslb::milliseconds>(deadline - now);
    co_await signal.wait(left + gslb::milliseconds(1));
  }
}

void AddressBook::note(const std::string& host, const gslb::Address& address, bool good,
                       gslb::MonoTime now) {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(host);
  if (found == entries_.end()) { return; }
  if (good) {
    found->second.failed.erase(address);
  } else {
    found->second.failed[address] = now + kAvoidFor;
  }
}

}  // namespace edge::origin
