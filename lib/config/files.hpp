// Reads small files from disk with every doubt resolved before a byte is used: a regular file, of
// bounded size, read in one go. Blocks; nothing here follows a FIFO or a device into a wait.
#pragma once

#include "config/problems.hpp"

#include <cstddef>
#include <filesystem>
#include <string>
#include <variant>
#include <vector>

namespace vastwatch::config {

/// What a file held, and who else may read it.
struct FileContent {
    std::string bytes;
    bool world_readable = false;
};

/// The file's content, or a sentence saying why not ("No such file or directory", "is a directory",
/// "is larger than 1024 KiB").
std::variant<FileContent, std::string> read_file(
    const std::filesystem::path& path,
    std::size_t limit);

/// One file of the configuration as read.
struct Source {
    std::filesystem::path path;
    std::uint32_t number = 0;  // Place::file
    std::string text;
};

/// `file`, then `file`.d/*.conf in name order (names that begin with a dot are left out). What
/// cannot be read is added to `problems`, which are incomplete then, and missing here.
std::vector<Source> read_sources(const std::filesystem::path& file, Problems& problems);

}  // namespace vastwatch::config
