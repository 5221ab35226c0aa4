#include "edge/origin/rewriting.h"

#include <utility>

#include <boost/asio/awaitable.hpp>

namespace edge::origin {
namespace {

class RewritingExchange final : public Exchange {
 public:
  RewritingExchange(std::unique_ptr<Exchange> inner, std::shared_ptr<const config::Origin> origin)
      : inner_(std::move(inner)), origin_(std::move(origin)) {}

  Awaitable<Status> send_head(http::RequestHead head, bool retriable) override {
    if (head.target != "*") { head.target.insert(0, origin_->path); }
    apply(origin_->request_fields, head.fields);
    return inner_->send_head(std::move(head), retriable);
  }
  Awaitable<Status> send_body(std::string_view octets) override {
    return inner_->send_body(octets);
  }
  Awaitable<gslb::Result<http::ResponseHead, OriginError>> read_head() override {
    auto head = co_await inner_->read_head();
    if (!head || head->status < 200) { co_return head; }
    // A 304 replaces the fields it has (RFC 9111 3.2): what is added beside others would push
    // them out.
    if (head->status == 304) {
      config::FieldRules rules = origin_->response_fields;
      rules.added.clear();
      apply(rules, head->fields);
    } else {
      apply(origin_->response_fields, head->fields);
    }
    co_return head;
  }
  Awaitable<gslb::Result<bool, OriginError>> read_body(std::string& out) override {
    return inner_->read_body(out);
  }
  std::uint64_t octets_read() const override { return inner_->octets_read(); }

 private:
  const std::unique_ptr<Exchange> inner_;
  const std::shared_ptr<const config::Origin> origin_;
};

}  // namespace

void apply(const config::FieldRules& rules, http::Fields& fields) {
  for (const std::string& name : rules.remove) { fields.remove(name); }
  for (const auto& [name, value] : rules.set) { fields.set(name, value); }
  for (const auto& [name, value] : rules.added) { fields.add(name, value); }
}

std::unique_ptr<Exchange> rewriting_exchange(std::unique_ptr<Exchange> inner,
                                             std::shared_ptr<const config::Origin> origin) {
  return std::make_unique<RewritingExchange>(std::move(inner), std::move(origin));
}

bool has_rules(const config::Origin& origin) {
  return !origin.path.empty() || !origin.request_fields.empty() || !origin.response_fields.empty();
}

}  // namespace edge::origin
