// What a Content-Security-Policy names an inline script or style by.
#pragma once

#include <string>
#include <string_view>

namespace vastwatch::web {

/// "'sha256-…'", the SHA-256 of the element's text in base64.
std::string csp_hash(std::string_view content);

}  // namespace vastwatch::web
