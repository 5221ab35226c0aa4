#include "edge/serve/origin_figures.h"

#include <array>
#include <utility>

namespace edge::serve {
namespace {

// By origin::ServerHealth::State.
constexpr std::array<std::string_view, 4> kStateNames = {"up", "trial", "ejected", "down"};

}  // namespace

std::vector<report::OriginFigures> origin_figures(const origin::Directory& directory) {
  std::vector<report::OriginFigures> all;
  for (origin::OriginFigures& from : directory.figures()) {
    report::OriginFigures& to = all.emplace_back();
    to.name = std::move(from.name);
    to.retries = from.retries;
    to.retries_refused = from.retries_refused;
    to.queued = from.queued;
    to.queue_refused = from.queue_refused;
    for (origin::ServerFigures& server : from.servers) {
      to.servers.push_back({std::move(server.url),
                            kStateNames[static_cast<std::size_t>(server.state)], server.in_flight,
                            server.requests, server.failures, server.ejections,
                            server.checks_failed});
    }
  }
  return all;
}

}  // namespace edge::serve
