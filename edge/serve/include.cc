#include "edge/serve/include.h"

#include <chrono>
#include <utility>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include "edge/http/reference.h"
#include "edge/serve/client_io.h"
#include "edge/serve/readers.h"
#include "edge/serve/signal.h"
#include "edge/serve/steps.h"

namespace edge::serve {
namespace {

namespace asio = boost::asio;


// The client's side of an include's request: the answer goes into the Include's body.
class IncludeIo final : public ClientIo {
 public:
  IncludeIo(Worker& worker, std::shared_ptr<Include> include, std::string client,
            InclusionRef inclusion, std::uint64_t max_octets)
      : include_(std::move(include)),
        client_(std::move(client)),
        inclusion_(std::move(inclusion)),
        max_octets_(max_octets),
        signal_(worker) {}

  Awaitable<BodyStatus> read_body(std::string& out) override {
    out.clear();
    co_return BodyStatus::kEnd;
  }
  bool has_body_octets() const override { return true; }
  const std::string& peer() const override { return client_; }
  InclusionRef inclusion() const override { return inclusion_; }
  Awaitable<bool> send_interim(const http::ResponseHead&) override { co_return true; }

  void begin(Reply reply) override {
    include_->status = reply.head.status;
    include_->wake();
  }

  Awaitable<bool> send(const std::vector<cache::Slice>& slices) override {
    cache::Body& body = *include_->body;
    for (const cache::Slice& slice : slices) {
      if (body.size() + slice.size > max_octets_) { co_return false; }
      body.append(std::string(slice.view()));
    }
    co_return co_await wait_for_readers(body, signal_);
  }

  Awaitable<bool> finish() override {
    include_->body->finish();
    co_return true;
  }

 private:
  const std::shared_ptr<Include> include_;
  const std::string client_;
  const InclusionRef inclusion_;
  const std::uint64_t max_octets_;
  Signal signal_;
};

Awaitable<void> run_include(Worker& worker, std::shared_ptr<Include> include,
                            std::unique_ptr<IncludeIo> io, http::RequestHead request) {
  co_await answer_as(worker, *io, request, {}, {nullptr, true});
  include->body->fail();  // unless it was finished
  include->ended = true;
  include->wake();
}

// The page's request, for another URL: who asks is the same, what is asked is not.
http::RequestHead request_for(const http::RequestHead& page, http::Resolved url) {
  http::RequestHead request = page;
  request.method = "GET";
  request.host = std::move(url.host);
  request.target = std::move(url.target);
  for (const std::string_view name :
       {"Host", "Range", "If-Range", "If-Match", "If-None-Match", "If-Modified-Since",
        "If-Unmodified-Since", "Accept-Encoding", "Content-Length", "Content-Type", "Expect",
        "Transfer-Encoding", "Trailer", "Upgrade"}) {
    request.fields.remove(name);
  }
  request.fields.add("Host", request.host);
  if (request.host != page.host) {
    request.alias_of.clear();
    for (const std::string_view name : {"Cookie", "Authorization"}) { request.fields.remove(name); }
  }
  return request;
}

}  // namespace

std::unique_ptr<IncludeReader> start_include(Worker& worker, const IncludingPage& page,
                                             const std::string& reference,
                                             const std::function<void()>& wake) {
  if (reference.empty()) { return nullptr; }
  auto url = http::resolve_reference(reference, page.request.host, page.request.target);
  if (!url) { return nullptr; }
  // The catch-all [origin] takes any host: an include may name only those the operator names.
  const bool served = url->host == page.request.host || page.config.site_for(url->host) != nullptr;
  const std::string key = cache::primary_key(url->host, url->target, page.request.secure);
  const Inclusion& inclusion = *page.inclusion;
  if (!served || inclusion.has(key) || inclusion.depth > page.esi.max_depth ||
      *inclusion.left == 0) {
    return nullptr;
  }
  --*inclusion.left;
  auto include = std::make_shared<Include>();
  include->began = std::chrono::steady_clock::now();
  include->wake = wake;
  include->body = std::make_shared<cache::Body>(cache::Body::Mode::kWindow);
  auto reader = std::make_unique<IncludeReader>(include, wake);
  auto io = std::make_unique<IncludeIo>(worker, include, page.client, page.inclusion,
                                        page.esi.max_octets);
  asio::co_spawn(worker.loop,
                 run_include(worker, include, std::move(io), request_for(page.request, *url)),
                 asio::detached);
  return reader;
}

}  // namespace edge::serve
