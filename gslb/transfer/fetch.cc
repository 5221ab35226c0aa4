#include "gslb/transfer/fetch.h"

#include <array>
#include <chrono>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <openssl/ssl.h>

#include "gslb/base/entropy.h"
#include "gslb/transfer/apply.h"
#include "gslb/transfer/primary_query.h"

namespace gslb::transfer {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using asio::ip::udp;
using boost::system::error_code;
using Buffer = std::vector<std::uint8_t>;

constexpr auto kResult = asio::as_tuple(asio::use_awaitable);
constexpr int kProbeTries = 3;
constexpr std::size_t kMaxUdpOctets = 4096;

std::uint16_t random_id() { return load_u16(random_octets<2>().data()); }

template <typename Protocol>
typename Protocol::endpoint to_asio(const Endpoint& from) {
  return {asio::ip::make_address(from.address.to_string()), from.port};
}

Fetched failure(FetchResult result, std::string error) {
  Fetched fetched;
  fetched.result = result;
  fetched.error = std::move(error);
  return fetched;
}

Record soa_record(const zone::Zone& zone) {
  const auto set = zone.rrset(zone::Zone::kApexNode, dns::RrType::kSoa);
  const Octets rdata = dns::RdataCursor(*set).rdata();
  return {zone.apex(), dns::RrType::kSoa, set->ttl_s, {rdata.begin(), rdata.end()}};
}

// Aborts what a socket waits for when a step takes too long.  Its handlers share only `state_`, so
// one that is queued when the step ends finds nothing to abort.
template <typename Socket>
class Deadline {
 public:
  Deadline(asio::io_context& io, Socket& socket, milliseconds all)
      : timer_(io), end_(std::chrono::steady_clock::now() + all) {
    state_->socket = &socket;
  }
  ~Deadline() { state_->socket = nullptr; }
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;

  void step(milliseconds limit) {
    timer_.expires_at(std::min(std::chrono::steady_clock::now() + limit, end_));
    timer_.async_wait([state = state_](const error_code& error) {
      if (error || state->socket == nullptr) return;
      state->passed = true;
      error_code ignored;
      state->socket->close(ignored);
    });
  }
  bool passed() const noexcept { return state_->passed; }
  // What an error of the socket means.
  Fetched failure_of(const error_code& error, const char* what) const {
    if (passed()) { return failure(FetchResult::kTimeout, std::string(what) + ": timed out"); }
    return failure(FetchResult::kNetwork, std::string(what) + ": " + error.message());
  }

 private:
  struct State {
    Socket* socket = nullptr;
    bool passed = false;
  };
  std::shared_ptr<State> state_ = std::make_shared<State>();
  asio::steady_timer timer_;
  const MonoTime end_;
};

template <typename Socket>
error_code open_socket(Socket& socket, const Primary& primary) {
  using Protocol = typename Socket::protocol_type;
  error_code error;
  socket.open(to_asio<Protocol>(primary.address).protocol(), error);
  if (!error && primary.source) { socket.bind(to_asio<Protocol>({*primary.source, 0}), error); }
  return error;
}

// A query with its signature, and what checks the answers.
struct SignedQuery {
  SignedQuery(const FetchRequest& request, const PrimaryQuery& query)
      : message(write_query(query)) {
    const auto& key = request.primary->key;
    if (!key) return;
    TsigSigner signer(*key);
    const std::size_t size = message.size();
    message.resize(size + signer.room());
    message.resize(signer.sign(message, size, std::chrono::system_clock::now()));
    verifier.emplace(*key, signer.mac());
  }
  // The answer's size without its signature, or what is wrong with that.
  Result<std::size_t, TsigFault> check(MutableOctets answer) {
    if (!verifier) return answer.size();
    return verifier->check(answer, std::chrono::system_clock::now());
  }
  bool is_settled() const { return !verifier || verifier->is_settled(); }

  Buffer message;
  std::optional<TsigVerifier> verifier;
};

Fetched signature_failure(TsigFault fault, Octets answer) {
  std::string text = "TSIG: " + std::string(to_string(fault));
  // An unsigned refusal is what a primary sends that does not know the key.
  if (answer.size() >= 4 && (answer[3] & 0xfU) != 0) {
    text += ", the primary answered " + dns::to_string(static_cast<dns::Rcode>(answer[3] & 0xfU));
  }
  return failure(FetchResult::kSignature, std::move(text));
}

Fetched probe_result(const Result<SoaAnswer, SoaAnswerError>& answer, Octets message) {
  if (answer) {
    Fetched fetched;
    fetched.result = FetchResult::kSerial;
    fetched.serial = answer->soa.serial;
    fetched.expire = answer->expire;
    return fetched;
  }
  if (answer.error() == SoaAnswerError::kRcode) {
    return failure(FetchResult::kRefused,
                   "SOA query: " + dns::to_string(static_cast<dns::Rcode>(message[3] & 0xfU)));
  }
  return failure(FetchResult::kMalformed, "SOA query: " + std::string(describe(answer.error())));
}

template <typename Stream>
asio::awaitable<error_code> send_framed(Stream& stream, const Buffer& message) {
  std::array<std::uint8_t, 2> size{};
  store_u16(size.data(), static_cast<std::uint16_t>(message.size()));
  const std::array<asio::const_buffer, 2> parts{asio::buffer(size), asio::buffer(message)};
  auto [error, count] = co_await asio::async_write(stream, parts, kResult);
  co_return error;
}

// Replaces `message` by the next one of the stream.
template <typename Stream>
asio::awaitable<error_code> receive_framed(Stream& stream, Buffer& message) {
  std::array<std::uint8_t, 2> size{};
  auto [error, count] = co_await asio::async_read(stream, asio::buffer(size), kResult);
  if (error) co_return error;
  message.resize(load_u16(size.data()));
  auto [body_error, body_count] = co_await asio::async_read(stream, asio::buffer(message), kResult);
  co_return body_error;
}

// After the last message: the version it leads to.
Fetched finish_transfer(const FetchRequest& request, TransferReader& reader) {
  Fetched fetched;
  fetched.expire = reader.expire();
  if (reader.state() == TransferReader::State::kUpToDate) {
    fetched.result = FetchResult::kSerial;
    fetched.serial = reader.serial();
    return fetched;
  }
  fetched.result = FetchResult::kZone;
  if (reader.state() == TransferReader::State::kWhole) {
    fetched.zone = reader.build();
    return fetched;
  }
  auto next = apply_differences(*request.current, reader.differences());
  if (!next) {
    fetched = failure(FetchResult::kMalformed, "IXFR: " + std::string(describe(next.error())));
    fetched.is_worth_whole = true;
    return fetched;
  }
  fetched.zone = std::move(*next);
  fetched.by_differences = true;
  return fetched;
}

Fetched transfer_failure(const FetchRequest& request, const TransferReader& reader,
                         TransferError error) {
  const bool incremental = request.kind == Refresh::Kind::kIncremental;
  std::string text = incremental ? "IXFR: " : "AXFR: ";
  Fetched fetched = failure(FetchResult::kMalformed, {});
  fetched.is_worth_whole = incremental;
  if (error == TransferError::kRcode) {
    const auto rcode = static_cast<dns::Rcode>(reader.rcode());
    fetched.result = FetchResult::kRefused;
    text += dns::to_string(rcode);
    // A primary without IXFR says one of these; any other answer holds for AXFR too.
    fetched.is_worth_whole =
        incremental && (rcode == dns::Rcode::kFormErr || rcode == dns::Rcode::kNotImp ||
                        rcode == dns::Rcode::kServFail);
  } else {
    text += describe(error);
  }
  fetched.error = std::move(text);
  return fetched;
}

// Over a connection that stands.
template <typename Stream, typename Guard>
asio::awaitable<Fetched> transfer(Stream& stream, Guard& guard, const FetchRequest& request) {
  const bool incremental = request.kind == Refresh::Kind::kIncremental;
  const std::uint16_t id = random_id();
  const Record soa = incremental ? soa_record(*request.current) : Record{};
  SignedQuery query(request, {.apex = request.apex,
                              .id = id,
                              .type = incremental ? dns::RrType::kIxfr : dns::RrType::kAxfr,
                              .soa = &soa,
                              .with_edns = true});
  TransferReader reader({.apex = request.apex,
                         .id = id,
                         .incremental = incremental,
                         .serial = read_soa_numbers(soa.rdata).serial,
                         .limits = request.limits});
  guard.step(request.step);
  error_code error = co_await send_framed(stream, query.message);
  if (error) co_return guard.failure_of(error, "sending the query");
  Buffer message;
  std::uint64_t octets = 0;
  while (reader.state() == TransferReader::State::kMore) {
    guard.step(request.step);
    error = co_await receive_framed(stream, message);
    if (error) {
      Fetched fetched = guard.failure_of(error, "receiving the zone");
      // Some primaries without IXFR just hang up.
      fetched.is_worth_whole = incremental && !guard.passed();
      co_return fetched;
    }
    octets += message.size();
    const auto size = query.check(message);
    if (!size) co_return signature_failure(size.error(), message);
    const auto taken = reader.take(Octets(message).first(*size));
    if (!taken) co_return transfer_failure(request, reader, taken.error());
  }
  // RFC 8945 5.3.1: the last message must be signed.
  if (!query.is_settled()) co_return signature_failure(TsigFault::kMissing, {});
  Fetched fetched = finish_transfer(request, reader);
  fetched.octets = octets;
  co_return fetched;
}

// The serial asked for over TCP, where UDP was truncated.
template <typename Stream, typename Guard>
asio::awaitable<Fetched> probe_stream(Stream& stream, Guard& guard, const FetchRequest& request) {
  const std::uint16_t id = random_id();
  SignedQuery query(request, {.apex = request.apex, .id = id, .with_edns = true});
  guard.step(request.step);
  error_code error = co_await send_framed(stream, query.message);
  Buffer message;
  if (!error) error = co_await receive_framed(stream, message);
  if (error) co_return guard.failure_of(error, "SOA query over TCP");
  const auto size = query.check(message);
  if (!size) co_return signature_failure(size.error(), message);
  co_return probe_result(read_soa_answer(Octets(message).first(*size), id, request.apex), message);
}

asio::awaitable<Fetched> over_tcp(asio::io_context& io, const FetchRequest& request) {
  tcp::socket socket(io);
  Deadline guard(io, socket, request.all);
  error_code error = open_socket(socket, *request.primary);
  if (error) co_return guard.failure_of(error, "opening a socket");
  guard.step(request.step);
  const auto to = to_asio<tcp>(request.primary->address);
  std::tie(error) = co_await socket.async_connect(to, kResult);
  if (error) co_return guard.failure_of(error, "connecting");
  if (request.kind == Refresh::Kind::kProbe) {
    Fetched probed = co_await probe_stream(socket, guard, request);
    co_return probed;
  }
  Fetched fetched = co_await transfer(socket, guard, request);
  co_return fetched;
}

asio::awaitable<Fetched> over_tls(asio::io_context& io, const FetchRequest& request) {
  const TlsClient& tls = *request.primary->tls;
  asio::ssl::stream<tcp::socket> stream(io, tls.context());
  Deadline guard(io, stream.next_layer(), request.all);
  error_code error = open_socket(stream.next_layer(), *request.primary);
  if (error) co_return guard.failure_of(error, "opening a socket");
  guard.step(request.step);
  const auto to = to_asio<tcp>(request.primary->address);
  std::tie(error) = co_await stream.next_layer().async_connect(to, kResult);
  if (error) co_return guard.failure_of(error, "connecting");
  if (!tls.prepare(stream.native_handle())) {
    co_return failure(FetchResult::kTls, "tls_name can't be used");
  }
  std::tie(error) = co_await stream.async_handshake(asio::ssl::stream_base::client, kResult);
  if (error) {
    if (guard.passed()) co_return guard.failure_of(error, "TLS handshake");
    const long verified = SSL_get_verify_result(stream.native_handle());
    std::string text =
        verified == X509_V_OK ? error.message() : X509_verify_cert_error_string(verified);
    co_return failure(FetchResult::kTls, "TLS handshake: " + text);
  }
  if (std::string wrong = tls.verify(stream.native_handle()); !wrong.empty()) {
    co_return failure(FetchResult::kTls, std::move(wrong));
  }
  Fetched fetched = co_await transfer(stream, guard, request);
  co_return fetched;
}

// One try over UDP: nullopt when nothing came.
asio::awaitable<std::optional<Fetched>> probe_once(asio::io_context& io,
                                                   const FetchRequest& request, bool with_edns) {
  udp::socket socket(io);
  Deadline guard(io, socket, request.step / kProbeTries);
  error_code error = open_socket(socket, *request.primary);
  if (!error) socket.connect(to_asio<udp>(request.primary->address), error);
  if (error) co_return guard.failure_of(error, "SOA query");
  const std::uint16_t id = random_id();
  SignedQuery query(request, {.apex = request.apex, .id = id, .with_edns = with_edns});
  guard.step(request.step);
  Buffer message;
  std::size_t count = 0;
  std::tie(error, count) = co_await socket.async_send(asio::buffer(query.message), kResult);
  while (!error) {
    message.resize(kMaxUdpOctets);
    std::tie(error, count) = co_await socket.async_receive(asio::buffer(message), kResult);
    if (error) break;
    message.resize(count);
    // What isn't our answer may be forged: the real one may still come.
    auto answer = read_soa_answer(message, id, request.apex);
    if (!answer && answer.error() == SoaAnswerError::kForeign) continue;
    const auto size = query.check(message);
    if (!size) co_return signature_failure(size.error(), message);
    answer = read_soa_answer(Octets(message).first(*size), id, request.apex);
    if (!answer && answer.error() == SoaAnswerError::kTruncated) {
      Fetched over_stream = co_await over_tcp(io, request);
      co_return over_stream;
    }
    co_return probe_result(answer, message);
  }
  if (guard.passed()) co_return std::nullopt;
  co_return guard.failure_of(error, "SOA query");
}

asio::awaitable<Fetched> probe(asio::io_context& io, const FetchRequest& request) {
  std::optional<Fetched> fetched;
  for (int attempt = 1; attempt <= kProbeTries; ++attempt) {
    // The last one without EDNS, for what sits between and drops it.
    fetched = co_await probe_once(io, request, attempt < kProbeTries);
    if (fetched) co_return std::move(*fetched);
  }
  co_return failure(FetchResult::kTimeout, "SOA query: timed out");
}

}  // namespace

std::string_view to_string(FetchResult result) noexcept {
  constexpr std::array<std::string_view, kFetchResults> kNames{
      "serial", "zone", "network", "timeout", "tls", "refused", "signature", "malformed"};
  return kNames[static_cast<std::size_t>(result)];
}

void fetch(asio::io_context& io, FetchRequest request, std::function<void(Fetched)> done) {
  const auto run = [](asio::io_context& on, FetchRequest what) -> asio::awaitable<Fetched> {
    Fetched fetched;
    if (what.primary->tls) {
      fetched = co_await over_tls(on, what);
    } else if (what.kind == Refresh::Kind::kProbe) {
      fetched = co_await probe(on, what);
    } else {
      fetched = co_await over_tcp(on, what);
    }
    co_return fetched;
  };
  asio::co_spawn(io, run(io, std::move(request)),
                 [done = std::move(done)](const std::exception_ptr& thrown, Fetched fetched) {
                   // Out of memory, most likely: a zone too big for this machine.
                   if (thrown) fetched = failure(FetchResult::kMalformed, "out of memory");
                   done(std::move(fetched));
                 });
}

}  // namespace gslb::transfer
