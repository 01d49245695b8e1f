#include "base/secret.hpp"

#include <cstring>

namespace vastwatch {

void Secret::wipe() noexcept {
    if (!value_.empty()) {
        explicit_bzero(value_.data(), value_.size());  // not optimised away, unlike memset
    }
}

}  // namespace vastwatch
