// The admin listener: metrics, health, and what operators change who have the token.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "edge/config/config.h"
#include "edge/report/admin.h"
#include "edge/report/exposition.h"

namespace boost::asio {
class io_context;
}

namespace edge::report {

// Whom it asks; all on the loop's thread.
struct AdminSources {
  std::function<Figures()> figures;
  std::function<gslb::fleet::NodeState()> state;
  std::function<void(gslb::fleet::NodeState)> change_state;
  // What the operator is to hear, and false when it was refused.
  std::function<bool(std::string& told)> reload;
  AdminHandler others;  // for what it does not know itself
};

// Loop-confined.  The loop runs no more when this ends.
class AdminListener {
 public:
  AdminListener(boost::asio::io_context& loop, config::ConfigRef config, AdminSources sources);
  ~AdminListener();
  AdminListener(const AdminListener&) = delete;
  AdminListener& operator=(const AdminListener&) = delete;

  // False with `error` set when the address can't be had.
  bool open(std::string* error);
  // Token and limits of later requests; the address stays.
  void renew(config::ConfigRef config);
  // Takes nobody any more.
  void close();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace edge::report
