#include "base/glob.hpp"

#include "base/text.hpp"

#include <algorithm>

namespace vastwatch {

bool glob_match(std::string_view pattern, std::string_view text) {
    std::size_t p = 0;
    std::size_t t = 0;
    std::size_t star = std::string_view::npos;  // the last '*' seen, and where its run began
    std::size_t star_text = 0;
    while (t < text.size()) {
        if (p < pattern.size() && pattern[p] == '*') {
            star = p++;
            star_text = t;
        } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) {
            ++p;
            ++t;
        } else if (star != std::string_view::npos) {
            p = star + 1;
            t = ++star_text;
        } else {
            return false;
        }
    }
    while (p < pattern.size() && pattern[p] == '*') {
        ++p;
    }
    return p == pattern.size();
}

std::string fold_gpu_name(std::string_view name) {
    std::string folded = to_lower(name);
    std::replace(folded.begin(), folded.end(), '_', ' ');
    std::replace(folded.begin(), folded.end(), '-', ' ');
    return std::string{trim(folded)};
}

bool gpu_name_match(std::string_view pattern, std::string_view gpu_name) {
    return glob_match(fold_gpu_name(pattern), fold_gpu_name(gpu_name));
}

}  // namespace vastwatch
