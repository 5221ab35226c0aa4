// A temporary folder: what tests and benches that need files write them into.
//
// Tests of one program run side by side in processes of their own, and so may two checkouts: a
// fixed name in a shared folder is a race.
#pragma once

#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>

#include <stdlib.h>

namespace tests {

// Made with this object, removed with it and all it holds.
class Folder {
 public:
  Folder() : path_((std::filesystem::temp_directory_path() / "proxima-XXXXXX").string()) {
    if (::mkdtemp(path_.data()) == nullptr) { throw std::runtime_error("mkdtemp: " + path_); }
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  const std::string& path() const noexcept { return path_; }
  std::string operator/(std::string_view file) const { return path_ + '/' + std::string(file); }
  // Replaces `file`; returns its path.
  std::string write(std::string_view file, std::string_view text) const {
    const std::string path = *this / file;
    std::filesystem::remove(path);  // ext4 writes a file through that is truncated and closed
    std::ofstream(path, std::ios::binary) << text;
    return path;
  }

 private:
  std::string path_;
};

}  // namespace tests
