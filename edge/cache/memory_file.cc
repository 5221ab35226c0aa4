#include "edge/cache/memory_file.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <string>
#include <utility>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include <unistd.h>

namespace edge::cache {
namespace {

constexpr std::uint64_t kWindowOctets = std::uint64_t{1} << 36;
constexpr std::uint64_t kPage = 4096;
constexpr std::size_t kPiecesAtOnce = 64;

std::uint64_t whole_pages(std::uint64_t octets) { return (octets + kPage - 1) / kPage * kPage; }

// Of a setting like "always [never]", the one that is chosen; "" when there is no such setting.
std::string chosen(const std::string& file) {
  std::ifstream in(file);
  std::string word;
  while (in >> word) {
    if (word.front() == '[') { return word; }
  }
  return {};
}

bool may_be_huge() {
  const std::string folder = "/sys/kernel/mm/transparent_hugepage/";
  const auto is_always = [](const std::string& how) {
    return !how.empty() && how != "[never]" && how != "[advise]" && how != "[deny]";
  };
  if (is_always(chosen(folder + "shmem_enabled"))) { return true; }
  for (std::uint64_t kib = 8; kib <= 2048; kib *= 2) {
    const std::string how =
        chosen(folder + "hugepages-" + std::to_string(kib) + "kB/shmem_enabled");
    if (how != "[inherit]" && is_always(how)) { return true; }
  }
  return false;
}

// To write beyond such a limit ends the process.
bool files_are_limited() {
  rlimit limit{};
  return ::getrlimit(RLIMIT_FSIZE, &limit) != 0 || limit.rlim_cur != RLIM_INFINITY;
}

}  // namespace

// One file and where it is mapped: octets that are not sent by sendfile are read there.
class MemoryFile::Window {
 public:
  static std::shared_ptr<const Window> open() {
    const int file = ::memfd_create("proxima-edge bodies", MFD_CLOEXEC);
    if (file < 0) { return nullptr; }
    void* base = MAP_FAILED;
    if (::ftruncate(file, static_cast<off_t>(kWindowOctets)) == 0) {
      base = ::mmap(nullptr, kWindowOctets, PROT_READ, MAP_SHARED | MAP_NORESERVE, file, 0);
    }
    if (base == MAP_FAILED) {
      ::close(file);
      return nullptr;
    }
    ::madvise(base, kWindowOctets, MADV_DONTDUMP);
    return std::make_shared<const Window>(file, static_cast<const char*>(base));
  }
  Window(int file, const char* base) : file_(file), base_(base) {}
  ~Window() {
    ::munmap(const_cast<char*>(base_), kWindowOctets);
    ::close(file_);
  }
  Window(const Window&) = delete;
  Window& operator=(const Window&) = delete;

  int file() const noexcept { return file_; }
  const char* at(std::uint64_t offset) const noexcept { return base_ + offset; }
  bool write(std::uint64_t offset, const std::vector<Chunk>& pieces) const;
  void punch(std::uint64_t offset, std::uint64_t octets) const {
    ::fallocate(file_, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, static_cast<off_t>(offset),
                static_cast<off_t>(whole_pages(octets)));
  }

 private:
  const int file_;
  const char* const base_;
};

bool MemoryFile::Window::write(std::uint64_t offset, const std::vector<Chunk>& pieces) const {
  std::array<iovec, kPiecesAtOnce> parts{};
  std::size_t piece = 0;
  std::size_t skipped = 0;  // of that piece
  while (piece < pieces.size()) {
    std::size_t count = 0;
    for (std::size_t at = piece; at < pieces.size() && count < parts.size(); ++at, ++count) {
      const std::string_view octets = pieces[at]->view().substr(at == piece ? skipped : 0);
      parts.at(count) = {const_cast<char*>(octets.data()), octets.size()};
    }
    const ssize_t written =
        ::pwritev(file_, parts.data(), static_cast<int>(count), static_cast<off_t>(offset));
    if (written <= 0) { return false; }
    offset += static_cast<std::uint64_t>(written);
    skipped += static_cast<std::size_t>(written);
    while (piece < pieces.size() && skipped >= pieces[piece]->size()) {
      skipped -= pieces[piece++]->size();
    }
  }
  return true;
}

class MemoryFile::Extent final : public ChunkOctets {
 public:
  Extent(MemoryFile::Place place, std::size_t size) : place_(std::move(place)) {
    set_view({place_.window->at(place_.offset), size});
  }
  ~Extent() override { place_.window->punch(place_.offset, size()); }

  ChunkOctets::Place place() const noexcept override {
    return {place_.window->file(), place_.offset};
  }
  std::size_t memory_octets() const noexcept override {
    return static_cast<std::size_t>(whole_pages(size()));
  }

 private:
  const MemoryFile::Place place_;
};

std::unique_ptr<MemoryFile> MemoryFile::open() {
  if (files_are_limited() || may_be_huge()) { return nullptr; }
  auto window = Window::open();
  if (!window) { return nullptr; }
  return std::unique_ptr<MemoryFile>(new MemoryFile(std::move(window)));
}

MemoryFile::Place MemoryFile::take(std::uint64_t octets) {
  const std::lock_guard lock(mutex_);
  if (kWindowOctets - used_ < octets) {
    auto next = Window::open();
    if (!next) { return {}; }
    window_ = std::move(next);
    used_ = 0;
  }
  const std::uint64_t offset = used_;
  used_ += octets;
  return {window_, offset};
}

Chunk MemoryFile::store(const std::vector<Chunk>& pieces) {
  std::size_t size = 0;
  for (const Chunk& piece : pieces) { size += piece->size(); }
  Place place = take(whole_pages(size));
  if (!place.window) { return nullptr; }
  if (!place.window->write(place.offset, pieces)) {
    place.window->punch(place.offset, size);
    return nullptr;
  }
  return std::make_shared<Extent>(std::move(place), size);
}

}  // namespace edge::cache
