#include "edge/cache/body.h"

#include <algorithm>
#include <limits>

#include "gslb/base/check.h"

namespace edge::cache {
namespace {
// shared_ptr control block, ChunkOctets with its string, heap headers and the deque's slot.
constexpr std::size_t kChunkOverhead = 120;
// Chunks of a whole body: large enough that overhead vanishes, small enough for one write.
constexpr std::size_t kCompactOctets = 64 * 1024;
// A body of at least that much lies in a file: below, the pages' ends and sendfile's own cost
// weigh more than the copy.
constexpr std::uint64_t kFileOctets = 32 * 1024;
// What is written there at once, and so a chunk.
constexpr std::size_t kPackOctets = 256 * 1024;
}  // namespace

// What was asked of the source and not taken yet; outlives the reader as long as the source needs.
struct Body::Reader::Ahead {
  std::mutex mutex;
  bool asked = false;
  bool answered = false;
  Slice slice;
  Wake wake;  // empty: nobody waits
};

Body::Body(std::shared_ptr<BodySource> source)
    : source_(std::move(source)),
      mode_(Mode::kKeep),
      state_(State::kWhole),
      end_(source_->size()) {}

void Body::append(std::string octets) {
  if (octets.empty()) { return; }
  octets.shrink_to_fit();
  const std::size_t size = octets.size();
  Chunk chunk = make_chunk(std::move(octets));
  std::vector<Wake> wakes;
  {
    const std::lock_guard lock(mutex_);
    DCHECK(state_ == State::kOpen);
    chunks_.push_back(std::move(chunk));
    end_ += size;
    trim_window();  // of readers that start further on nobody may be left to do it
    wakes = take_waiting();
  }
  call(wakes);
  loose_octets_ += size;
  if (file_ != nullptr && mode_ == Mode::kKeep && loose_octets_ >= kPackOctets) { pack(); }
}

// Without the lock for as long as it copies: only the writer changes the chunks of a body that is
// kept.
void Body::pack() {
  std::vector<Chunk> loose;
  {
    const std::lock_guard lock(mutex_);
    loose.assign(chunks_.begin() + static_cast<std::ptrdiff_t>(packed_), chunks_.end());
  }
  Chunk packed = file_->store(loose);
  if (!packed) {
    file_ = nullptr;  // the heap will do
    return;
  }
  const std::lock_guard lock(mutex_);
  chunks_.resize(packed_);
  chunks_.push_back(std::move(packed));
  ++packed_;
  loose_octets_ = 0;
}

void Body::finish() { end(State::kWhole); }
void Body::fail() { end(State::kFailed); }

void Body::end(State state) {
  const bool is_kept = state == State::kWhole && mode_ == Mode::kKeep;
  if (is_kept && file_ != nullptr && loose_octets_ > 0 && end_ >= kFileOctets) { pack(); }
  std::vector<Wake> wakes;
  {
    const std::lock_guard lock(mutex_);
    if (state_ != State::kOpen) { return; }
    state_ = state;
    if (is_kept && packed_ == 0) { compact(); }
    wakes = take_waiting();
  }
  call(wakes);
}

void Body::use_window() {
  const std::lock_guard lock(mutex_);
  mode_ = Mode::kWindow;
  trim_window();
}

void Body::dismiss() {
  Wake writer;
  {
    const std::lock_guard lock(mutex_);
    had_reader_ = true;
    std::swap(writer, writer_wake_);
  }
  if (writer) { writer(); }
}

bool Body::may_append(Wake wake) {
  const std::lock_guard lock(mutex_);
  if (!is_window_full() || (readers_.empty() && had_reader_)) { return true; }
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

bool Body::take_whole(std::vector<Slice>& out, std::uint64_t max_octets) const {
  out.clear();
  const std::lock_guard lock(mutex_);
  if (state_ != State::kWhole || source_ || end_ - begin_ > max_octets || begin_ > 0) {
    return false;
  }
  out.reserve(chunks_.size());
  for (const Chunk& chunk : chunks_) { out.push_back({chunk, 0, chunk->size()}); }
  return true;
}

Slice Body::read_now(std::uint64_t offset, std::size_t max_octets) const {
  if (source_) { return source_->read_now(offset, max_octets); }
  const std::lock_guard lock(mutex_);
  std::uint64_t at = begin_;
  for (const Chunk& chunk : chunks_) {
    if (offset < at + chunk->size()) {
      const auto skipped = static_cast<std::size_t>(offset - at);
      return {chunk, skipped, std::min(chunk->size() - skipped, max_octets)};
    }
    at += chunk->size();
  }
  return {};
}

bool Body::keeps() const {
  const std::lock_guard lock(mutex_);
  return mode_ == Mode::kKeep;
}

std::size_t Body::memory_octets() const {
  const std::lock_guard lock(mutex_);
  std::size_t coded = 0;
  for (const auto& each : coded_) { coded += sizeof(Body) + each.second->memory_octets(); }
  if (source_) { return coded + source_->memory_octets(); }
  std::size_t own = chunks_.size() * kChunkOverhead;
  for (const Chunk& chunk : chunks_) { own += chunk->memory_octets(); }
  return coded + own;
}

std::shared_ptr<Body> Body::coded(config::Coding coding) const {
  const std::lock_guard lock(mutex_);
  for (const auto& each : coded_) {
    if (each.first == coding) { return each.second; }
  }
  return nullptr;
}

std::shared_ptr<Body> Body::add_coded(config::Coding coding, std::shared_ptr<Body> body) {
  const std::lock_guard lock(mutex_);
  for (const auto& each : coded_) {
    if (each.first == coding) { return each.second; }
  }
  coded_.emplace_back(coding, body);
  return body;
}

void Body::remove_coded(const Body* body) {
  const std::lock_guard lock(mutex_);
  std::erase_if(coded_, [&](const auto& each) { return each.second.get() == body; });
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
      merged.push_back(make_chunk(std::move(current)));
      current.clear();
    }
    current += chunk->view();
  }
  current.shrink_to_fit();
  merged.push_back(make_chunk(std::move(current)));
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
    const bool has_news = state_ != State::kOpen || reader->position_ < end_;
    if (!reader->waiting_ || !has_news) { continue; }
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
  if (body_->source_) {
    ahead_ = std::make_shared<Ahead>();
    pin_ = body_->source_->pin();
  }
}

Body::Reader::~Reader() {
  Wake writer;
  if (ahead_) {
    const std::lock_guard lock(ahead_->mutex);
    ahead_->wake = nullptr;
  }
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
  if (ahead_) { return next_from_source(out, max_octets); }
  Wake writer;
  Status status = Status::kWait;
  {
    const std::lock_guard lock(body_->mutex_);
    status = take(out, max_octets);
    // Also when it waits: for octets further on than the window that those before them fill.
    if (body_->mode_ == Mode::kWindow) {
      body_->trim_window();
      if (!body_->is_window_full()) { std::swap(writer, body_->writer_wake_); }
    }
  }
  if (writer) { writer(); }
  return status;
}

void Body::Reader::seek(std::uint64_t offset) {
  const std::lock_guard lock(body_->mutex_);
  if (position_ == offset) { return; }
  position_ = offset;
  if (ahead_) { ahead_ = std::make_shared<Ahead>(); }
}

Body::Status Body::Reader::take(std::vector<Slice>& out, std::size_t max_octets) {
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
  return Status::kData;
}

Body::Status Body::Reader::next_from_source(std::vector<Slice>& out, std::size_t max_octets) {
  // position_ is only this thread's here: nothing trims a body that has a source.
  if (position_ >= body_->source_->size()) { return Status::kEnd; }
  if (max_octets == 0) { return Status::kData; }
  if (!pin_) { return Status::kFailed; }
  std::unique_lock lock(ahead_->mutex);
  if (!ahead_->asked) {
    ahead_->asked = true;
    ahead_->answered = false;
    lock.unlock();
    body_->source_->read(position_, max_octets, [ahead = ahead_](Slice slice) {
      Wake wake;
      {
        const std::lock_guard answering(ahead->mutex);
        ahead->answered = true;
        ahead->slice = std::move(slice);
        wake.swap(ahead->wake);
      }
      if (wake) { wake(); }
    });
    lock.lock();
  }
  if (!ahead_->answered) {
    ahead_->wake = wake_;
    return Status::kWait;
  }
  Slice& slice = ahead_->slice;
  if (!slice.chunk) { return Status::kFailed; }
  const std::size_t size = std::min(slice.size, max_octets);
  out.push_back({slice.chunk, slice.offset, size});
  position_ += size;
  slice.offset += size;
  slice.size -= size;
  if (slice.size == 0) {
    ahead_->asked = false;
    slice = {};
  }
  return Status::kData;
}

}  // namespace edge::cache
