// The style and the script of the status page: assets/page.css and assets/page.js, put into the
// program when it is built.
#pragma once

#include <string_view>

namespace vastwatch::web {

extern const std::string_view page_style;
extern const std::string_view page_script;

}  // namespace vastwatch::web
