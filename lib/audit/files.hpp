// The log's files and their lines, forwards and backwards, without holding a file in memory.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vastwatch::audit {

/// The file that is appended to.
std::filesystem::path current_file(const std::filesystem::path& directory);
/// The name a full file gets: by the number of its first record.
std::filesystem::path rotated_file(const std::filesystem::path& directory, std::uint64_t first_seq);
/// The rotated files, oldest first.
std::vector<std::filesystem::path> rotated_files(const std::filesystem::path& directory);

/// The system's word for an errno value.
std::string reason(int error);

/// Makes what was created and renamed in `directory` durable; false when that failed.
bool sync_directory(const std::filesystem::path& directory);

/// An open file descriptor that closes itself; -1 = none.
class Descriptor {
  public:
    explicit Descriptor(int value = -1) : value_(value) {}

    Descriptor(Descriptor&& other) noexcept;
    Descriptor& operator=(Descriptor&& other) noexcept;
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor();

    int get() const { return value_; }

    bool is_open() const { return value_ >= 0; }

  private:
    int value_;
};

struct OpenFile {
    std::filesystem::path path;
    Descriptor descriptor;
};

/// All files of the log, oldest first, opened at one moment: a rotation in between neither hides
/// nor doubles lines. `unreadable` gets a sentence for each that cannot be opened.
std::vector<OpenFile> open_all(
    const std::filesystem::path& directory,
    std::vector<std::string>& unreadable);

/// A line, without its newline.
struct Line {
    std::string_view text;     // until the next call
    std::uint64_t offset = 0;  // where it begins
    bool terminated = false;   // a newline ends it
};

/// The lines from the beginning on.
class ForwardLines {
  public:
    explicit ForwardLines(int descriptor) : descriptor_(descriptor) {}

    /// Nothing at the end of the file, or when it cannot be read on (see error()).
    std::optional<Line> next();

    /// The errno value that ended the reading early; 0 = none.
    int error() const { return error_; }

  private:
    bool read_more();

    int descriptor_;
    std::string buffer_;
    std::size_t begin_ = 0;     // of the next line in the buffer
    std::uint64_t offset_ = 0;  // of the buffer in the file
    bool ended_ = false;
    int error_ = 0;
};

/// The lines from the end on.
class BackwardLines {
  public:
    explicit BackwardLines(int descriptor);

    std::optional<Line> next();

  private:
    bool read_more();

    int descriptor_;
    std::string buffer_;        // from offset_ to the end of the next line to give
    std::uint64_t offset_ = 0;  // of the buffer in the file
    std::string given_;
    bool begun_ = false;
    bool done_ = false;
};

}  // namespace vastwatch::audit
