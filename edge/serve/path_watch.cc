#include "edge/serve/path_watch.h"

#include <utility>

namespace edge::serve {

void PathWatch::note_answer(int status) {
  ++answers_;
  last_failed_ = false;
  // 408: what the client sent did not arrive.
  if (status >= 500 || status == 408) { note_failure(); }
}

void PathWatch::note_failure() {
  if (answers_ > 0 && !std::exchange(last_failed_, true)) { ++failures_; }
}

void PathWatch::note_sent(int socket, const gslb::Address& client) {
  if (std::exchange(sampled_, true)) { return; }
  if (const auto rtt = report::rtt_us_of(socket)) { collector_.add(client, *rtt); }
}

void PathWatch::report(int socket, const gslb::Address& client) {
  if (answers_ == 0) { return; }
  note_sent(socket, client);
  report::PathFigures figures = report::path_figures_of(socket);
  if (figures.is_stuck) { note_failure(); }
  figures.requests = answers_;
  figures.failed = failures_;
  collector_.add_path(client, figures);
}

}  // namespace edge::serve
