#include "edge/cache/disk_segment.h"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <limits.h>

namespace edge::cache {
namespace {

constexpr std::string_view kSuffix = ".segment";

std::string path_for(const std::string& folder, std::uint32_t sequence) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string path = folder + "/";
  for (int shift = 28; shift >= 0; shift -= 4) { path += kDigits[(sequence >> shift) & 15U]; }
  return path + std::string(kSuffix);
}

// Reserves the room; where the file system can't, a sparse file has to do and a full disk shows
// when it is written to.
bool reserve(int descriptor, std::uint64_t octets) {
  if (::fallocate(descriptor, 0, 0, static_cast<off_t>(octets)) == 0) { return true; }
  return errno == EOPNOTSUPP && ::ftruncate(descriptor, static_cast<off_t>(octets)) == 0;
}

// Takes `count` octets off the front of the pieces left.
void advance(std::vector<iovec>& pieces, std::size_t& first, std::size_t count) {
  while (count > 0) {
    iovec& piece = pieces[first];
    const std::size_t part = std::min(count, piece.iov_len);
    piece.iov_base = static_cast<char*>(piece.iov_base) + part;
    piece.iov_len -= part;
    count -= part;
    if (piece.iov_len == 0) { ++first; }
  }
}

}  // namespace

std::shared_ptr<DiskSegment> DiskSegment::create(const std::string& folder, const SegmentHead& head,
                                                 std::uint64_t octets) {
  std::string path = path_for(folder, head.sequence);
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (descriptor < 0) { return nullptr; }
  std::shared_ptr<DiskSegment> segment(new DiskSegment(descriptor, std::move(path)));
  segment->head_ = head;
  segment->octets_ = octets;
  const DiskUnitOctets unit = write_segment_head(head);
  if (!reserve(descriptor, octets) || !segment->write(0, {gslb::as_text(unit)})) {
    const int why = errno;
    segment->unlink();
    errno = why;
    return nullptr;
  }
  return segment;
}

gslb::Result<std::shared_ptr<DiskSegment>, DiskError> DiskSegment::open(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
  if (descriptor < 0) { return gslb::Unexpected(DiskError::kUnreadable); }
  std::shared_ptr<DiskSegment> segment(new DiskSegment(descriptor, path));
  struct stat status {};
  if (::fstat(descriptor, &status) != 0) { return gslb::Unexpected(DiskError::kUnreadable); }
  DiskUnitOctets unit{};
  if (!segment->read(0, unit)) { return gslb::Unexpected(DiskError::kDamaged); }
  const auto head = parse_segment_head(unit);
  if (!head) { return gslb::Unexpected(head.error()); }
  segment->head_ = *head;
  segment->octets_ = static_cast<std::uint64_t>(status.st_size);
  return segment;
}

DiskSegment::~DiskSegment() { ::close(descriptor_); }

bool DiskSegment::read(std::uint64_t offset, gslb::MutableOctets out) const {
  while (!out.empty()) {
    const ssize_t count = ::pread(descriptor_, out.data(), out.size(), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) { continue; }
    if (count <= 0) { return false; }
    offset += static_cast<std::uint64_t>(count);
    out = out.subspan(static_cast<std::size_t>(count));
  }
  return true;
}

bool DiskSegment::write(std::uint64_t offset, const std::vector<std::string_view>& pieces) {
  std::vector<iovec> left;
  left.reserve(pieces.size());
  for (const std::string_view piece : pieces) {
    if (!piece.empty()) { left.push_back({const_cast<char*>(piece.data()), piece.size()}); }
  }
  for (std::size_t first = 0; first < left.size();) {
    const auto count = static_cast<int>(std::min<std::size_t>(left.size() - first, IOV_MAX));
    const ssize_t written =
        ::pwritev(descriptor_, left.data() + first, count, static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) { continue; }
    if (written <= 0) { return false; }
    offset += static_cast<std::uint64_t>(written);
    advance(left, first, static_cast<std::size_t>(written));
  }
  return true;
}

bool DiskSegment::finish(std::uint64_t octets) {
  const bool cut = ::ftruncate(descriptor_, static_cast<off_t>(octets)) == 0;
  if (cut) { octets_.store(octets, std::memory_order_relaxed); }
  return cut && ::fdatasync(descriptor_) == 0;
}

bool DiskSegment::unlink() { return ::unlink(path_.c_str()) == 0; }

std::vector<std::string> segment_paths(const std::string& folder) {
  std::vector<std::string> paths;
  std::error_code error;
  std::filesystem::directory_iterator each(folder, error);
  for (; !error && each != std::filesystem::directory_iterator(); each.increment(error)) {
    if (each->path().extension() == kSuffix) { paths.push_back(each->path().string()); }
  }
  return paths;
}

}  // namespace edge::cache
