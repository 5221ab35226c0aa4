// Requests of the admin listener that somebody else answers, in their own time.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace edge::report {

struct AdminRequest {
  std::string method;
  std::string path;   // without the query
  std::string query;  // behind the "?", as sent
  std::vector<std::pair<std::string, std::string>> fields;
  std::string body;
};

struct AdminAnswer {
  unsigned status = 200;
  std::string body;  // JSON
};

// Whether who sent that Authorization has the token; an empty token needs none.
bool is_authorised(std::string_view authorization, std::string_view token);

// Called once, on any thread.
using AdminDone = std::function<void(AdminAnswer)>;
// False: no such path; `done` is not called then.  Requests that change something were authorised.
using AdminHandler = std::function<bool(const AdminRequest&, AdminDone)>;

}  // namespace edge::report
