// The floor of TCP: what a server spends on connections before it does anything useful.
#pragma once

#include <csignal>
#include <cstddef>
#include <cstdint>

namespace bench {

// Answers every framed message on connections to 127.0.0.1 by setting QR and giving it
// `answer_octets` (0: as many as it has), until `*stop`.  One read and one write for all that has
// arrived on a connection, epoll in between.  Returns false, with errno set, when it can't listen.
bool echo_over_tcp(std::uint16_t port, std::size_t answer_octets,
                   const volatile std::sig_atomic_t* stop);

}  // namespace bench
