// A self-signed certificate for 127.0.0.1, ::1 and localhost, made when a test asks for it.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

#include <unistd.h>

#include <gtest/gtest.h>

#include "tests/support/folder.h"

namespace gslb::control {

// Owns a folder with certificate and key; removed at the end.
class TestCertificate {
 public:
  TestCertificate() { make("first"); }

  // Replaces both files by a new pair.
  void make(const std::string& organisation) const {
    const std::string command =
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 "
        "-subj /O=" +
        organisation +
        "/CN=localhost "
        "-addext subjectAltName=IP:127.0.0.1,IP:::1,DNS:localhost -keyout '" +
        key() + "' -out '" + certificate() + "' 2>/dev/null";
    EXPECT_EQ(std::system(command.c_str()), 0) << command;
  }
  std::string certificate() const { return folder_ / "certificate.pem"; }
  std::string key() const { return folder_ / "key.pem"; }
  const std::string& folder() const { return folder_.path(); }

 private:
  const tests::Folder folder_;
};

}  // namespace gslb::control
