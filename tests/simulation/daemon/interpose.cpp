// The C library's calls that change files, as the program sees them and the libraries it is linked
// to: what concerns the simulated disk goes there, everything else straight to the kernel. Linked
// as an object, so that the program itself defines them. openat is left out: it is how directories
// are read, and what it opens is closed within the C library, unseen.
#include "daemon/disk.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdarg>
#include <string_view>

namespace {

using vastwatch::simulation::Disk;

Disk* disk_of(const char* path) {
    auto* disk = Disk::current();
    return disk != nullptr && disk->owns(path) ? disk : nullptr;
}

Disk* disk_of(int descriptor) {
    auto* disk = Disk::current();
    return disk != nullptr && disk->owns(descriptor) ? disk : nullptr;
}

int open_any(const char* path, int flags, unsigned mode) {
    if (auto* disk = disk_of(path)) {
        return disk->open(path, flags, mode);
    }
    return static_cast<int>(::syscall(SYS_openat, AT_FDCWD, path, flags, mode));
}

int sync_any(int descriptor) {
    if (auto* disk = disk_of(descriptor)) {
        return disk->sync(descriptor);
    }
    return static_cast<int>(::syscall(SYS_fsync, descriptor));
}

int truncate_any(int descriptor, off_t size) {
    if (auto* disk = disk_of(descriptor)) {
        return disk->truncate(descriptor, size);
    }
    return static_cast<int>(::syscall(SYS_ftruncate, descriptor, size));
}

ssize_t write_any(int descriptor, const void* bytes, std::size_t size, off_t offset) {
    if (auto* disk = disk_of(descriptor)) {
        return disk->write(descriptor, bytes, size, offset);
    }
    if (offset < 0) {
        return ::syscall(SYS_write, descriptor, bytes, size);
    }
    return ::syscall(SYS_pwrite64, descriptor, bytes, size, offset);
}

int rename_any(const char* from, const char* to, unsigned flags) {
    if (auto* disk = disk_of(from)) {
        return disk->rename(from, to, flags);
    }
    return static_cast<int>(::syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, flags));
}

int stat_any(int directory, const char* path, struct stat* status, int flags) {
    const auto result = static_cast<int>(::syscall(SYS_newfstatat, directory, path, status, flags));
    if (const auto* disk = Disk::current(); result == 0 && disk != nullptr) {
        disk->stamp(*status);
    }
    return result;
}

bool is_scratch(std::string_view path) {
    return path == "/proc/self" || path == "/proc/self/cwd";
}

/// The mode is there only where a file may be made.
unsigned mode_of(int flags, std::va_list arguments) {
    const auto bits = static_cast<unsigned>(flags);
    const bool given = (bits & unsigned{O_CREAT}) != 0 || (bits & unsigned{O_TMPFILE}) != 0;
    return given ? va_arg(arguments, unsigned) : 0;
}

}  // namespace

// NOLINTBEGIN: these are the C library's names and shapes.
extern "C" {

int open(const char* path, int flags, ...) {
    va_list arguments;
    va_start(arguments, flags);
    const auto mode = mode_of(flags, arguments);
    va_end(arguments);
    return open_any(path, flags, mode);
}

int open64(const char* path, int flags, ...) {
    va_list arguments;
    va_start(arguments, flags);
    const auto mode = mode_of(flags, arguments);
    va_end(arguments);
    return open_any(path, flags, mode);
}

int close(int descriptor) {
    if (auto* disk = disk_of(descriptor)) {
        return disk->close(descriptor);
    }
    return static_cast<int>(::syscall(SYS_close, descriptor));
}

ssize_t write(int descriptor, const void* bytes, size_t size) {
    return write_any(descriptor, bytes, size, -1);
}

ssize_t pwrite(int descriptor, const void* bytes, size_t size, off_t offset) {
    return write_any(descriptor, bytes, size, offset);
}

ssize_t pwrite64(int descriptor, const void* bytes, size_t size, off64_t offset) {
    return write_any(descriptor, bytes, size, offset);
}

int ftruncate(int descriptor, off_t size) noexcept {
    return truncate_any(descriptor, size);
}

int ftruncate64(int descriptor, off64_t size) noexcept {
    return truncate_any(descriptor, size);
}

int fsync(int descriptor) {
    return sync_any(descriptor);
}

int fdatasync(int descriptor) {
    return sync_any(descriptor);
}

int rename(const char* from, const char* to) noexcept {
    return rename_any(from, to, 0);
}

int renameat2(int, const char* from, int, const char* to, unsigned flags) noexcept {
    return rename_any(from, to, flags);
}

int unlink(const char* path) noexcept {
    if (auto* disk = disk_of(path)) {
        return disk->unlink(path);
    }
    return static_cast<int>(::syscall(SYS_unlinkat, AT_FDCWD, path, 0));
}

int stat(const char* path, struct stat* status) noexcept {
    return stat_any(AT_FDCWD, path, status, 0);
}

int stat64(const char* path, struct stat64* status) noexcept {
    return stat_any(AT_FDCWD, path, reinterpret_cast<struct stat*>(status), 0);
}

/// SQLite asks of each part of a path whether it leads elsewhere. The name of the scratch directory
/// does, and has to stay what it is.
int lstat(const char* path, struct stat* status) noexcept {
    return stat_any(AT_FDCWD, path, status, is_scratch(path) ? 0 : AT_SYMLINK_NOFOLLOW);
}

int lstat64(const char* path, struct stat64* status) noexcept {
    return lstat(path, reinterpret_cast<struct stat*>(status));
}

int fstat(int descriptor, struct stat* status) noexcept {
    return stat_any(descriptor, "", status, AT_EMPTY_PATH);
}

int fstat64(int descriptor, struct stat64* status) noexcept {
    return stat_any(descriptor, "", reinterpret_cast<struct stat*>(status), AT_EMPTY_PATH);
}

}  // extern "C"
// NOLINTEND
