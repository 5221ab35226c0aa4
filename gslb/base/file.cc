#include "gslb/base/file.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace gslb {

std::optional<std::string> read_file(const std::string& path, std::size_t limit_octets) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) { return std::nullopt; }
  // Its size at once: growing would hold a large file twice.  It may still grow, or have none
  // (a pipe), so the end is where read() says.
  struct stat info {};
  std::size_t room = 4096;
  if (::fstat(fd, &info) == 0 && info.st_size > 0) {
    room = std::min(static_cast<std::size_t>(info.st_size), limit_octets) + 1;
  }
  std::string content;
  std::size_t size = 0;
  int failure = 0;
  for (;;) {
    if (size == content.size()) { content.resize(size == 0 ? room : size * 2); }
    const ssize_t got = ::read(fd, content.data() + size, content.size() - size);
    if (got == 0) { break; }
    if (got < 0 && errno == EINTR) { continue; }
    size += got < 0 ? 0 : static_cast<std::size_t>(got);
    failure = got < 0 ? errno : size > limit_octets ? EFBIG : 0;
    if (failure != 0) { break; }
  }
  ::close(fd);
  if (failure != 0) {
    errno = failure;
    return std::nullopt;
  }
  content.resize(size);
  return content;
}

bool write_file_atomically(const std::string& path, const std::string& content, unsigned mode) {
  const std::string fresh = path + ".new";
  ::unlink(fresh.c_str());  // one left by a crash would keep its mode
  const int fd = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
  if (fd < 0) { return false; }
  std::size_t done = 0;
  int failure = 0;
  while (done < content.size() && failure == 0) {
    const ssize_t put = ::write(fd, content.data() + done, content.size() - done);
    if (put > 0) {
      done += static_cast<std::size_t>(put);
    } else if (errno != EINTR) {
      failure = errno;
    }
  }
  if (failure == 0 && ::fsync(fd) != 0) { failure = errno; }
  ::close(fd);
  if (failure == 0 && std::rename(fresh.c_str(), path.c_str()) != 0) { failure = errno; }
  if (failure != 0) {
    ::unlink(fresh.c_str());
    errno = failure;
    return false;
  }
  return true;
}

std::error_code make_folder(const std::string& path, unsigned mode) {
  namespace fs = std::filesystem;
  std::error_code failure;
  if (fs::create_directories(path, failure)) {
    fs::permissions(path, static_cast<fs::perms>(mode), failure);
  }
  return failure;
}

std::string resolve_path(const std::string& path, const std::string& relative_to) {
  if (path.starts_with('/')) { return path; }
  const std::size_t slash = relative_to.rfind('/');
  return slash == std::string::npos ? path : relative_to.substr(0, slash + 1) + path;
}

}  // namespace gslb
