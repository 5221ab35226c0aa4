// One request on its way: where it came from, what was written, and how it is counted.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "edge/serve/client_io.h"
#include "edge/serve/forward.h"
#include "edge/serve/worker.h"

namespace edge::serve {

// Worker-confined; lives as long as the request is being answered.
class RequestScope {
 public:
  RequestScope(Worker& on, ClientIo& from, const http::RequestHead& asked, http::Framing framing);
  // Tells the access log.
  ~RequestScope();
  RequestScope(const RequestScope&) = delete;
  RequestScope& operator=(const RequestScope&) = delete;

  // Counts the answer and begins it; send() and finish() as ClientIo's.
  void begin(Reply reply, report::CacheResult result);
  Awaitable<bool> send(const std::vector<cache::Slice>& slices);
  Awaitable<bool> finish();
  // A page of our own, counted as kNone.  `detail`: a token for Cache-Status, static storage.
  // True: it was sent whole.
  Awaitable<bool> respond_with_page(int status, std::string_view why, std::string_view detail);
  // The same with a head of one's own.
  Awaitable<bool> respond_with(http::ResponseHead head, std::string_view why,
                               std::string_view detail);
  // From now on octets go out at the rule's pace.
  void throttle(const config::Rule& rule) { throttle_ = &rule; }

  // Around the wait for an origin's head, for the access log.
  void begin_upstream();
  void end_upstream();

  ReplyOptions reply_options() const;
  // The client for X-Forwarded-For; "": the edge that asks has put it there.
  std::string forwarded_client() const;

  Worker& worker;
  const config::ConfigRef config;  // the one this request began with
  ClientIo& client;
  const http::RequestHead& request;
  const http::Framing body;
  const tier::Caller* caller = nullptr;  // the edge that asks, verified; null: a client
  bool may_redirect = true;              // false: another cluster has done so
  std::string alt_svc;                   // for the answer; may be empty

 private:
  void note_first_octet();
  Awaitable<bool> send_slowly(std::vector<cache::Slice> slices);

  report::HostCounters* hosts_ = nullptr;  // null: of no host
  const config::Rule* throttle_ = nullptr;
  gslb::MonoTime started_;
  gslb::MonoTime first_octet_;  // started_: none yet
  gslb::MonoTime upstream_began_;
  std::int64_t upstream_us_ = -1;
  std::uint64_t body_octets_ = 0;
  std::uint64_t slow_octets_ = 0;  // of these, sent under `throttle_`
  int status_ = 0;
  report::CacheResult result_ = report::CacheResult::kNone;
  bool whole_ = false;
  const bool is_counted_;  // not a part of another answer
};

}  // namespace edge::serve
