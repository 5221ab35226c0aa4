#include "gslb/control/order_book.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include "gslb/base/entropy.h"
#include "gslb/base/file.h"
#include "gslb/base/log.h"

namespace gslb::control {
namespace {

constexpr std::size_t kMostFileOctets = 64 << 20;
constexpr std::string_view kHead = "proxima-orders 1 ";
// Nodes of clusters that are configured no more are forgotten when there are so many.
constexpr std::size_t kMostNodes = 65'536;
// An edge's clock may differ by so much (the largest skew heartbeats are usually allowed, twice).
constexpr std::uint64_t kClockSkewMs = 60'000;

std::optional<std::string_view> next_line(std::string_view& rest) {
  const std::size_t end = rest.find('\n');
  if (end == std::string_view::npos) { return std::nullopt; }  // torn, so never acknowledged
  const std::string_view line = rest.substr(0, end);
  rest.remove_prefix(end + 1);
  return line;
}

std::string head_line(std::uint64_t journal, std::uint64_t first) {
  return std::string(kHead) + std::to_string(journal) + ' ' + std::to_string(first) + '\n';
}

std::uint64_t new_journal() {
  return std::max<std::uint64_t>(1, random_seed() & fleet::kMaxReportInteger);
}

bool read_head(std::string_view line, std::uint64_t& journal, std::uint64_t& first) {
  if (!line.starts_with(kHead)) { return false; }
  line.remove_prefix(kHead.size());
  const char* const end = line.data() + line.size();
  const auto one = std::from_chars(line.data(), end, journal);
  if (one.ec != std::errc() || one.ptr == end || *one.ptr != ' ') { return false; }
  const auto two = std::from_chars(one.ptr + 1, end, first);
  return two.ec == std::errc() && two.ptr == end && journal >= 1 &&
         journal <= fleet::kMaxReportInteger && first >= 1 && first <= fleet::kMaxReportInteger;
}

}  // namespace

OrderBook::OrderBook(const std::string& folder, Limits limits)
    : file_(folder.empty() ? "" : folder + "/orders"), limits_(limits), journal_(new_journal()) {
  if (file_.empty()) { return; }
  make_folder(folder);  // what is wrong with it shows when the file is written
  if (!read()) {
    // Numbers that were given may be lost, so this is another journal: nodes that know the one
    // before are told to trust nothing.
    journal_ = new_journal();
    first_ = 1;
    last_ = 0;
    octets_ = 0;
    orders_.clear();
  }
  rewrite();
}

OrderBook::~OrderBook() {
  if (descriptor_ >= 0) { ::close(descriptor_); }
}

bool OrderBook::read() {
  const auto text = read_file(file_, kMostFileOctets);
  if (!text) { return false; }
  std::string_view rest = *text;
  const auto head = next_line(rest);
  if (!head || !read_head(*head, journal_, first_)) {
    log_warning("orders", "the journal is damaged, a new one begins", {{"file", file_}});
    return false;
  }
  last_ = first_ - 1;
  while (const auto line = next_line(rest)) {
    auto order = fleet::parse_order_line(*line);
    if (!order || order->id != last_ + 1) {
      log_warning("orders", "the journal is damaged, a new one begins", {{"file", file_}});
      return false;
    }
    ++last_;
    octets_ += order->value.size();
    orders_.push_back(*std::move(order));
  }
  return true;
}

bool OrderBook::rewrite() {
  std::string text = head_line(journal_, first_);
  for (const fleet::Order& order : orders_) { text += fleet::write_order_line(order); }
  if (descriptor_ >= 0) { ::close(descriptor_); }
  descriptor_ = -1;
  if (write_file_atomically(file_, text, 0600)) {
    descriptor_ = ::open(file_.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
  }
  if (descriptor_ < 0) {
    log_error("orders", "the journal can't be written",
              {{"file", file_}, {"why", std::generic_category().message(errno)}});
  }
  return descriptor_ >= 0;
}

bool OrderBook::append(const std::string& lines) {
  if (file_.empty()) { return true; }
  if (descriptor_ < 0 && !rewrite()) { return false; }
  const ssize_t written = ::write(descriptor_, lines.data(), lines.size());
  if (written == static_cast<ssize_t>(lines.size())) { return true; }
  // What of it was written must not stand in the way of what follows.
  rewrite();
  return false;
}

std::optional<std::uint64_t> OrderBook::add(std::vector<fleet::Order> orders, WallTime now) {
  const auto at = std::chrono::duration_cast<milliseconds>(now.time_since_epoch()).count();
  std::string lines;
  std::uint64_t id = last_;
  for (fleet::Order& order : orders) {
    order.id = ++id;
    order.at_ms = static_cast<std::uint64_t>(std::max<std::int64_t>(0, at));
    lines += fleet::write_order_line(order);
  }
  if (!append(lines)) { return std::nullopt; }
  last_ = id;
  for (fleet::Order& order : orders) {
    octets_ += order.value.size();
    orders_.push_back(std::move(order));
  }
  cut();
  return last_;
}

// A quarter at a time, so that the file is written anew seldom.
void OrderBook::cut() {
  if (orders_.size() <= limits_.orders && octets_ <= limits_.octets) { return; }
  while (orders_.size() > limits_.orders / 4 * 3 || octets_ > limits_.octets / 4 * 3) {
    octets_ -= orders_.front().value.size();
    orders_.pop_front();
    ++first_;
  }
  if (!file_.empty()) { rewrite(); }
}

fleet::OrderPage OrderBook::page_after(std::uint64_t seen) const {
  fleet::OrderPage page{journal_, seen, {}};
  std::size_t octets = 0;
  for (auto at = orders_.begin() + static_cast<std::ptrdiff_t>(seen + 1 - first_);
       at != orders_.end() && page.orders.size() < fleet::kMaxOrderPage; ++at) {
    // Quotes and backslashes take two; the rest is names and numbers.
    octets += 2 * at->value.size() + 80;
    if (octets > fleet::kMaxOrderPageOctets && !page.orders.empty()) { break; }
    page.orders.push_back(*at);
    page.seen = at->id;
  }
  return page;
}

std::optional<fleet::OrderPage> OrderBook::hear(const fleet::Report& report, WallTime now) {
  if (!report.orders) { return std::nullopt; }
  const fleet::OrdersSeen& seen = *report.orders;
  const bool knows = seen.journal == journal_ && seen.seen <= last_;
  if (nodes_.size() >= kMostNodes) { nodes_.clear(); }
  NodeSeen& node = nodes_[{report.cluster, report.node}];
  node = {report.cluster, report.node, knows ? seen.seen : 0, now,
          milliseconds(report.interval_ms)};
  if (knows && seen.seen == last_) { return std::nullopt; }
  if (knows && seen.seen + 1 >= first_) { return page_after(seen.seen); }
  // It has to begin anew: from when its store was empty, or from the first order, if it follows no
  // other journal that knew more than this one does.
  const bool was_empty = seen.empty_ms > 0;
  const std::uint64_t from = was_empty ? last_before(seen.empty_ms) : 0;
  const bool complete = from + 1 >= first_ && (was_empty || seen.journal == 0 || file_.empty());
  if (complete) { return page_after(from); }
  return fleet::OrderPage{journal_, last_, {{last_, fleet::OrderKind::kAll, true, "", 0}}};
}

std::uint64_t OrderBook::last_before(std::uint64_t wall_ms) const {
  const auto later = std::find_if(orders_.begin(), orders_.end(), [&](const fleet::Order& order) {
    return order.at_ms + kClockSkewMs >= wall_ms;
  });
  if (later == orders_.end()) { return last_; }
  // Were the oldest that is kept later, those that are not may be, too.
  return later == orders_.begin() ? 0 : later->id - 1;
}

OrderBook::Status OrderBook::status() const {
  Status status{journal_, first_, last_, octets_, {}};
  for (const auto& [id, node] : nodes_) { status.nodes.push_back(node); }
  return status;
}

}  // namespace gslb::control
