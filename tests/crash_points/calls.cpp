// libc's functions that change files or send to a connection, in front of libc's own. Each does its
// system call itself, so nothing has to be looked up.
#include "points.hpp"
#include "unsynced.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <vector>

namespace vastwatch::crash_points {
namespace {

/// The system call with libc's convention: -1 and errno on failure.
template <class... Arguments>
ssize_t call(long number, Arguments... arguments) {
    return ::syscall(number, arguments...);
}

int open_at(const char* name, int folder, const char* path, int flags, mode_t mode) {
    const auto whole = [&] {
        return static_cast<int>(call(SYS_openat, folder, path, flags, mode));
    };
    if ((flags & (O_CREAT | O_TRUNC)) == 0) {
        return whole();
    }
    return perform(name, target_of_path(folder, path), whole);
}

mode_t mode_of(int flags, va_list& arguments) {
    const bool given = (flags & (O_CREAT | O_TMPFILE)) != 0;
    return given ? va_arg(arguments, mode_t) : 0;
}

ssize_t write_at(const char* name, int file, const void* data, size_t size, off_t offset) {
    const auto put = [&](size_t bytes) {
        before_write(file, bytes, offset);
        return offset < 0 ? call(SYS_write, file, data, bytes)
                          : call(SYS_pwrite64, file, data, bytes, offset);
    };
    return perform(
        name,
        target_of_descriptor(file),
        size,
        [&] { return put(size); },
        [&] { static_cast<void>(put(size / 2)); });
}

size_t total(const iovec* parts, size_t count) {
    size_t sum = 0;
    for (size_t i = 0; i < count; ++i) {
        sum += parts[i].iov_len;
    }
    return sum;
}

/// The first half of the bytes.
std::vector<iovec> first_half(const iovec* parts, size_t count) {
    std::vector<iovec> half;
    size_t left = total(parts, count) / 2;
    for (size_t i = 0; i < count && left > 0; ++i) {
        half.push_back(iovec{parts[i].iov_base, std::min(left, parts[i].iov_len)});
        left -= half.back().iov_len;
    }
    return half;
}

int resize(const char* name, int file, off_t length) {
    return perform(name, target_of_descriptor(file), [&] {
        before_resize(file, length);
        return static_cast<int>(call(SYS_ftruncate, file, length));
    });
}

int sync(const char* name, long number, int file) {
    return perform(name, target_of_descriptor(file), [&] {
        const auto result = static_cast<int>(call(number, file));
        if (result == 0) {
            synced(file);
        }
        return result;
    });
}

int rename_at(int from_folder, const char* from, int to_folder, const char* to, unsigned flags) {
    auto target = target_of_path(from_folder, from);
    if (target.name.empty()) {
        target = target_of_path(to_folder, to);
    }
    return perform("rename", target, [&] {
        return static_cast<int>(call(SYS_renameat2, from_folder, from, to_folder, to, flags));
    });
}

int unlink_at(const char* name, int folder, const char* path, int flags) {
    return perform(name, target_of_path(folder, path), [&] {
        return static_cast<int>(call(SYS_unlinkat, folder, path, flags));
    });
}

int link_at(int from_folder, const char* from, int to_folder, const char* to, int flags) {
    return perform("link", target_of_path(to_folder, to), [&] {
        return static_cast<int>(call(SYS_linkat, from_folder, from, to_folder, to, flags));
    });
}

unsigned port_of(const sockaddr* address, socklen_t size) {
    if (address->sa_family == AF_INET && size >= sizeof(sockaddr_in)) {
        return ntohs(reinterpret_cast<const sockaddr_in*>(address)->sin_port);
    }
    if (address->sa_family == AF_INET6 && size >= sizeof(sockaddr_in6)) {
        return ntohs(reinterpret_cast<const sockaddr_in6*>(address)->sin6_port);
    }
    return 0;
}

}  // namespace

extern "C" {

int open(const char* path, int flags, ...) {
    va_list arguments;
    va_start(arguments, flags);
    const auto mode = mode_of(flags, arguments);
    va_end(arguments);
    return open_at("open", AT_FDCWD, path, flags, mode);
}

int open64(const char* path, int flags, ...) {
    va_list arguments;
    va_start(arguments, flags);
    const auto mode = mode_of(flags, arguments);
    va_end(arguments);
    return open_at("open", AT_FDCWD, path, flags, mode);
}

int openat(int folder, const char* path, int flags, ...) {
    va_list arguments;
    va_start(arguments, flags);
    const auto mode = mode_of(flags, arguments);
    va_end(arguments);
    return open_at("openat", folder, path, flags, mode);
}

int openat64(int folder, const char* path, int flags, ...) {
    va_list arguments;
    va_start(arguments, flags);
    const auto mode = mode_of(flags, arguments);
    va_end(arguments);
    return open_at("openat", folder, path, flags, mode);
}

int creat(const char* path, mode_t mode) {
    return open_at("creat", AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC, mode);
}

int creat64(const char* path, mode_t mode) {
    return open_at("creat", AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC, mode);
}

int mkdir(const char* path, mode_t mode) noexcept {
    return perform("mkdir", target_of_path(AT_FDCWD, path), [&] {
        return static_cast<int>(call(SYS_mkdirat, AT_FDCWD, path, mode));
    });
}

int fchmod(int file, mode_t mode) noexcept {
    return perform("fchmod", target_of_descriptor(file), [&] {
        return static_cast<int>(call(SYS_fchmod, file, mode));
    });
}

ssize_t write(int file, const void* data, size_t size) {
    return write_at("write", file, data, size, -1);
}

ssize_t pwrite(int file, const void* data, size_t size, off_t offset) {
    return write_at("pwrite", file, data, size, offset);
}

ssize_t pwrite64(int file, const void* data, size_t size, off64_t offset) {
    return write_at("pwrite", file, data, size, offset);
}

ssize_t writev(int file, const iovec* parts, int count) {
    const auto number = static_cast<size_t>(count);
    const auto put = [&](const iovec* some, size_t how_many) {
        before_write(file, total(some, how_many), -1);
        return call(SYS_writev, file, some, how_many);
    };
    return perform(
        "writev",
        target_of_descriptor(file),
        total(parts, number),
        [&] { return put(parts, number); },
        [&] {
            const auto half = first_half(parts, number);
            static_cast<void>(put(half.data(), half.size()));
        });
}

int ftruncate(int file, off_t length) noexcept {
    return resize("ftruncate", file, length);
}

int ftruncate64(int file, off64_t length) noexcept {
    return resize("ftruncate", file, length);
}

int fsync(int file) {
    return sync("fsync", SYS_fsync, file);
}

int fdatasync(int file) {
    return sync("fdatasync", SYS_fdatasync, file);
}

int rename(const char* from, const char* to) noexcept {
    return rename_at(AT_FDCWD, from, AT_FDCWD, to, 0);
}

int renameat(int from_folder, const char* from, int to_folder, const char* to) noexcept {
    return rename_at(from_folder, from, to_folder, to, 0);
}

int renameat2(
    int from_folder,
    const char* from,
    int to_folder,
    const char* to,
    unsigned flags) noexcept {
    return rename_at(from_folder, from, to_folder, to, flags);
}

int unlink(const char* path) noexcept {
    return unlink_at("unlink", AT_FDCWD, path, 0);
}

int unlinkat(int folder, const char* path, int flags) noexcept {
    return unlink_at("unlink", folder, path, flags);
}

int rmdir(const char* path) noexcept {
    return unlink_at("rmdir", AT_FDCWD, path, AT_REMOVEDIR);
}

int link(const char* from, const char* to) noexcept {
    return link_at(AT_FDCWD, from, AT_FDCWD, to, 0);
}

int linkat(int from_folder, const char* from, int to_folder, const char* to, int flags) noexcept {
    return link_at(from_folder, from, to_folder, to, flags);
}

int connect(int file, const sockaddr* address, socklen_t size) {
    note_connection(file, port_of(address, size));
    return static_cast<int>(call(SYS_connect, file, address, size));
}

int accept(int file, sockaddr* address, socklen_t* size) {
    const auto taken = static_cast<int>(call(SYS_accept, file, address, size));
    note_connection(taken, 0);
    return taken;
}

ssize_t sendto(
    int file,
    const void* data,
    size_t size,
    int flags,
    const sockaddr* address,
    socklen_t address_size) {
    const auto put = [&](size_t bytes) {
        return call(SYS_sendto, file, data, bytes, flags, address, address_size);
    };
    return perform(
        "send",
        target_of_descriptor(file),
        size,
        [&] { return put(size); },
        [&] { static_cast<void>(put(size / 2)); });
}

ssize_t send(int file, const void* data, size_t size, int flags) {
    return sendto(file, data, size, flags, nullptr, 0);
}

ssize_t sendmsg(int file, const msghdr* message, int flags) {
    return perform(
        "sendmsg",
        target_of_descriptor(file),
        total(message->msg_iov, message->msg_iovlen),
        [&] { return call(SYS_sendmsg, file, message, flags); },
        [&] {
            auto half = first_half(message->msg_iov, message->msg_iovlen);
            msghdr shorter = *message;
            shorter.msg_iov = half.data();
            shorter.msg_iovlen = half.size();
            static_cast<void>(call(SYS_sendmsg, file, &shorter, flags));
        });
}

}  // extern "C"

}  // namespace vastwatch::crash_points
