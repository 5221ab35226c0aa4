// One line for each request, to a file or standard output.
//
// Source: the combined log format of NCSA and Apache httpd; RFC 8259 for the other one.
//
// A worker appends to a buffer of its own and never waits for a disk: a thread of its own takes
// the buffers and writes.  What does not fit into a buffer while the disk is slow is dropped and
// counted.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "edge/config/config.h"
#include "edge/http/message.h"
#include "gslb/base/clock.h"

namespace edge::serve {

struct AccessEntry {
  const http::RequestHead* request = nullptr;
  std::string_view client;
  std::string_view request_id;
  std::string_view cache;  // hit, miss …
  int status = 0;
  std::uint64_t body_octets = 0;
  bool whole = false;               // the answer was sent to its end
  std::int64_t first_octet_us = 0;  // from the whole head to the answer's first octet
  std::int64_t total_us = 0;
  std::int64_t upstream_us = -1;  // until an origin's head; -1: none was asked
  gslb::WallTime at;
};
// With a line feed.
void append_combined(std::string& line, const AccessEntry& entry);
void append_json(std::string& line, const AccessEntry& entry);

// Thread-safe.
class AccessLog {
 public:
  struct Figures {
    std::uint64_t lines = 0;    // taken into a buffer
    std::uint64_t dropped = 0;  // no room, or the file could not be written
  };

  // Opens the file; null with `error` set when that can't be done.  "": no log, null without.
  static std::shared_ptr<AccessLog> open(const config::AccessLog& config, std::string* error);
  // Writes what is left.
  ~AccessLog();
  AccessLog(const AccessLog&) = delete;
  AccessLog& operator=(const AccessLog&) = delete;

  void add(const AccessEntry& entry);
  // The file was moved away: what comes from now on goes into a new one of the same name.
  void reopen();
  Figures figures() const;

 private:
  struct Impl;
  explicit AccessLog(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace edge::serve
