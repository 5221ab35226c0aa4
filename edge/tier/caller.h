// How an edge shows another that it is one, and what it says about the request it passes on.
//
// Source: RFC 2104 (HMAC) by gslb/fleet/report.h; RFC 9111 4 (collapsed requests) for why `level`.
//
// One field, Proxima-Edge: "v1;<ms since 1970>;<name>;<level>;<http|https>;<HMAC-SHA-256>".  The
// signature covers method, host, target and X-Forwarded-For too: what was seen on the wire is good
// for the same request for a minute, and for nothing else.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "edge/http/message.h"
#include "gslb/base/clock.h"
#include "gslb/base/result.h"

namespace edge::tier {

inline constexpr std::string_view kEdgeField = "Proxima-Edge";
// Asked of another edge it says whether that one wants requests: 200, or 503.
inline constexpr std::string_view kProbePath = "/.well-known/proxima-edge";
// How far the clocks of two edges may differ, and how old a request may be.
inline constexpr gslb::milliseconds kMaxSkew{60'000};

// How far up a request is.  Whoever waits for a fetch of another edge does so at a lower level than
// that fetch, so edges never wait for each other in a circle, whatever their configurations say.
using Level = std::uint8_t;
inline constexpr Level kLevelsOfTier = 4;
inline constexpr Level kSideways = 0;    // may ask siblings
inline constexpr Level kAside = 1;       // may ask who may have it or fetch it already
inline constexpr Level kUp = 2;          // may ask parents, and the origin
inline constexpr Level kOrder = 254;     // no client's request: an order of that edge itself
inline constexpr Level kTerminal = 255;  // of a fetch that waits for no other edge

struct Caller {
  std::string name;
  Level level = 0;
  bool secure = false;  // the client came by https

  bool orders() const noexcept { return level == kOrder; }
  // It wants what is here, or on its way here, and nothing that would have to be fetched.
  bool wants_held_only() const noexcept { return level % kLevelsOfTier == kUp; }
};

// The value of the field for `head`, which has X-Forwarded-For already.
std::string sign_caller(std::string_view key, const Caller& caller, const http::RequestHead& head,
                        gslb::WallTime now);

enum class CallerError : std::uint8_t { kMalformed, kSkew, kMismatch };
// REQUIRES: the request has the field.
gslb::Result<Caller, CallerError> verify_caller(std::string_view key, const http::RequestHead& head,
                                                gslb::WallTime now);

}  // namespace edge::tier
