// What a connection tells of the network to its client.
#pragma once

#include <cstdint>

#include "edge/report/rtt.h"

namespace edge::serve {

// Worker-confined.
class PathWatch {
 public:
  explicit PathWatch(report::RttCollector& collector) : collector_(collector) {}

  // An answer with this status is about to be sent.
  void note_answer(int status);
  // It did not arrive.  An answer fails once, whatever goes wrong with it.
  void note_failure();
  // After octets were written; the first time counts.
  void note_sent(int socket, const gslb::Address& client);
  // At the end of the connection, while the socket is open.
  void report(int socket, const gslb::Address& client);

 private:
  report::RttCollector& collector_;
  std::uint32_t answers_ = 0;
  std::uint32_t failures_ = 0;  // of them
  bool last_failed_ = false;    // the last of them
  bool sampled_ = false;
};

}  // namespace edge::serve
