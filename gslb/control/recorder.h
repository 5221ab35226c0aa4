// Writes recordings (recording.h) into a folder: one file an epoch, bounded in size and number.
//
// Why a file ends with its epoch, and why a full one is continued with an epoch of its own: a plan
// rests on those before it, so only a file with all of them can be planned again.
#pragma once

#include <cstdio>
#include <memory>
#include <vector>

#include "gslb/control/recording.h"

namespace gslb::control {

// Planning thread only.  What goes wrong with files is logged, never more.
class Recorder {
 public:
  // Before the first plan of an epoch, after it has inherited or restored what was learnt.  Ends
  // the file before and, when the epoch's configuration wants it, begins one.
  void begin(Epoch& epoch, WallTime now);
  // A plan the epoch has just made.  One of an epoch that has been replaced meanwhile is left out.
  void add(const Epoch& epoch, const PlanInputs& inputs, const steer::Plan& plan);
  // The last plan had no room: begin() with a new epoch goes on in another file.
  bool is_full() const noexcept { return is_full_; }

 private:
  struct Close {
    void operator()(std::FILE* file) const noexcept { std::fclose(file); }
  };
  enum class Put : std::uint8_t { kDone, kFull, kFailed };
  Put put(const std::string& text);
  std::optional<std::string> config_text(const Epoch& epoch);

  std::unique_ptr<std::FILE, Close> file_;  // null: nothing is recorded
  std::string path_;
  const Epoch* epoch_ = nullptr;        // of the file; to be compared only
  std::int64_t room_ = 0;               // octets
  bool is_full_ = false;
  std::shared_ptr<const Compiled> compiled_;  // of the text
  std::string config_text_;                   // without secrets
  std::vector<std::uint32_t> counted_;  // at the last plan
  std::uint64_t begun_ = 0;             // files
};

}  // namespace gslb::control
