// Globs over labels and GPU names: '*' stands for any run of characters ('/' included), '?' for
// one byte, everything else for itself. Linear in time, whatever the pattern.
#pragma once

#include <string>
#include <string_view>

namespace vastwatch {

bool glob_match(std::string_view pattern, std::string_view text);

/// A GPU name as it is compared: lower case, '_' and '-' as spaces (API section 2.8).
std::string fold_gpu_name(std::string_view name);

/// glob_match over folded GPU names.
bool gpu_name_match(std::string_view pattern, std::string_view gpu_name);

}  // namespace vastwatch
