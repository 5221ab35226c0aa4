// A response body that is read while it is written: chunks shared by reference, one writer, any
// number of readers, each at its own pace.
//
// Why offsets and not chunk numbers: a reader may start anywhere (ranges), and a body may drop its
// front in window mode without readers noticing.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace edge::cache {

using Chunk = std::shared_ptr<const std::string>;

// Part of a chunk; holds it alive.
struct Slice {
  Chunk chunk;
  std::size_t offset = 0;
  std::size_t size = 0;
};

// Thread-safe.  Callbacks run on the thread that caused them, without the lock held; they only
// have to wake somebody (post to an event loop), never to read on the spot.
class Body {
 public:
  using Wake = std::function<void()>;
  enum class Mode : std::uint8_t {
    kKeep,    // every chunk stays: may be stored
    kWindow,  // chunks all readers have passed are dropped, the writer waits for the slowest
  };
  // In window mode the writer should wait while this much is unread.
  static constexpr std::size_t kWindowOctets = 256 * 1024;

  explicit Body(Mode mode) : mode_(mode) {}

  // --- the writer -------------------------------------------------------------------------------
  void append(std::string octets);
  void finish();  // whole
  void fail();    // ended early: readers get kFailed, never an end that looks whole
  // From kKeep on: nothing will be stored.
  void use_window();
  // In window mode: true when the writer may go on; false after keeping `wake` for when it may.
  // With no reader left there is nobody to write for: abandoned() tells.
  bool may_append(Wake wake);
  // No reader now, though there has been one.
  bool abandoned() const;
  std::size_t reader_count() const;

  // --- readers ----------------------------------------------------------------------------------
  enum class Status : std::uint8_t { kData, kWait, kEnd, kFailed };
  class Reader {
   public:
    // Starts at the octet `offset`; when that has been dropped already, next() gives kFailed.
    Reader(std::shared_ptr<Body> body, std::uint64_t offset, Wake wake);
    ~Reader();
    Reader(const Reader&) = delete;
    Reader& operator=(const Reader&) = delete;

    // Puts up to `max_octets` in `out` (cleared first).  kWait: `wake` is called once there is
    // news.  kEnd comes with no data, after the last octet of a whole body.
    Status next(std::vector<Slice>& out, std::size_t max_octets);

   private:
    friend class Body;
    std::shared_ptr<Body> body_;
    std::uint64_t position_;  // guarded by body_->mutex_
    Wake wake_;
    bool waiting_ = false;  // guarded by body_->mutex_
  };

  // Octets written so far.
  std::uint64_t size() const;
  bool complete() const;
  // What the chunks cost, overhead included.
  std::size_t memory_octets() const;

 private:
  enum class State : std::uint8_t { kOpen, kWhole, kFailed };
  void end(State state);
  void compact();                    // REQUIRES: mutex_ held
  void trim_window();                // REQUIRES: mutex_ held
  std::vector<Wake> take_waiting();  // REQUIRES: mutex_ held
  static void call(const std::vector<Wake>& wakes);

  mutable std::mutex mutex_;
  Mode mode_;
  State state_ = State::kOpen;
  std::deque<Chunk> chunks_;
  std::uint64_t begin_ = 0;  // offset of the first chunk kept
  std::uint64_t end_ = 0;
  std::vector<Reader*> readers_;
  bool had_reader_ = false;
  Wake writer_wake_;
};

}  // namespace edge::cache
