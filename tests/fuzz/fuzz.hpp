// What the fuzz targets share: checks, judges of text that are written without lib/base (which they
// judge), the taking apart of an input, and a directory in memory.
#pragma once

#include "base/money.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vastwatch::fuzz {

// The name is libFuzzer's. Each target defines it.
// NOLINTNEXTLINE(readability-identifier-naming)
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

/// Ends the process with the rule, and the text that broke it made visible.
[[noreturn]] void end_with(std::string_view rule, std::string_view about);

/// Ends the process when the rule does not hold, so that libFuzzer keeps the input.
inline void require(bool holds, std::string_view rule, std::string_view about = {}) {
    if (!holds) {
        end_with(rule, about);
    }
}

/// The input as text.
std::string_view text_of(const std::uint8_t* data, std::size_t size);

/// The parts of `text` between `separator`s; one at least.
std::vector<std::string_view> split(std::string_view text, char separator);

/// Gives an input out piece by piece; what is used up gives zeros and empty texts.
class Input {
  public:
    explicit Input(std::string_view bytes) : rest_(bytes) {}

    bool empty() const { return rest_.empty(); }

    std::uint8_t byte();

    /// Eight bytes, the least first.
    std::uint64_t number();

    /// Up to the next newline, which is dropped.
    std::string_view line();

    std::string_view rest() const { return rest_; }

  private:
    std::string_view rest_;
};

/// A number that depends on every byte (FNV-1a): for choices that must not change the input.
std::uint64_t hash_of(std::string_view bytes);

/// Well-formed UTF-8 (RFC 3629).
bool is_utf8(std::string_view text);

/// No C0, DEL or C1 control character, line separator or bidirectional control, in UTF-8.
bool is_printable(std::string_view text);

/// Valid JSON, and nothing after it.
bool is_json(std::string_view text);

/// Text that is shown: not too long, well-formed, and printable.
void require_shown(std::string_view text, std::size_t most_bytes, std::string_view rule);

/// From -most to most dollars.
bool within(Usd amount, std::int64_t most);

/// From zero to what a rate may be, a hundred thousand dollars per hour.
bool is_rate(UsdPerHour rate);

/// A directory of this process, in memory where the system has such a place; goes at the end.
class MemoryDirectory {
  public:
    MemoryDirectory();
    MemoryDirectory(const MemoryDirectory&) = delete;
    MemoryDirectory& operator=(const MemoryDirectory&) = delete;
    ~MemoryDirectory();

    const std::filesystem::path& path() const { return path_; }

    /// Removes all files in it.
    void clear() const;

  private:
    std::filesystem::path path_;
};

void write_file(const std::filesystem::path& path, std::string_view bytes);

/// The whole content; nothing when there is no such file.
std::optional<std::string> read_file(const std::filesystem::path& path);

}  // namespace vastwatch::fuzz
