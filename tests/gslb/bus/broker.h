// A real nats-server on a loopback port, for one test.
#pragma once

#include <string>

#include <sys/types.h>

#include "tests/support/folder.h"

namespace tests {

// Started by start(), ended with the object.  Thread-compatible.
class Broker {
 public:
  // `more`: of its configuration.
  explicit Broker(std::string more = "");
  ~Broker();
  Broker(const Broker&) = delete;
  Broker& operator=(const Broker&) = delete;

  static bool is_installed();
  void configure(std::string more) { more_ = std::move(more); }  // from the next start() on
  void start();   // answers when it returns; on the same port each time
  void kill();    // as kill -9; what it had in memory is gone
  void forget();  // what it had on disk
  void pause();   // until resume()
  void resume();
  const Folder& folder() const noexcept { return folder_; }
  std::string url() const;

 private:
  void signal(int which) const;

  Folder folder_;
  std::string more_;
  int port_;
  pid_t pid_ = -1;
};

}  // namespace tests
