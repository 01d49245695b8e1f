#include "daemon/disk.hpp"

#include "base/assert.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace vastwatch::simulation {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t the_directory = 1;  // no file has this inode
constexpr std::size_t most_descriptors = 1024;

Disk* present = nullptr;

// The kernel's calls themselves: the C library's lead back here.

int raw_open(int directory, const char* path, int flags, unsigned mode) {
    return static_cast<int>(::syscall(SYS_openat, directory, path, flags, mode));
}

void raw_close(int descriptor) {
    static_cast<void>(::syscall(SYS_close, descriptor));
}

ssize_t raw_pwrite(int descriptor, const void* bytes, std::size_t size, std::uint64_t offset) {
    return ::syscall(SYS_pwrite64, descriptor, bytes, size, offset);
}

ssize_t raw_pread(int descriptor, void* bytes, std::size_t size, std::uint64_t offset) {
    return ::syscall(SYS_pread64, descriptor, bytes, size, offset);
}

int raw_truncate(int descriptor, std::uint64_t size) {
    return static_cast<int>(::syscall(SYS_ftruncate, descriptor, size));
}

int raw_rename(const char* from, const char* to, unsigned flags) {
    return static_cast<int>(::syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, flags));
}

int raw_unlink(const char* path) {
    return static_cast<int>(::syscall(SYS_unlinkat, AT_FDCWD, path, 0));
}

int raw_link(const char* from, const char* to) {
    return static_cast<int>(::syscall(SYS_linkat, AT_FDCWD, from, AT_FDCWD, to, 0));
}

bool raw_stat(int directory, const char* path, struct stat& status, int flags) {
    return ::syscall(SYS_newfstatat, directory, path, &status, flags) == 0;
}

bool exists(const char* path) {
    return ::syscall(SYS_faccessat, AT_FDCWD, path, F_OK) == 0;
}

void write_all(int descriptor, const std::string& bytes, std::uint64_t offset) {
    std::size_t done = 0;
    while (done < bytes.size()) {
        const auto count =
            raw_pwrite(descriptor, bytes.data() + done, bytes.size() - done, offset + done);
        VW_ASSERT(count > 0);
        done += static_cast<std::size_t>(count);
    }
}

}  // namespace

std::string_view to_string(Harm mishap) {
    constexpr std::array<std::string_view, 5> words{
        "no_space", "io_error", "short_write", "kill", "power_cut"};
    return words.at(static_cast<std::size_t>(mishap));
}

Disk::Disk(fs::path directory, std::uint64_t seed, Trace& trace, std::function<Instant()> now)
    : directory_(std::move(directory)),
      prefix_(directory_.string() + "/"),
      lost_(directory_.string() + ".lost"),
      random_(seed),
      trace_(trace),
      now_(std::move(now)),
      open_(most_descriptors) {
    VW_ASSERT(present == nullptr);
    fs::create_directories(lost_);
    present = this;
}

Disk::~Disk() {
    present = nullptr;
    std::error_code ignored;
    fs::remove_all(lost_, ignored);
}

Disk* Disk::current() {
    return present;
}

void Disk::plan(std::uint64_t operation, Harm mishap) {
    plans_.insert_or_assign(operation, mishap);
}

bool Disk::is_durable(std::string_view name, std::uint64_t offset, std::uint64_t size) const {
    for (const auto& [inode, file] : files_) {
        if (file.name != name) {
            continue;
        }
        // Byte by byte: what was lost may have been written again in pieces.
        std::vector<bool> durable(size, true);  // what no change touches is
        for (const auto& change : file.changes) {
            const auto begin = std::max(change.offset, offset);
            const auto end = std::min(change.offset + change.bytes.size(), offset + size);
            for (auto at = begin; at < end; ++at) {
                durable[at - offset] = change.fate == Fate::durable;
            }
        }
        return std::ranges::find(durable, false) == durable.end();
    }
    return true;
}

bool Disk::owns(const char* path) const {
    const std::string_view text{path};
    return text.starts_with(prefix_) || text == directory_.native();
}

std::string Disk::name_of(const char* path) const {
    return std::string{std::string_view{path}.substr(prefix_.size())};
}

void Disk::ended(Harm mishap) {
    ++mishaps_[mishap];
    dead_ = true;
    power_lost_ = mishap == Harm::power_cut;
    plans_.clear();
}

void Disk::end(Harm mishap) {
    if (!dead_) {
        ended(mishap);
    }
}

/// Numbers an operation, and says what becomes of it. `at` and `size` go into the trace.
Disk::Verdict
Disk::admit(std::string_view kind, const File* file, std::uint64_t at, std::uint64_t size) {
    Verdict verdict;
    if (dead_) {
        verdict.error = EIO;
        return verdict;
    }
    const bool grows = kind == "create" || (kind == "write" && at + size > file->size);
    if (full_ && grows) {
        ++mishaps_[Harm::no_space];
        verdict.error = ENOSPC;
    }
    if (file != nullptr && file->memory) {
        return verdict;
    }
    ++operations_;
    trace_.add(kind);
    if (file != nullptr && !file->anonymous) {
        trace_.add(file->name);
        trace_.add(at);
        trace_.add(size);
    }
    const auto planned = plans_.find(operations_);
    if (planned == plans_.end() || verdict.error != 0) {
        return verdict;
    }
    const auto mishap = planned->second;
    plans_.erase(planned);
    if (mishap == Harm::kill || mishap == Harm::power_cut) {
        verdict.last = true;
        ended(mishap);
        return verdict;
    }
    ++mishaps_[mishap];
    verdict.cut_short = mishap == Harm::short_write && kind == "write" && size > 1;
    if (!verdict.cut_short) {
        verdict.error = mishap == Harm::no_space ? ENOSPC : EIO;
    }
    return verdict;
}

/// The inode of a file, known from now on.
std::uint64_t Disk::file_of(const struct stat& status, const std::string& name) {
    auto& file = files_[status.st_ino];
    if (file.name.empty()) {
        file.changed = now_();
    }
    file.name = name;
    file.size = static_cast<std::uint64_t>(status.st_size);
    file.memory = name.ends_with("-shm");
    file.anonymous = name.ends_with(".lock");
    return status.st_ino;
}

int Disk::open(const char* path, int flags, unsigned mode) {
    const bool creates = (static_cast<unsigned>(flags) & unsigned{O_CREAT}) != 0 && !exists(path);
    bool last = false;
    if (creates) {
        File fresh;
        fresh.name = name_of(path);
        fresh.memory = fresh.name.ends_with("-shm");
        const auto verdict = admit("create", &fresh, 0, 0);
        if (verdict.error != 0 || (verdict.last && below(2) == 0)) {
            errno = verdict.error != 0 ? verdict.error : EIO;
            return -1;
        }
        last = verdict.last;
    }
    const int descriptor = raw_open(AT_FDCWD, path, flags, mode);
    if (descriptor < 0 || static_cast<std::size_t>(descriptor) >= open_.size()) {
        return descriptor;
    }
    struct stat status{};
    if (!raw_stat(descriptor, "", status, AT_EMPTY_PATH)) {
        return descriptor;
    }
    auto& slot = open_[static_cast<std::size_t>(descriptor)];
    slot = S_ISDIR(status.st_mode) ? the_directory : file_of(status, name_of(path));
    if (creates && !files_.at(status.st_ino).memory) {
        Naming naming;
        naming.name = name_of(path);
        namings_.push_back(std::move(naming));
    }
    if (last) {
        close(descriptor);
        errno = EIO;
        return -1;
    }
    return descriptor;
}

int Disk::close(int descriptor) {
    open_[static_cast<std::size_t>(descriptor)] = 0;
    return static_cast<int>(::syscall(SYS_close, descriptor));
}

/// Writes, and remembers what it takes to undo it.
ssize_t
Disk::put(int descriptor, File& file, const char* bytes, std::size_t size, std::uint64_t offset) {
    if (!file.memory) {
        Change change;
        change.offset = offset;
        change.bytes.assign(bytes, size);
        change.size_before = file.size;
        change.size_after = std::max<std::uint64_t>(file.size, offset + size);
        if (offset < file.size) {
            change.before.resize(std::min<std::uint64_t>(size, file.size - offset));
            // The descriptor may be for writing only; then it is new, and nothing is overwritten.
            const auto count =
                raw_pread(descriptor, change.before.data(), change.before.size(), offset);
            VW_ASSERT(count == static_cast<ssize_t>(change.before.size()));
        }
        file.changes.push_back(std::move(change));
    }
    const auto written = raw_pwrite(descriptor, bytes, size, offset);
    VW_ASSERT(written == static_cast<ssize_t>(size));
    file.size = std::max<std::uint64_t>(file.size, offset + size);
    file.changed = now_();
    return written;
}

ssize_t Disk::write(int descriptor, const void* bytes, std::size_t size, off_t offset) {
    auto& file = files_.at(open_[static_cast<std::size_t>(descriptor)]);
    auto at = static_cast<std::uint64_t>(offset);
    if (offset < 0) {
        const auto flags = ::fcntl(descriptor, F_GETFL);
        const bool appends = (static_cast<unsigned>(flags) & unsigned{O_APPEND}) != 0;
        at = appends ? file.size : static_cast<std::uint64_t>(::lseek(descriptor, 0, SEEK_CUR));
    }
    const auto verdict = admit("write", &file, at, size);
    if (verdict.error != 0) {
        errno = verdict.error;
        return -1;
    }
    std::size_t part = size;
    if (verdict.cut_short) {
        part = 1 + below(size - 1);
    } else if (verdict.last) {
        const std::array<std::size_t, 3> parts{0, below(size + 1), size};
        part = parts.at(below(parts.size()));
    }
    if (part > 0) {
        put(descriptor, file, static_cast<const char*>(bytes), part, at);
        if (offset < 0) {
            ::lseek(descriptor, static_cast<off_t>(at + part), SEEK_SET);
        }
    }
    if (verdict.last) {
        errno = EIO;
        return -1;
    }
    return static_cast<ssize_t>(part);
}

int Disk::truncate(int descriptor, off_t size) {
    auto& file = files_.at(open_[static_cast<std::size_t>(descriptor)]);
    const auto wanted = static_cast<std::uint64_t>(size);
    const auto verdict = admit("truncate", &file, wanted, 0);
    if (verdict.error != 0 || (verdict.last && below(2) == 0)) {
        errno = verdict.error != 0 ? verdict.error : EIO;
        return -1;
    }
    if (!file.memory && wanted != file.size) {
        Change change;
        change.offset = std::min(wanted, file.size);
        change.size_before = file.size;
        change.size_after = wanted;
        if (wanted < file.size) {
            change.before.resize(file.size - wanted);
            const auto count =
                raw_pread(descriptor, change.before.data(), change.before.size(), wanted);
            VW_ASSERT(count == static_cast<ssize_t>(change.before.size()));
        }
        file.changes.push_back(std::move(change));
    }
    const int result = raw_truncate(descriptor, wanted);
    file.size = result == 0 ? wanted : file.size;
    file.changed = now_();
    if (verdict.last) {
        errno = EIO;
        return -1;
    }
    return result;
}

void Disk::forget_namings() {
    for (const auto& naming : namings_) {
        if (naming.kept.empty()) {
            continue;
        }
        struct stat status{};
        if (raw_stat(AT_FDCWD, naming.kept.c_str(), status, AT_SYMLINK_NOFOLLOW) &&
            status.st_nlink == 1 &&
            std::ranges::find(open_, std::uint64_t{status.st_ino}) == open_.end()) {
            files_.erase(status.st_ino);
        }
        raw_unlink(naming.kept.c_str());
    }
    namings_.clear();
}

int Disk::sync(int descriptor) {
    const auto inode = open_[static_cast<std::size_t>(descriptor)];
    const bool is_directory = inode == the_directory;
    auto* file = is_directory ? nullptr : &files_.at(inode);
    const auto verdict = admit("sync", file, 0, 0);
    if (verdict.error != 0 || (verdict.last && below(2) == 0)) {
        // What a failed sync has not written the kernel forgets: no later one writes it.
        if (file != nullptr && verdict.error == EIO && !dead_) {
            for (auto& change : file->changes) {
                change.fate = change.fate == Fate::pending ? Fate::lost : change.fate;
            }
        }
        errno = verdict.error != 0 ? verdict.error : EIO;
        return -1;
    }
    if (is_directory) {
        forget_namings();
    } else {
        const bool some_lost = std::ranges::any_of(
            file->changes, [](const auto& change) { return change.fate == Fate::lost; });
        for (auto& change : file->changes) {
            change.fate = change.fate == Fate::pending ? Fate::durable : change.fate;
        }
        if (!some_lost) {
            file->changes.clear();
        }
    }
    if (verdict.last) {
        errno = EIO;
        return -1;
    }
    synced_at_ = now_();
    return 0;
}

/// Keeps a file that is about to lose its name; gives where.
std::string Disk::keep(const std::string& path) {
    const auto kept = (lost_ / std::to_string(++kept_)).string();
    return raw_link(path.c_str(), kept.c_str()) == 0 ? kept : std::string{};
}

int Disk::rename(const char* from, const char* to, unsigned flags) {
    File file;
    file.name = name_of(to);
    file.memory = file.name.ends_with("-shm");
    if (!exists(from)) {
        errno = ENOENT;
        return -1;
    }
    const auto verdict = admit("rename", &file, 0, 0);
    if (verdict.error != 0 || (verdict.last && below(2) == 0)) {
        errno = verdict.error != 0 ? verdict.error : EIO;
        return -1;
    }
    const bool replaces = exists(to) && flags == 0;
    Naming naming;
    naming.kind = Naming::Kind::renamed;
    naming.name = name_of(to);
    naming.from = name_of(from);
    naming.kept = replaces ? keep(to) : std::string{};
    const int result = raw_rename(from, to, flags);
    if (result == 0) {
        struct stat status{};
        if (raw_stat(AT_FDCWD, to, status, AT_SYMLINK_NOFOLLOW)) {
            file_of(status, naming.name);
        }
        namings_.push_back(std::move(naming));
    }
    if (verdict.last) {
        errno = EIO;
        return -1;
    }
    return result;
}

int Disk::unlink(const char* path) {
    File file;
    file.name = name_of(path);
    file.memory = file.name.ends_with("-shm");
    if (!exists(path)) {
        errno = ENOENT;
        return -1;
    }
    const auto verdict = admit("unlink", &file, 0, 0);
    if (verdict.error != 0 || (verdict.last && below(2) == 0)) {
        errno = verdict.error != 0 ? verdict.error : EIO;
        return -1;
    }
    if (!file.memory) {
        Naming naming;
        naming.kind = Naming::Kind::removed;
        naming.name = file.name;
        naming.kept = keep(path);
        namings_.push_back(std::move(naming));
    }
    const int result = raw_unlink(path);
    if (verdict.last) {
        errno = EIO;
        return -1;
    }
    return result;
}

void Disk::stamp(struct stat& status) const {
    const auto found = files_.find(status.st_ino);
    if (found == files_.end()) {
        return;
    }
    const auto since = found->second.changed.time_since_epoch();
    const auto seconds = std::chrono::floor<std::chrono::seconds>(since);
    status.st_mtim.tv_sec = seconds.count();
    status.st_mtim.tv_nsec = (since - seconds).count();
}

/// Undoes the directory's changes, newest first, down to a beginning that happened to be written.
void Disk::lose_namings() {
    const auto survive = below(namings_.size() + 1);
    while (namings_.size() > survive) {
        const auto naming = std::move(namings_.back());
        namings_.pop_back();
        const auto path = prefix_ + naming.name;
        if (naming.kind == Naming::Kind::created) {
            raw_unlink(path.c_str());
        } else if (naming.kind == Naming::Kind::renamed) {
            raw_rename(path.c_str(), (prefix_ + naming.from).c_str(), 0);
        }
        if (!naming.kept.empty()) {
            raw_rename(naming.kept.c_str(), path.c_str(), 0);
        }
    }
    forget_namings();
}

/// Goes back to what was durable and from there, with some of the changes, forth again.
void Disk::lose_changes(const std::string& path, File& file) {
    const int descriptor = raw_open(AT_FDCWD, path.c_str(), O_RDWR | O_CLOEXEC, 0);
    VW_ASSERT(descriptor >= 0);
    for (auto change = file.changes.rbegin(); change != file.changes.rend(); ++change) {
        if (!change->before.empty()) {
            write_all(descriptor, change->before, change->offset);
        }
        raw_truncate(descriptor, change->size_before);
    }
    constexpr std::uint64_t ways = 3;
    const auto way = below(ways);  // nothing survives, everything, or some of it
    std::uint64_t size = file.changes.front().size_before;
    for (auto& change : file.changes) {
        const bool chosen = way == 1 || (way == 2 && below(2) == 0);
        if (change.fate == Fate::lost || (change.fate == Fate::pending && !chosen)) {
            continue;
        }
        if (change.bytes.empty()) {
            raw_truncate(descriptor, change.size_after);
            size = change.size_after;
            continue;
        }
        if (way == 2 && change.fate == Fate::pending && below(4) == 0) {
            change.bytes.resize(below(change.bytes.size() + 1));
        }
        write_all(descriptor, change.bytes, change.offset);
        size = std::max<std::uint64_t>(size, change.offset + change.bytes.size());
    }
    file.size = size;
    file.changes.clear();
    raw_close(descriptor);
}

void Disk::boot() {
    if (power_lost_) {
        lose_namings();
        std::vector<std::uint64_t> found;
        std::error_code ignored;
        for (const auto& entry : fs::directory_iterator{directory_, ignored}) {
            struct stat status{};
            if (!raw_stat(AT_FDCWD, entry.path().c_str(), status, AT_SYMLINK_NOFOLLOW)) {
                continue;
            }
            found.push_back(status.st_ino);
        }
        // In the order of the inodes, so that the choice does not hang on the directory's order.
        for (auto& [inode, file] : files_) {
            if (!file.changes.empty() && std::ranges::find(found, inode) != found.end()) {
                lose_changes(prefix_ + file.name, file);
            }
        }
        std::erase_if(files_, [&](const auto& item) {
            return std::ranges::find(found, item.first) == found.end();
        });
    }
    std::ranges::fill(open_, std::uint64_t{0});
    dead_ = false;
    power_lost_ = false;
}

}  // namespace vastwatch::simulation
