// What is decided of a request before the cache sees it: load, the operator's rules, bounds.
#pragma once

#include <optional>

#include "edge/rules/admission.h"
#include "edge/rules/book.h"
#include "edge/serve/request_scope.h"

namespace edge::serve {

struct Admitted {
  std::optional<rules::Resource> exhausted;  // nothing of this kind is left
  rules::Verdict verdict;
  bool too_large = false;  // its body
  bool passes = false;     // it is not for the cache

  bool is_refused() const noexcept {
    using Kind = rules::Verdict::Kind;
    return exhausted || too_large || verdict.kind == Kind::kDeny || verdict.kind == Kind::kRedirect;
  }
};
// Counts the request.  The answer is throttled where a rule says so.
Admitted admit(RequestScope& scope, const config::Origin& origin);
// Answers what was refused.  True: it was sent whole.
Awaitable<bool> answer_refused(RequestScope& scope, const Admitted& admitted);
// Answers what there is no room for: a redirect to where there is, or 503 and when to come again.
Awaitable<bool> shed(RequestScope& scope);

// What the node takes on at most: [report.capacity] and [limits].
rules::Admission::Bounds bounds_of(const config::Config& config);
// Open connections at most.
std::int64_t most_connections(const config::Config& config);

}  // namespace edge::serve
