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
#include <utility>
#include <vector>

#include "edge/cache/chunk.h"
#include "edge/cache/memory_file.h"
#include "edge/config/filters.h"

namespace edge::cache {

// The octets of a whole body that are somewhere else than in memory.  Thread-safe.
class BodySource {
 public:
  // No chunk: they can't be had.
  using Done = std::function<void(Slice)>;
  virtual ~BodySource() = default;
  virtual std::uint64_t size() const = 0;
  virtual std::size_t memory_octets() const = 0;
  // Octets from `offset` on, at least one and at most `max_octets`.  `done` is called once, on any
  // thread, perhaps before this returns.  REQUIRES: offset < size(), max_octets > 0.
  virtual void read(std::uint64_t offset, std::size_t max_octets, Done done) = 0;
  // The same at once; blocks.
  virtual Slice read_now(std::uint64_t offset, std::size_t max_octets) = 0;
  // While it is held the octets stay where they are; null when they are gone.
  virtual std::shared_ptr<const void> pin() = 0;
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

  // `file`: where it is kept from a certain size on; null: on the heap.  It must outlive the
  // writer.
  explicit Body(Mode mode, MemoryFile* file = nullptr) : file_(file), mode_(mode) {}
  // Whole, and never in memory as a whole: each reader gets its octets from the source.
  explicit Body(std::shared_ptr<BodySource> source);

  // --- the writer -------------------------------------------------------------------------------
  void append(std::string octets);
  void finish();  // whole
  void fail();    // ended early: readers get kFailed, never an end that looks whole
  // From kKeep on: nothing will be stored.
  void use_window();
  // Who would have read it is not going to: as if a reader had come and left.
  void dismiss();
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
    // Goes on there; back only in a body that is whole and kept.  REQUIRES: the last next() gave
    // data, or there was none.
    void seek(std::uint64_t offset);

   private:
    friend class Body;
    struct Ahead;
    Status take(std::vector<Slice>& out, std::size_t max_octets);  // REQUIRES: the body's lock
    Status next_from_source(std::vector<Slice>& out, std::size_t max_octets);

    std::shared_ptr<Body> body_;
    std::shared_ptr<Ahead> ahead_;     // of a body that has a source
    std::shared_ptr<const void> pin_;  // likewise
    std::uint64_t position_;  // guarded by body_->mutex_
    Wake wake_;
    bool waiting_ = false;  // guarded by body_->mutex_
  };

  // Octets written so far.
  std::uint64_t size() const;
  bool complete() const;
  // True: it is whole and in memory, has at most `max_octets`, and these are in `out` (cleared
  // first) without a reader having to be there.
  bool take_whole(std::vector<Slice>& out, std::uint64_t max_octets) const;
  // Octets from `offset` on, at most `max_octets`; no chunk when they can't be had.  May block
  // when the body has a source.  REQUIRES: complete(), offset < size(), max_octets > 0.
  Slice read_now(std::uint64_t offset, std::size_t max_octets) const;
  // False: it has a source.
  bool in_memory() const noexcept { return source_ == nullptr; }
  // False: its source is gone, a reader would only fail.
  bool can_be_read() const { return in_memory() || source_->pin() != nullptr; }
  // Nothing has been dropped, and nothing is going to be.
  bool keeps() const;
  // What the chunks cost, overhead included, and those of its codings.
  std::size_t memory_octets() const;

  // --- the same body in content codings, which live as long as it does --------------------------
  // What there is in that coding, maybe growing still; may be null.
  std::shared_ptr<Body> coded(config::Coding coding) const;
  // Takes `body` unless there is one already; returns the one there is.
  std::shared_ptr<Body> add_coded(config::Coding coding, std::shared_ptr<Body> body);
  // If `body` is the one there is.
  void remove_coded(const Body* body);

 private:
  enum class State : std::uint8_t { kOpen, kWhole, kFailed };
  void end(State state);
  void pack();                       // REQUIRES: mutex_ not held
  void compact();                    // REQUIRES: mutex_ held
  void trim_window();                // REQUIRES: mutex_ held
  // REQUIRES: mutex_ held
  bool is_window_full() const {
    return mode_ == Mode::kWindow && end_ - begin_ >= kWindowOctets;
  }
  std::vector<Wake> take_waiting();  // REQUIRES: mutex_ held
  static void call(const std::vector<Wake>& wakes);

  const std::shared_ptr<BodySource> source_;
  MemoryFile* file_ = nullptr;  // the writer's, like the next two
  std::size_t packed_ = 0;      // chunks in front that lie in the file
  std::size_t loose_octets_ = 0;
  mutable std::mutex mutex_;
  Mode mode_;
  State state_ = State::kOpen;
  std::deque<Chunk> chunks_;
  std::uint64_t begin_ = 0;  // offset of the first chunk kept
  std::uint64_t end_ = 0;
  std::vector<Reader*> readers_;
  bool had_reader_ = false;
  Wake writer_wake_;
  std::vector<std::pair<config::Coding, std::shared_ptr<Body>>> coded_;
};

}  // namespace edge::cache
