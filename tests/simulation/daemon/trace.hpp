// A number that two runs share only when the same things happened at the same times: what a seed
// has to reproduce.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace vastwatch::simulation {

class Trace {
  public:
    void add(std::uint64_t value) {
        ++events_;
        hash_ = (hash_ ^ value) * 0x9E3779B97F4A7C15U;
        hash_ ^= hash_ >> 29U;
    }

    void add(std::string_view text) {
        std::uint64_t value = text.size();
        while (!text.empty()) {
            std::uint64_t word = 0;
            const auto part = std::min(text.size(), sizeof(word));
            std::memcpy(&word, text.data(), part);
            text.remove_prefix(part);
            value = (value ^ word) * 0x9E3779B97F4A7C15U;
            value ^= value >> 32U;
        }
        add(value);
    }

    std::uint64_t hash() const { return hash_; }

    /// How many numbers and texts have gone into it.
    std::uint64_t events() const { return events_; }

  private:
    std::uint64_t hash_ = 0x243F6A8885A308D3U;
    std::uint64_t events_ = 0;
};

}  // namespace vastwatch::simulation
