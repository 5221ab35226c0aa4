#include "gslb/monitor/attempt.h"

#include <algorithm>
#include <array>
#include <cerrno>

#include <boost/system/error_code.hpp>

namespace gslb::monitor {

Finding failed(const Attempt& attempt, const boost::system::error_code& error) {
  constexpr std::array kOwn = {EMFILE,        ENFILE,       ENOBUFS, ENOMEM,
                               EADDRNOTAVAIL, EAFNOSUPPORT, EPERM,   EACCES};
  const bool is_own = error.category() == boost::system::system_category() &&
                      std::find(kOwn.begin(), kOwn.end(), error.value()) != kOwn.end();
  std::string reason = attempt.step;
  if (!reason.empty()) { reason += ": "; }
  reason += error.message();
  return {is_own ? fleet::Outcome::kUnasked : fleet::Outcome::kBad, std::move(reason)};
}

std::function<void(std::exception_ptr, Finding)> finisher(const std::shared_ptr<Attempt>& attempt) {
  return [attempt](const std::exception_ptr& exception, Finding finding) {
    if (exception) { finding = {fleet::Outcome::kUnasked, "unexpected failure"}; }
    attempt->done(std::move(finding));
  };
}

}  // namespace gslb::monitor
