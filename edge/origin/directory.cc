#include "edge/origin/directory.h"

#include <chrono>
#include <utility>

#include "edge/origin/checker.h"

namespace edge::origin {

Directory::Directory(const std::atomic<bool>& halted)
    : halted_(halted), addresses_(resolver_, halted), checker_(std::make_unique<Checker>(*this)) {}

Directory::~Directory() { stop(); }

void Directory::renew(const config::Config& config) {
  resolver_.renew(config.resolver);
  addresses_.renew(config.resolver);
  std::map<std::string, std::shared_ptr<Backends>> next;
  std::vector<std::shared_ptr<Backends>> fresh;
  const std::lock_guard lock(mutex_);
  const auto add = [&](const config::Origin& origin) {
    const auto known = origins_.find(origin.name);
    if (known != origins_.end() && known->second->origin() == origin) {
      next[origin.name] = known->second;
      return;
    }
    next[origin.name] = std::make_shared<Backends>(origin);
    fresh.push_back(next[origin.name]);
  };
  for (const config::Origin* origin : config.origins()) { add(*origin); }
  for (const auto& [name, backends] : origins_) {
    const auto kept = next.find(name);
    if (kept == next.end() || kept->second != backends) { backends->retire(); }
  }
  origins_ = std::move(next);
  for (const auto& backends : fresh) { checker_->add(backends); }
}

std::shared_ptr<Backends> Directory::of(const config::Origin& origin) {
  const std::lock_guard lock(mutex_);
  const auto known = origins_.find(origin.name);
  if (known != origins_.end() && known->second->origin() == origin) { return known->second; }
  return std::make_shared<Backends>(origin);
}

std::vector<OriginFigures> Directory::figures() const {
  const auto now = std::chrono::steady_clock::now();
  std::vector<OriginFigures> figures;
  const std::lock_guard lock(mutex_);
  for (const auto& [name, backends] : origins_) { figures.push_back(backends->figures(now)); }
  return figures;
}

void Directory::stop() {
  checker_->stop();
  resolver_.stop();
}

}  // namespace edge::origin
