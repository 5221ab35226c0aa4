#include "gslb/base/file.h"

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <string>

#include <sys/stat.h>

#include <gtest/gtest.h>

#include "tests/support/folder.h"

namespace gslb {
namespace {

class FileTest : public ::testing::Test {
 protected:
  const tests::Folder folder_;
};

TEST_F(FileTest, ReadsBackWhatWasWritten) {
  const std::string path = folder_ / "state";
  std::string content(200'000, 'x');  // several reads
  content[5] = '\0';
  ASSERT_TRUE(write_file_atomically(path, content));
  EXPECT_EQ(read_file(path), content);
  ASSERT_TRUE(write_file_atomically(path, ""));
  EXPECT_EQ(read_file(path), "");
}

TEST_F(FileTest, RefusesMoreThanTheLimit) {
  const std::string path = folder_ / "state";
  ASSERT_TRUE(write_file_atomically(path, "12345"));
  EXPECT_TRUE(read_file(path, 5));
  EXPECT_FALSE(read_file(path, 4));
  EXPECT_EQ(errno, EFBIG);
}

TEST_F(FileTest, SaysWhyItCannotRead) {
  EXPECT_FALSE(read_file(folder_ / "none"));
  EXPECT_EQ(errno, ENOENT);
  EXPECT_FALSE(read_file(folder_.path()));
  EXPECT_EQ(errno, EISDIR);
}

TEST_F(FileTest, LeavesNoTemporaryFileAndNoRightsForOthers) {
  const std::string path = folder_ / "state";
  ASSERT_TRUE(write_file_atomically(path, "a"));
  EXPECT_FALSE(std::filesystem::exists(path + ".new"));
  struct stat status {};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0007, 0U);
}

TEST_F(FileTest, KeepsTheOldFileWhenItCannotReplaceIt) {
  // A folder in the way of the temporary file: fails for root too.
  const std::string path = folder_ / "state";
  ASSERT_TRUE(write_file_atomically(path, "old"));
  std::filesystem::create_directory(path + ".new");
  EXPECT_FALSE(write_file_atomically(path, "new"));
  EXPECT_TRUE(errno == EISDIR || errno == EEXIST) << errno;
  EXPECT_EQ(read_file(path), "old");
  EXPECT_FALSE(write_file_atomically(folder_ / "none/state", "x"));
  EXPECT_EQ(errno, ENOENT);
}

TEST_F(FileTest, RemovesTheTemporaryFileWhenTheRenameFails) {
  const std::string path = folder_ / "taken";
  std::filesystem::create_directory(path);
  EXPECT_FALSE(write_file_atomically(path, "x"));
  EXPECT_EQ(errno, EISDIR);
  EXPECT_FALSE(std::filesystem::exists(path + ".new"));
}

TEST_F(FileTest, MakesAFolderWithItsParentsAndLetsOneThatIsThereBe) {
  const std::string path = folder_ / "a/b";
  EXPECT_FALSE(make_folder(path, 0700));
  struct stat status {};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0700U);
  EXPECT_FALSE(make_folder(path, 0750));
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0700U) << "somebody's own choice";
  ASSERT_TRUE(write_file_atomically(folder_ / "file", "x"));
  EXPECT_TRUE(make_folder(folder_ / "file/below"));
}

TEST(ResolvePath, StartsAtTheFolderOfTheNamingFile) {
  EXPECT_EQ(resolve_path("a.zone", "/etc/proxima/proxima.toml"), "/etc/proxima/a.zone");
  EXPECT_EQ(resolve_path("../a.zone", "conf/proxima.toml"), "conf/../a.zone");
  EXPECT_EQ(resolve_path("/a.zone", "/etc/proxima.toml"), "/a.zone");
  EXPECT_EQ(resolve_path("a.zone", "proxima.toml"), "a.zone");
}

}  // namespace
}  // namespace gslb
