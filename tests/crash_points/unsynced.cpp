#include "unsynced.hpp"

#include "points.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace vastwatch::crash_points {
namespace {

/// What a stretch of a file was before it was written over, and how long the file was.
struct Before {
    int descriptor = -1;  // of our own, by which the file is found whatever it is called by then
    off_t length = 0;
    off_t offset = 0;
    std::string bytes;
};

using File = std::pair<dev_t, ino_t>;

std::mutex mutex;
std::vector<Before> journal;

/// One descriptor per file, never closed: closing any takes SQLite's locks on that file away.
std::map<File, int> descriptors;

int own_descriptor(const File& file, int descriptor) {
    const auto found = descriptors.find(file);
    if (found != descriptors.end()) {
        return found->second;
    }
    const auto path = "/proc/self/fd/" + std::to_string(descriptor);
    const auto own =
        static_cast<int>(::syscall(SYS_openat, AT_FDCWD, path.c_str(), O_RDWR | O_CLOEXEC, 0));
    descriptors.emplace(file, own);
    return own;
}

/// Saves `size` bytes at `offset`, as far as they exist.
void save(int descriptor, off_t offset, std::size_t size) {
    struct stat status{};
    if (::fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode)) {
        return;
    }
    Before before;
    before.descriptor = own_descriptor({status.st_dev, status.st_ino}, descriptor);
    before.length = status.st_size;
    before.offset = offset;
    before.bytes.resize(size);
    const auto count = ::pread(before.descriptor, before.bytes.data(), size, offset);
    before.bytes.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
    journal.push_back(std::move(before));
}

}  // namespace

void before_write(int descriptor, std::size_t size, off_t offset) {
    if (when() != When::power || target_of_descriptor(descriptor).name.empty()) {
        return;
    }
    const std::lock_guard lock{mutex};
    if (offset < 0) {
        const bool appends = (::fcntl(descriptor, F_GETFL) & O_APPEND) != 0;
        offset = appends ? ::lseek(descriptor, 0, SEEK_END) : ::lseek(descriptor, 0, SEEK_CUR);
    }
    save(descriptor, std::max<off_t>(offset, 0), size);
}

void before_resize(int descriptor, off_t length) {
    if (when() != When::power || target_of_descriptor(descriptor).name.empty()) {
        return;
    }
    const std::lock_guard lock{mutex};
    struct stat status{};
    const bool shorter = ::fstat(descriptor, &status) == 0 && length < status.st_size;
    save(descriptor, length, shorter ? static_cast<std::size_t>(status.st_size - length) : 0);
}

void synced(int descriptor) {
    struct stat status{};
    if (when() != When::power || ::fstat(descriptor, &status) != 0) {
        return;
    }
    const std::lock_guard lock{mutex};
    const auto own = descriptors.find({status.st_dev, status.st_ino});
    if (own != descriptors.end()) {
        std::erase_if(
            journal, [&](const Before& before) { return before.descriptor == own->second; });
    }
}

void lose_unsynced() {
    // The lock is kept until the end: what other threads still write comes after the power cut.
    mutex.lock();
    for (auto before = journal.rbegin(); before != journal.rend(); ++before) {
        static_cast<void>(::syscall(
            SYS_pwrite64,
            before->descriptor,
            before->bytes.data(),
            before->bytes.size(),
            before->offset));
        static_cast<void>(::syscall(SYS_ftruncate, before->descriptor, before->length));
    }
}

}  // namespace vastwatch::crash_points
