#include "store/files.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <ctime>
#include <string_view>
#include <system_error>
#include <utility>

namespace vastwatch::store {
namespace {

namespace fs = std::filesystem;

std::string reason(int error) {
    return std::generic_category().message(error);
}

/// A descriptor that closes itself.
class Descriptor {
  public:
    explicit Descriptor(int value) : value_(value) {}

    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;

    ~Descriptor() {
        if (value_ >= 0) {
            ::close(value_);
        }
    }

    int get() const { return value_; }

    int release() { return std::exchange(value_, -1); }

  private:
    int value_;
};

/// The digits at the start of the lock file; empty when there are none.
std::string read_pid(int descriptor) {
    std::array<char, 20> buffer{};
    const auto count = ::pread(descriptor, buffer.data(), buffer.size(), 0);
    const std::string_view text{buffer.data(), count > 0 ? static_cast<std::size_t>(count) : 0};
    return std::string{text.substr(0, text.find_first_not_of("0123456789"))};
}

/// Notes our pid for the message of the next one; the lock holds without it, too.
void write_pid(int descriptor) {
    const std::string pid = fmt::format("{}\n", ::getpid());
    if (::ftruncate(descriptor, 0) != 0 ||
        ::pwrite(descriptor, pid.data(), pid.size(), 0) != static_cast<ssize_t>(pid.size())) {
        return;
    }
}

/// "20261121T190405Z", when the file was last written to.
std::string change_time(const fs::path& file) {
    struct stat status{};
    if (::stat(file.c_str(), &status) != 0) {
        return "unknown";
    }
    struct tm utc{};
    if (::gmtime_r(&status.st_mtim.tv_sec, &utc) == nullptr) {
        return "unknown";
    }
    return fmt::format(
        "{:04}{:02}{:02}T{:02}{:02}{:02}Z",
        utc.tm_year + 1900,
        utc.tm_mon + 1,
        utc.tm_mday,
        utc.tm_hour,
        utc.tm_min,
        utc.tm_sec);
}

constexpr std::array<std::string_view, 3> suffixes{"-wal", "-shm", ""};

fs::path with_suffix(const fs::path& path, std::string_view suffix) {
    fs::path longer = path;
    longer += suffix;
    return longer;
}

bool taken(const fs::path& name) {
    std::error_code ignored;
    for (const auto suffix : suffixes) {
        if (fs::exists(with_suffix(name, suffix), ignored)) {
            return true;
        }
    }
    return false;
}

}  // namespace

std::variant<DirectoryLock, std::string> DirectoryLock::take(const fs::path& directory) {
    const fs::path file = directory / "state.lock";
    Descriptor descriptor{::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600)};
    if (descriptor.get() < 0) {
        return fmt::format("cannot open the lock {}: {}", file.string(), reason(errno));
    }
    if (::flock(descriptor.get(), LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK) {
            return fmt::format("cannot lock {}: {}", file.string(), reason(errno));
        }
        const std::string pid = read_pid(descriptor.get());
        return fmt::format(
            "the state directory {} is in use by another vastwatchd{}",
            directory.string(),
            pid.empty() ? "" : " (process " + pid + ")");
    }
    write_pid(descriptor.get());
    return DirectoryLock{descriptor.release()};
}

DirectoryLock::DirectoryLock(DirectoryLock&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)) {}

DirectoryLock& DirectoryLock::operator=(DirectoryLock&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
}

DirectoryLock::~DirectoryLock() {
    if (descriptor_ >= 0) {
        ::close(descriptor_);
    }
}

std::string ensure_directory(const fs::path& directory) {
    if (::mkdir(directory.c_str(), 0700) == 0) {
        sync_directory(directory.parent_path());
        return {};
    }
    const int error = errno;
    std::error_code ignored;
    if (error == EEXIST && fs::is_directory(directory, ignored)) {
        return {};
    }
    return fmt::format("cannot use the state directory {}: {}", directory.string(), reason(error));
}

std::string ensure_private_file(const fs::path& file) {
    const Descriptor descriptor{
        ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600)};
    if (descriptor.get() < 0) {
        return fmt::format("cannot open {}: {}", file.string(), reason(errno));
    }
    struct stat status{};
    if (::fstat(descriptor.get(), &status) == 0 && (status.st_mode & 07777U) != 0600U) {
        ::fchmod(descriptor.get(), 0600);
    }
    return {};
}

bool sync_directory(const fs::path& directory) {
    const fs::path target = directory.empty() ? fs::path{"."} : directory;
    const Descriptor descriptor{::open(target.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    return descriptor.get() >= 0 && ::fsync(descriptor.get()) == 0;
}

std::variant<fs::path, std::string> set_aside(const fs::path& database) {
    const fs::path wanted = with_suffix(database, ".corrupt-" + change_time(database));
    fs::path name = wanted;
    for (int number = 1; taken(name); ++number) {
        name = with_suffix(wanted, fmt::format(".{}", number));
    }
    // The log goes first: a kill in between leaves a damaged database, found as such again, and
    // never the log of one database beside another.
    for (const auto suffix : suffixes) {
        const fs::path from = with_suffix(database, suffix);
        if (::rename(from.c_str(), with_suffix(name, suffix).c_str()) != 0 && errno != ENOENT) {
            return fmt::format("cannot set the damaged {} aside: {}", from.string(), reason(errno));
        }
    }
    sync_directory(database.parent_path());
    return name;
}

}  // namespace vastwatch::store
