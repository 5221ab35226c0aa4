#include "edge/serve/disk_lookup.h"

#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include <boost/asio/awaitable.hpp>

#include "edge/serve/signal.h"

namespace edge::serve {
namespace {

// A disk that takes longer than this is worse than none.
constexpr std::chrono::seconds kPatience{2};

struct Answer {
  std::mutex mutex;
  std::optional<cache::Store::Found> found;

  std::optional<cache::Store::Found> take() {
    const std::lock_guard lock(mutex);
    return std::exchange(found, std::nullopt);
  }
};

}  // namespace

origin::Awaitable<cache::Store::Found> find_on_disk(Worker& worker, const std::string& key,
                                                    const http::Fields& request) {
  Signal signal(worker);
  const auto answer = std::make_shared<Answer>();
  worker.shared.tiers.find_on_disk(key, request,
                                   [answer, wake = signal.waker()](cache::Store::Found found) {
                                     {
                                       const std::lock_guard lock(answer->mutex);
                                       answer->found = std::move(found);
                                     }
                                     wake();
                                   });
  co_await signal.wait(kPatience);
  co_return answer->take().value_or(cache::Store::Found{});
}

}  // namespace edge::serve
