#include "base/ulid.hpp"

#include <array>

namespace vastwatch {
namespace {

constexpr std::array<char, 33> alphabet{"0123456789ABCDEFGHJKMNPQRSTVWXYZ"};

/// `count` characters of five bits each, the last one from the lowest bits of `bits`.
void append_base32(std::string& out, std::uint64_t bits, unsigned count) {
    for (unsigned i = count; i-- > 0;) {
        out += alphabet[(bits >> (5U * i)) & 31U];
    }
}

}  // namespace

std::string make_ulid(Instant time, std::uint64_t random_high, std::uint64_t random_low) {
    const auto millis =
        std::chrono::floor<std::chrono::milliseconds>(time.time_since_epoch()).count();
    std::string out;
    out.reserve(26);
    append_base32(out, static_cast<std::uint64_t>(millis) & 0xFFFFFFFFFFFFULL, 10);
    // 80 bits as two runs of 40: the high 16 with the top 24 of the low word, then its low 40.
    const std::uint64_t first = ((random_high & 0xFFFFU) << 24U) | (random_low >> 40U);
    append_base32(out, first, 8);
    append_base32(out, random_low & 0xFFFFFFFFFFULL, 8);
    return out;
}

}  // namespace vastwatch
