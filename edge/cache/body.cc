#include "edge/cache/body.h"

#include <algorithm>
#include <limits>

#include "gslb/base/check.h"

namespace edge::cache {
namespace {
// shared_ptr control block, string object, heap header and the deque's slot.
constexpr std::size_t kChunkOverhead = 96;
// Chunks of a whole body: large enough that overhead vanishes, small enough for one write.
constexpr std::size_t kCompactOctets = 64 * 1024;
}  // namespace

void Body::append(std::string octets) {
  if (octets.empty()) { return; }
  octets.shrink_to_fit();
  const std::size_t size = octets.size();
  auto chunk = std::make_shared<const std::string>(std::move(octets));
  std::vector<Wake> wakes;
  {
    const std::lock_guard lock(mutex_);
    DCHECK(state_ == State::kOpen);
    chunks_.push_back(std::move(chunk));
    end_ += size;
    wakes = take_waiting();
  }
  call(wakes);
}

void Body::finish() { end(State::kWhole); }
void Body::fail() { end(State::kFailed); }

void Body::end(State state) {
  std::vector<Wake> wakes;
  {
    const std::lock_guard lock(mutex_);
    if (state_ != State::kOpen) { return; }
    state_ = state;
    if (state == State::kWhole && mode_ == Mode::kKeep) { compact(); }
    wakes = take_waiting();
  }
  call(wakes);
}

void Body::use_window() {
  const std::lock_guard lock(mutex_);
  mode_ = Mode::kWindow;
  trim_window();
}

bool Body::may_append(Wake wake) {
  const std::lock_guard lock(mutex_);
  if (mode_ == Mode::kKeep || end_ - begin_ < kWindowOctets || (readers_.empty() && had_reader_)) {
    return true;
  }
  writer_wake_ = std::move(wake);
  return false;
}

bool Body::abandoned() const {
  const std::lock_guard lock(mutex_);
  return readers_.empty() && had_reader_;
}

std::size_t Body::reader_count() const {
  const std::lock_guard lock(mutex_);
  return readers_.size();
}

std::uint64_t Body::size() const {
  const std::lock_guard lock(mutex_);
  return end_;
}

bool Body::complete() const {
  const std::lock_guard lock(mutex_);
  return state_ == State::kWhole;
}

std::size_t Body::memory_octets() const {
  const std::lock_guard lock(mutex_);
  return static_cast<std::size_t>(end_ - begin_) + chunks_.size() * kChunkOverhead;
}

// A body that dripped in is rewritten into few chunks: the overhead of many small ones, in octets
// and in every later write, would last as long as it is stored.
void Body::compact() {
  if (chunks_.size() <= 2 + end_ / (kCompactOctets / 4)) { return; }
  std::deque<Chunk> merged;
  std::string current;
  for (const Chunk& chunk : chunks_) {
    if (current.size() + chunk->size() > kCompactOctets && !current.empty()) {
      current.shrink_to_fit();
      merged.push_back(std::make_shared<const std::string>(std::move(current)));
      current.clear();
    }
    current += *chunk;
  }
  current.shrink_to_fit();
  merged.push_back(std::make_shared<const std::string>(std::move(current)));
  chunks_ = std::move(merged);
}

void Body::trim_window() {
  if (mode_ != Mode::kWindow) { return; }
  std::uint64_t slowest = readers_.empty() ? begin_ : std::numeric_limits<std::uint64_t>::max();
  for (const Reader* reader : readers_) { slowest = std::min(slowest, reader->position_); }
  while (!chunks_.empty() && begin_ + chunks_.front()->size() <= slowest) {
    begin_ += chunks_.front()->size();
    chunks_.pop_front();
  }
}

std::vector<Body::Wake> Body::take_waiting() {
  std::vector<Wake> wakes;
  for (Reader* reader : readers_) {
    if (!reader->waiting_) { continue; }
    reader->waiting_ = false;
    wakes.push_back(reader->wake_);
  }
  return wakes;
}

void Body::call(const std::vector<Wake>& wakes) {
  for (const Wake& wake : wakes) { wake(); }
}

Body::Reader::Reader(std::shared_ptr<Body> body, std::uint64_t offset, Wake wake)
    : body_(std::move(body)), position_(offset), wake_(std::move(wake)) {
  const std::lock_guard lock(body_->mutex_);
  body_->readers_.push_back(this);
  body_->had_reader_ = true;
}

Body::Reader::~Reader() {
  Wake writer;
  {
    const std::lock_guard lock(body_->mutex_);
    std::erase(body_->readers_, this);
    body_->trim_window();
    std::swap(writer, body_->writer_wake_);
  }
  if (writer) { writer(); }
}

Body::Status Body::Reader::next(std::vector<Slice>& out, std::size_t max_octets) {
  out.clear();
  Wake writer;
  Status status = Status::kData;
  {
    const std::lock_guard lock(body_->mutex_);
    if (position_ < body_->begin_) { return Status::kFailed; }
    if (position_ >= body_->end_) {
      if (body_->state_ == State::kWhole) { return Status::kEnd; }
      if (body_->state_ == State::kFailed) { return Status::kFailed; }
      waiting_ = true;
      return Status::kWait;
    }
    std::uint64_t at = body_->begin_;
    for (const Chunk& chunk : body_->chunks_) {
      const std::uint64_t chunk_end = at + chunk->size();
      if (chunk_end > position_ && max_octets > 0) {
        const auto offset = static_cast<std::size_t>(position_ - at);
        const std::size_t size = std::min(chunk->size() - offset, max_octets);
        out.push_back({chunk, offset, size});
        position_ += size;
        max_octets -= size;
      }
      if (max_octets == 0) { break; }
      at = chunk_end;
    }
    if (body_->mode_ == Mode::kWindow) {
      body_->trim_window();
      std::swap(writer, body_->writer_wake_);
    }
  }
  if (writer) { writer(); }
  return status;
}

}  // namespace edge::cache
