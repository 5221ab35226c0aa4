#include "edge/origin/swift.h"

#include <algorithm>
#include <chrono>
#include <map>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "edge/origin/keystone.h"

namespace edge::origin {
namespace {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kMaxContainers = 10'000;
// Where Swift does not answer, settings are believed for so much longer.
constexpr std::chrono::seconds kGrace{60};
// Between two times a Swift that does not answer is asked about one container.
constexpr std::chrono::milliseconds kPause{500};
constexpr std::int64_t kDefaultTokenS = 3600;
constexpr std::size_t kMaxTokenAnswer = 4 << 20;  // catalogs of large clouds are long

// Coroutines that wait for one of them to be done.
class Turn {
 public:
  explicit Turn(asio::io_context& loop) : timer_(loop) {
    timer_.expires_at(Clock::time_point::max());
  }
  bool taken() const noexcept { return taken_; }
  void take() noexcept { taken_ = true; }
  void give() {
    taken_ = false;
    timer_.cancel();
  }
  Awaitable<void> wait() {
    boost::system::error_code ignored;
    co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }

 private:
  asio::steady_timer timer_;
  bool taken_ = false;
};

struct Entry {
  explicit Entry(asio::io_context& loop) : turn(loop) {}
  SwiftSession::ContainerRef info;
  Clock::time_point asked;
  Clock::time_point wait_until{};  // Swift did not answer: it is not asked again before
  Turn turn;
};

}  // namespace

struct SwiftSession::State {
  State(asio::io_context& io, const config::Origin& from, Connect to)
      : loop(io), origin(from), connect(std::move(to)), token_turn(io) {}

  // Makes room; what is being asked about stays.
  void forget_old() {
    const auto oldest = Clock::now() - std::chrono::milliseconds(origin.swift->container_ttl_ms);
    std::erase_if(containers, [&](const auto& each) {
      return !each.second->turn.taken() && each.second->asked < oldest;
    });
    while (containers.size() >= kMaxContainers) {
      const auto idle = std::find_if(containers.begin(), containers.end(),
                                     [](const auto& each) { return !each.second->turn.taken(); });
      if (idle == containers.end()) { return; }
      containers.erase(idle);
    }
  }

  asio::io_context& loop;
  const config::Origin& origin;
  Connect connect;
  std::string token;
  Clock::time_point token_until;
  Turn token_turn;
  std::map<SwiftPlace, std::shared_ptr<Entry>> containers;
};

SwiftSession::SwiftSession(asio::io_context& loop, const config::Origin& origin, Connect connect)
    : state_(std::make_unique<State>(loop, origin, std::move(connect))) {}
SwiftSession::~SwiftSession() = default;

const config::Swift& SwiftSession::swift() const noexcept { return *state_->origin.swift; }

Awaitable<bool> SwiftSession::renew_token() {
  if (swift().keystone) { return renew_token_v3(); }
  return renew_token_v1();
}

void SwiftSession::keep_token(const std::string& token, std::int64_t life_s) {
  state_->token = token;
  // A twentieth early, for clocks and for what is on its way.
  const std::int64_t most = 100'000'000;
  state_->token_until = Clock::now() + std::chrono::seconds(std::min(life_s, most)) * 19 / 20;
}

Awaitable<bool> SwiftSession::renew_token_v3() {
  const std::string body = keystone_request(swift());
  http::RequestHead request;
  request.method = "POST";
  request.target = swift().auth_path + "/auth/tokens";
  request.fields.add("Host", swift().auth->authority());
  request.fields.add("Content-Type", "application/json");
  request.fields.add("Content-Length", std::to_string(body.size()));
  const std::unique_ptr<Exchange> exchange = state_->connect(Peer::kAuth);
  const Exchange::Status sent = co_await exchange->send_head(std::move(request), false);
  if (!sent) { co_return false; }
  const Exchange::Status told = co_await exchange->send_body(body);
  if (!told) { co_return false; }
  const auto head = co_await exchange->read_head();
  if (!head || head->status / 100 != 2) { co_return false; }
  const std::string* const token = head->fields.find("X-Subject-Token");
  if (token == nullptr || token->empty()) { co_return false; }
  std::string answer;
  std::string part;
  while (answer.size() < kMaxTokenAnswer) {
    const auto more = co_await exchange->read_body(part);
    if (!more || !*more) { break; }
    answer += part;
  }
  keep_token(*token, keystone_life_s(answer).value_or(kDefaultTokenS));
  co_return true;
}

Awaitable<bool> SwiftSession::renew_token_v1() {
  State& state = *state_;
  http::RequestHead request;
  request.method = "GET";
  request.target = swift().auth_path;
  request.fields.add("Host", swift().auth->authority());
  request.fields.add("X-Auth-User", swift().user);
  request.fields.add("X-Auth-Key", swift().key);
  const std::unique_ptr<Exchange> exchange = state.connect(Peer::kAuth);
  const Exchange::Status sent = co_await exchange->send_head(std::move(request), true);
  if (!sent) { co_return false; }
  const auto head = co_await exchange->read_head();
  if (!head || head->status / 100 != 2) { co_return false; }
  const std::string* token = head->fields.find("X-Auth-Token");
  if (token == nullptr || token->empty()) { co_return false; }
  const auto life =
      http::parse_number(head->fields.joined("X-Auth-Token-Expires")).value_or(kDefaultTokenS);
  keep_token(*token, static_cast<std::int64_t>(std::min<std::uint64_t>(life, 1e8)));
  co_return true;
}

// True once there is a token; one coroutine asks for it, the others wait.
Awaitable<bool> SwiftSession::wait_for_token() {
  State& state = *state_;
  if (!has_account()) { co_return true; }
  while (state.token_turn.taken()) { co_await state.token_turn.wait(); }
  if (!state.token.empty() && Clock::now() < state.token_until) { co_return true; }
  state.token_turn.take();
  state.token.clear();
  const bool renewed = co_await renew_token();
  state.token_turn.give();
  co_return renewed;
}

Awaitable<SwiftSession::Answer> SwiftSession::ask_once(http::RequestHead request) {
  const bool has_token = co_await wait_for_token();
  if (!has_token) { co_return Answer{nullptr, gslb::Unexpected(OriginError::kAuth)}; }
  for (const char* name : {"X-Auth-Token", "X-Storage-Token", "X-Service-Token", "X-Web-Mode"}) {
    request.fields.remove(name);
  }
  request.fields.set("Host", state_->origin.servers.front().url.authority());
  if (has_account()) { request.fields.add("X-Auth-Token", state_->token); }
  std::unique_ptr<Exchange> exchange = state_->connect(Peer::kProxy);
  const Exchange::Status sent = co_await exchange->send_head(std::move(request), true);
  if (!sent) { co_return Answer{nullptr, gslb::Unexpected(sent.error())}; }
  auto head = co_await exchange->read_head();
  // Interim ones are of no use to a site that is made here.
  while (head && head->status < 200) { head = co_await exchange->read_head(); }
  co_return Answer{std::move(exchange), std::move(head)};
}

Awaitable<SwiftSession::Answer> SwiftSession::ask(http::RequestHead request) {
  const std::string before = state_->token;
  Answer answer = co_await ask_once(request);
  const bool refused = answer.head && answer.head->status == 401 && has_account();
  // Nobody else has renewed it meanwhile.
  if (!refused) { co_return answer; }
  if (state_->token == before) { state_->token.clear(); }
  co_return co_await ask_once(std::move(request));
}

Awaitable<SwiftSession::ContainerRef> SwiftSession::container(SwiftPlace place) {
  State& state = *state_;
  const std::chrono::milliseconds ttl(swift().container_ttl_ms);
  auto known = state.containers.find(place);
  if (known == state.containers.end()) {
    if (state.containers.size() >= kMaxContainers) { state.forget_old(); }
    known = state.containers.emplace(place, std::make_shared<Entry>(state.loop)).first;
  }
  const std::shared_ptr<Entry> entry = known->second;
  while (entry->turn.taken()) { co_await entry->turn.wait(); }
  if (entry->info && Clock::now() < entry->asked + ttl) { co_return entry->info; }
  // Who was let in by it and who answers ask one after the other.
  if (Clock::now() < entry->wait_until) { co_return entry->info; }
  entry->turn.take();
  http::RequestHead request;
  request.method = "HEAD";
  request.target = place.path();
  const Answer answer = co_await ask(std::move(request));
  const bool is_known = answer.head && answer.head->status < 500;
  if (is_known) {
    entry->info =
        std::make_shared<SwiftContainer>(swift_container(*answer.head, swift().ttl_field));
    entry->asked = Clock::now();
  } else {
    entry->wait_until = Clock::now() + kPause;
    if (Clock::now() >= entry->asked + ttl + kGrace) { entry->info = nullptr; }
  }
  entry->turn.give();
  co_return entry->info;
}

Awaitable<int> swift_verdict(SwiftSessionRef session, std::string host, std::string referer) {
  const auto place = swift_place(session->swift(), host);
  if (!place) { co_return 404; }
  if (!session->has_account()) { co_return 0; }
  const SwiftSession::ContainerRef container = co_await session->container(*place);
  if (!container) { co_return 502; }
  // Who may not read is not told whether there is anything.
  co_return container->exists() && swift_access(container->read_acl, referer).objects ? 0 : 401;
}

}  // namespace edge::origin
