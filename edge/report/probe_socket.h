// One probe on its way: a socket that has sent a packet and waits for what comes back.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "gslb/base/clock.h"
#include "gslb/base/ip.h"
#include "gslb/fleet/report.h"

namespace edge::report {

// Thread-compatible.  Owns its socket.
class ProbeSocket {
 public:
  // Sends, from the one of `sources` that is of the target's family, else from what the system
  // chooses.  `cookie` is random: an answer without it isn't ours.  It may be done at once.
  ProbeSocket(const gslb::fleet::Probe& probe, const std::vector<gslb::Address>& sources,
              std::uint64_t cookie, gslb::MonoTime now);
  ~ProbeSocket();
  ProbeSocket(const ProbeSocket&) = delete;
  ProbeSocket& operator=(const ProbeSocket&) = delete;

  int fd() const noexcept { return fd_; }
  short events() const noexcept;  // of poll(2)
  bool is_done() const noexcept { return result_.has_value(); }
  const gslb::fleet::ProbeResult& result() const { return *result_; }  // REQUIRES: is_done()

  // The socket is ready.  What isn't an answer to the probe changes nothing.
  void on_ready(gslb::MonoTime now);
  void give_up() { fail(gslb::fleet::ProbeFailure::kTimeout); }

 private:
  void open();
  bool bind_to(const std::vector<gslb::Address>& sources);
  void connect_and_send(gslb::MonoTime now);
  void receive(gslb::MonoTime now);
  bool is_answer(const std::uint8_t* octets, std::size_t size) const;
  void fail(gslb::fleet::ProbeFailure failure);
  void finish(gslb::MonoTime now);
  void take_error(int error, gslb::MonoTime now);

  const gslb::fleet::Probe probe_;
  const std::uint64_t cookie_;
  int fd_ = -1;
  bool is_raw_ = false;
  gslb::MonoTime sent_{};
  std::optional<gslb::fleet::ProbeResult> result_;
};

}  // namespace edge::report
