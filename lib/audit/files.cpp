#include "audit/files.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <system_error>
#include <utility>

namespace vastwatch::audit {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t chunk = std::size_t{256} * 1024;
constexpr std::size_t small_chunk = std::size_t{32} * 1024;

/// The number in "audit-123.jsonl".
std::optional<std::uint64_t> first_seq_of(const std::string& name) {
    constexpr std::string_view head = "audit-";
    constexpr std::string_view tail = ".jsonl";
    if (name.size() <= head.size() + tail.size() || !name.starts_with(head) ||
        !name.ends_with(tail)) {
        return std::nullopt;
    }
    std::uint64_t seq = 0;
    const char* last = name.data() + name.size() - tail.size();
    const auto [stop, error] = std::from_chars(name.data() + head.size(), last, seq);
    return error == std::errc{} && stop == last ? std::optional{seq} : std::nullopt;
}

/// pread that is not stopped by signals; fewer bytes only at the end of the file, -1 on an error.
ssize_t read_at(int descriptor, char* to, std::size_t size, std::uint64_t offset) {
    std::size_t done = 0;
    while (done < size) {
        const auto count =
            ::pread(descriptor, to + done, size - done, static_cast<off_t>(offset + done));
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count < 0) {
            return -1;
        }
        if (count == 0) {
            break;
        }
        done += static_cast<std::size_t>(count);
    }
    return static_cast<ssize_t>(done);
}

bool same_file(int descriptor, const fs::path& path) {
    struct stat open_one{};
    struct stat named{};
    return ::fstat(descriptor, &open_one) == 0 && ::stat(path.c_str(), &named) == 0 &&
           open_one.st_dev == named.st_dev && open_one.st_ino == named.st_ino;
}

/// Opens `path` into `files`; a missing file is none.
void add_file(
    const fs::path& path,
    std::vector<OpenFile>& files,
    std::vector<std::string>& unreadable) {
    Descriptor descriptor{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
    if (descriptor.is_open()) {
        files.push_back(OpenFile{path, std::move(descriptor)});
    } else if (errno != ENOENT) {
        unreadable.push_back(fmt::format("cannot read {}: {}", path.string(), reason(errno)));
    }
}

}  // namespace

fs::path current_file(const fs::path& directory) {
    return directory / "audit.jsonl";
}

fs::path rotated_file(const fs::path& directory, std::uint64_t first_seq) {
    return directory / fmt::format("audit-{}.jsonl", first_seq);
}

std::vector<fs::path> rotated_files(const fs::path& directory) {
    std::vector<std::pair<std::uint64_t, fs::path>> found;
    std::error_code error;
    for (fs::directory_iterator at{directory, error}, end; !error && at != end;
         at.increment(error)) {
        if (const auto seq = first_seq_of(at->path().filename().string())) {
            found.emplace_back(*seq, at->path());
        }
    }
    std::sort(found.begin(), found.end());
    std::vector<fs::path> paths;
    paths.reserve(found.size());
    for (auto& [seq, path] : found) {
        paths.push_back(std::move(path));
    }
    return paths;
}

std::string reason(int error) {
    return std::generic_category().message(error);
}

bool sync_directory(const fs::path& directory) {
    const fs::path target = directory.empty() ? fs::path{"."} : directory;
    const Descriptor descriptor{::open(target.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    return descriptor.is_open() && ::fsync(descriptor.get()) == 0;
}

Descriptor::Descriptor(Descriptor&& other) noexcept : value_(std::exchange(other.value_, -1)) {}

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
    std::swap(value_, other.value_);
    return *this;
}

Descriptor::~Descriptor() {
    if (value_ >= 0) {
        ::close(value_);
    }
}

std::vector<OpenFile> open_all(const fs::path& directory, std::vector<std::string>& unreadable) {
    constexpr int tries = 5;
    for (int i = 1;; ++i) {
        std::vector<OpenFile> files;
        std::vector<std::string> problems;
        const auto rotated = rotated_files(directory);
        for (const auto& path : rotated) {
            add_file(path, files, problems);
        }
        const auto current = current_file(directory);
        const auto before = files.size();
        add_file(current, files, problems);
        const bool opened = files.size() > before;
        const bool still = rotated == rotated_files(directory) &&
                           (!opened || same_file(files.back().descriptor.get(), current));
        if (still || i == tries) {
            unreadable.insert(unreadable.end(), problems.begin(), problems.end());
            return files;
        }
    }
}

std::optional<Line> ForwardLines::next() {
    std::size_t searched = begin_;
    for (;;) {
        const auto newline = buffer_.find('\n', searched);
        if (newline != std::string::npos) {
            const Line line{
                std::string_view{buffer_}.substr(begin_, newline - begin_), offset_ + begin_, true};
            begin_ = newline + 1;
            return line;
        }
        searched = buffer_.size() - begin_;
        if (!read_more()) {
            break;
        }
    }
    if (begin_ == buffer_.size() || error_ != 0) {
        return std::nullopt;
    }
    const Line line{std::string_view{buffer_}.substr(begin_), offset_ + begin_, false};
    begin_ = buffer_.size();
    return line;
}

bool ForwardLines::read_more() {
    if (ended_) {
        return false;
    }
    buffer_.erase(0, begin_);
    offset_ += begin_;
    begin_ = 0;
    const auto had = buffer_.size();
    buffer_.resize(had + chunk);
    const auto count = read_at(descriptor_, buffer_.data() + had, chunk, offset_ + had);
    error_ = count < 0 ? errno : 0;
    buffer_.resize(had + (count > 0 ? static_cast<std::size_t>(count) : 0));
    ended_ = count < static_cast<ssize_t>(chunk);
    return count > 0;
}

BackwardLines::BackwardLines(int descriptor) : descriptor_(descriptor) {
    const auto end = ::lseek(descriptor, 0, SEEK_END);
    offset_ = end > 0 ? static_cast<std::uint64_t>(end) : 0;
}

std::optional<Line> BackwardLines::next() {
    if (done_ || (!begun_ && !read_more())) {
        return std::nullopt;
    }
    const bool terminated = begun_ || buffer_.back() == '\n';
    if (!begun_ && terminated) {
        buffer_.pop_back();
    }
    begun_ = true;
    std::size_t unsearched = buffer_.size();
    for (;;) {
        const auto newline =
            unsearched == 0 ? std::string::npos : buffer_.rfind('\n', unsearched - 1);
        if (newline != std::string::npos) {
            given_ = buffer_.substr(newline + 1);
            buffer_.resize(newline);
            return Line{given_, offset_ + newline + 1, terminated};
        }
        const auto had = buffer_.size();
        if (!read_more()) {
            given_ = std::move(buffer_);
            buffer_.clear();
            done_ = true;
            return Line{given_, offset_, terminated};
        }
        unsearched = buffer_.size() - had;
    }
}

bool BackwardLines::read_more() {
    const auto size = std::min<std::uint64_t>(small_chunk, offset_);
    if (size == 0) {
        return false;
    }
    std::string more(size, '\0');
    if (read_at(descriptor_, more.data(), size, offset_ - size) != static_cast<ssize_t>(size)) {
        return false;
    }
    buffer_.insert(0, more);
    offset_ -= size;
    return true;
}

}  // namespace vastwatch::audit
