// Whole small files in and out.
#pragma once

#include <optional>
#include <string>
#include <system_error>

namespace gslb {

// The file's octets; nullopt with errno set when it can't be read or is over `limit_octets`
// (errno EFBIG then).
std::optional<std::string> read_file(const std::string& path,
                                     std::size_t limit_octets = std::size_t{1} << 30);

// Replaces the file as one step: writes path + ".new", syncs, renames.  False with errno set on
// failure; the old file is then untouched.  `mode`: as of open(2); 0600 for secrets.
bool write_file_atomically(const std::string& path, const std::string& content,
                           unsigned mode = 0640);

// Makes the folder, and those above it, where it is missing; `mode` is that of the last one,
// whatever the umask says.  Returns what went wrong.
std::error_code make_folder(const std::string& path, unsigned mode = 0750);

// `path`, or directory-of(`relative_to`) + path when `path` is relative: files named in a
// configuration are found next to it, whatever the working directory.
std::string resolve_path(const std::string& path, const std::string& relative_to);

}  // namespace gslb
