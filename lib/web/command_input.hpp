// Commands of the control socket, read from their JSON bodies.
//
//   protect        {"instance":312, "duration":"4h"?, "reason":text?}
//   unprotect      {"instance":312}
//   approve        {"hold":7?}
//   dismiss        {"hold":7?}
//   pause          {"duration":"1h"?, "reason":text?}
//   resume, poll, reload   {}
//   test-notifier  {"notifier":name}
//
// An empty body is {}. Anything else in it is an error.
#pragma once

#include "web/backend.hpp"
#include "web/query_input.hpp"

#include <string_view>
#include <variant>

namespace vastwatch::web {

/// Whether there is a command of that name.
bool is_command(std::string_view name);

/// Reads and checks the body of the command `name` (one of is_command). An instance to protect and
/// a notifier to test must be in `view`: 404 otherwise.
std::variant<Command, BadInput>
parse_command(std::string_view name, std::string_view body, const engine::View& view);

}  // namespace vastwatch::web
