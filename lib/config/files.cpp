#include "config/files.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

namespace vastwatch::config {
namespace {

constexpr std::size_t largest_file = std::size_t{1024} * 1024;
constexpr std::size_t most_files = 1000;

class Descriptor {
  public:
    explicit Descriptor(int fd) : fd_(fd) {}

    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    Descriptor(Descriptor&&) = delete;
    Descriptor& operator=(Descriptor&&) = delete;

    ~Descriptor() {
        if (fd_ >= 0) {
            ::close(fd_);
        }
    }

    int get() const { return fd_; }

  private:
    int fd_;
};

std::string why(int error) {
    return std::generic_category().message(error);
}

/// Reads to the end of `fd`, or a byte more than `limit`; an errno otherwise.
int read_all(int fd, std::size_t limit, std::string& out) {
    out.resize(limit + 1);
    std::size_t size = 0;
    while (size < out.size()) {
        const auto count = ::read(fd, out.data() + size, out.size() - size);
        if (count < 0 && errno != EINTR) {
            return errno;
        }
        if (count == 0) {
            break;
        }
        size += count > 0 ? static_cast<std::size_t>(count) : 0;
    }
    out.resize(size);
    return 0;
}

/// The *.conf names of a directory, sorted; a sentence when it cannot be listed.
std::variant<std::vector<std::filesystem::path>, std::string> list_directory(
    const std::filesystem::path& directory) {
    std::vector<std::filesystem::path> names;
    std::error_code error;
    auto it = std::filesystem::directory_iterator{directory, error};
    for (; !error && it != std::filesystem::directory_iterator{}; it.increment(error)) {
        const auto name = it->path().filename().native();
        if (it->path().extension() == ".conf" && !name.starts_with('.')) {
            names.push_back(it->path());
        }
    }
    if (error) {
        return error.message();
    }
    if (names.size() > most_files) {
        return fmt::format("holds more than {} files", most_files);
    }
    std::sort(names.begin(), names.end());
    return names;
}

/// Reads one file into `sources`, or says why that fails.
void add_source(
    const std::filesystem::path& path,
    Problems& problems,
    std::vector<Source>& sources) {
    Source source;
    source.path = path;
    source.number = problems.add_file(path.native());
    auto content = read_file(path, largest_file);
    if (const auto* reason = std::get_if<std::string>(&content)) {
        problems.add(Place{source.number, 0, 0}, "", "cannot be read: " + *reason);
        problems.mark_unreadable();
        problems.mark_incomplete();
        return;
    }
    source.text = std::move(std::get<FileContent>(content).bytes);
    sources.push_back(std::move(source));
}

}  // namespace

std::variant<FileContent, std::string> read_file(
    const std::filesystem::path& path,
    std::size_t limit) {
    // Not blocking, or opening a FIFO would wait for a writer.
    const Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)};
    if (file.get() < 0) {
        return why(errno);
    }
    struct stat status{};
    if (::fstat(file.get(), &status) != 0) {
        return why(errno);
    }
    if (S_ISDIR(status.st_mode)) {
        return "is a directory";
    }
    if (!S_ISREG(status.st_mode)) {
        return "is not a regular file";
    }
    FileContent content;
    content.world_readable = (status.st_mode & S_IROTH) != 0;
    if (const int error = read_all(file.get(), limit, content.bytes); error != 0) {
        return why(error);
    }
    if (content.bytes.size() > limit) {
        return fmt::format("is larger than {} KiB", limit / 1024);
    }
    return content;
}

std::vector<Source> read_sources(const std::filesystem::path& file, Problems& problems) {
    std::vector<Source> sources;
    add_source(file, problems, sources);
    if (sources.empty()) {
        return sources;
    }
    auto directory = file;
    directory += ".d";
    std::error_code error;
    const auto status = std::filesystem::status(directory, error);
    if (status.type() == std::filesystem::file_type::not_found) {
        return sources;
    }
    auto names = list_directory(directory);
    if (const auto* reason = std::get_if<std::string>(&names)) {
        const auto number = problems.add_file(directory.native());
        problems.add(Place{number, 0, 0}, "", "cannot be read: " + *reason);
        problems.mark_unreadable();
        problems.mark_incomplete();
        return sources;
    }
    for (const auto& path : std::get<std::vector<std::filesystem::path>>(names)) {
        add_source(path, problems, sources);
    }
    return sources;
}

}  // namespace vastwatch::config
