#include "audit/writer.hpp"

#include "audit/line.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>
#include <system_error>
#include <utility>

namespace vastwatch::audit {
namespace {

namespace fs = std::filesystem;

/// The errno value that stopped the writing; 0 when all is written.
int write_all(int descriptor, std::string_view bytes) {
    while (!bytes.empty()) {
        const auto count = ::write(descriptor, bytes.data(), bytes.size());
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count < 0) {
            return errno;
        }
        bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return 0;
}

/// Writes a new file "audit.torn-N" and makes it durable; its name, or the errno value.
std::pair<std::string, int> keep_aside(const fs::path& directory, std::string_view bytes) {
    for (int number = 1;; ++number) {
        const std::string name = fmt::format("audit.torn-{}", number);
        const fs::path path = directory / name;
        const Descriptor file{
            ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600)};
        if (!file.is_open() && errno == EEXIST) {
            continue;
        }
        if (!file.is_open()) {
            return {name, errno};
        }
        int error = write_all(file.get(), bytes);
        if (error == 0 && ::fsync(file.get()) != 0) {
            error = errno;
        }
        if (error != 0) {
            ::unlink(path.c_str());
        }
        return {name, error};
    }
}

/// Adds the whole lines of a file, newest first, up to a record; false when there is none. What is
/// not complete is left out, as verify() does.
bool read_back(const fs::path& path, std::vector<std::string>& lines, std::string& problem) {
    const auto note = [&problem](std::string text) {
        problem = problem.empty() ? std::move(text) : problem;
    };
    const Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
    if (!file.is_open()) {
        note(fmt::format("cannot read {}: {}", path.string(), reason(errno)));
        return false;
    }
    BackwardLines backward{file.get()};
    while (const auto line = backward.next()) {
        if (!line->terminated) {
            note(fmt::format("the last line of {} is not complete", path.string()));
            continue;
        }
        lines.emplace_back(line->text);
        if (link_of(line->text)) {
            return true;
        }
        note(fmt::format("the last line of {} is not a record", path.string()));
    }
    note(fmt::format("there is no record in {}", path.string()));
    return false;
}

Instant change_time(int descriptor) {
    struct stat status{};
    if (::fstat(descriptor, &status) != 0) {
        return Instant{};
    }
    return Instant{
        std::chrono::seconds{status.st_mtim.tv_sec} +
        std::chrono::nanoseconds{status.st_mtim.tv_nsec}};
}

}  // namespace

Writer::Writer(fs::path directory, std::uint64_t rotate_at)
    : directory_(std::move(directory)), path_(current_file(directory_)), rotate_at_(rotate_at) {}

AuditError Writer::failed(const char* what, int error) const {
    return AuditError{fmt::format("cannot {} {}: {}", what, path_.string(), reason(error))};
}

std::optional<AuditError> Writer::open(std::string& problem) {
    if (auto error = open_file()) {
        return error;
    }
    begin_chain(problem);
    return scan(problem);
}

std::optional<AuditError> Writer::open_file() {
    const bool fresh = ::access(path_.c_str(), F_OK) != 0;
    Descriptor file{
        ::open(path_.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600)};
    if (!file.is_open()) {
        return failed("open", errno);
    }
    struct stat status{};
    if (::fstat(file.get(), &status) != 0) {
        return failed("open", errno);
    }
    if (!S_ISREG(status.st_mode)) {
        return failed("open", EINVAL);
    }
    if ((status.st_mode & 07777U) != 0600U) {
        ::fchmod(file.get(), 0600);
    }
    if (fresh && !sync_directory(directory_)) {
        return failed("make durable the name of", errno);
    }
    file_ = std::move(file);
    size_ = static_cast<std::uint64_t>(status.st_size);
    return std::nullopt;
}

/// What the current file has to go on from: the last whole line of the files before it, and those
/// before that one back to a record, which says how they are numbered.
void Writer::begin_chain(std::string& problem) {
    const auto rotated = rotated_files(directory_);
    std::vector<std::string> lines;
    bool found = false;
    for (auto path = rotated.rbegin(); path != rotated.rend() && !found; ++path) {
        found = read_back(*path, lines, problem);
    }
    for (auto line = lines.rbegin(); line != lines.rend(); ++line) {
        chain_.add(*line);
    }
}

std::optional<AuditError> Writer::scan(std::string& problem) {
    ForwardLines lines{file_.get()};
    std::string last;
    std::uint64_t number = 0;
    const auto take = [&](std::string_view line) {
        const auto fault = chain_.add(line);
        if (!fault.empty() && problem.empty()) {
            problem = fmt::format("{} line {} {}", path_.string(), number, fault);
        }
        if (first_seq_ == 0) {
            first_seq_ = chain_.next_seq() - 1;
        }
    };
    bool terminated = true;
    std::uint64_t begin = 0;
    while (const auto line = lines.next()) {
        if (number > 0) {
            take(last);
        }
        ++number;
        last = line->text;
        begin = line->offset;
        terminated = line->terminated;
    }
    if (lines.error() != 0) {
        return failed("read", lines.error());
    }
    if (number == 0) {
        return std::nullopt;
    }
    if (terminated && is_record(last)) {
        take(last);
        return std::nullopt;
    }
    torn_ = Torn{last + (terminated ? "\n" : ""), change_time(file_.get())};
    size_ = begin;
    return std::nullopt;
}

std::optional<AuditError> Writer::repair() {
    if (!torn_) {
        return std::nullopt;
    }
    const auto [name, error] = keep_aside(directory_, torn_->bytes);
    if (error != 0) {
        return AuditError{fmt::format(
            "cannot repair {}, whose last line is torn: {}: {}",
            path_.string(),
            name,
            reason(error))};
    }
    sync_directory(directory_);
    if (!undo()) {
        return failed("cut the torn last line off", errno);
    }
    Record note;
    note.time = torn_->time;
    note.action = "audit_repair";
    note.detail = fmt::format(
        "the last line was torn; its {} bytes were cut off and kept in {}",
        torn_->bytes.size(),
        name);
    torn_.reset();
    note_ = std::move(note);
    return write({});
}

/// Goes back to the last whole line.
bool Writer::undo() {
    dirty_ = ::ftruncate(file_.get(), static_cast<off_t>(size_)) != 0;
    return !dirty_;
}

/// Opens the file anew when somebody moved or removed it: what is written must be found there.
std::optional<AuditError> Writer::follow_file() {
    struct stat open_one{};
    struct stat named{};
    const bool same = file_.is_open() && ::fstat(file_.get(), &open_one) == 0 &&
                      ::stat(path_.c_str(), &named) == 0 && open_one.st_dev == named.st_dev &&
                      open_one.st_ino == named.st_ino;
    if (same && !dirty_) {
        size_ = torn_ ? size_ : static_cast<std::uint64_t>(open_one.st_size);
        return std::nullopt;
    }
    if (same) {
        return undo() ? std::nullopt : std::optional{failed("shorten", errno)};
    }
    dirty_ = false;
    torn_.reset();
    first_seq_ = 0;
    return open_file();
}

/// Sets the full file aside. When that fails the present file simply grows on.
void Writer::rotate() {
    const auto aside = rotated_file(directory_, first_seq_);
    if (::renameat2(AT_FDCWD, path_.c_str(), AT_FDCWD, aside.c_str(), RENAME_NOREPLACE) != 0) {
        return;
    }
    Descriptor full = std::move(file_);
    const auto full_size = size_;
    file_ = Descriptor{};
    if (open_file()) {
        // When this fails too, the open file goes on under its new name, which readers know as
        // well.
        (void)::rename(aside.c_str(), path_.c_str());
        file_ = std::move(full);
        size_ = full_size;
        return;
    }
    first_seq_ = 0;
}

std::optional<AuditError> Writer::append(const std::vector<Record>& records) {
    if (auto error = follow_file()) {
        return error;
    }
    if (auto error = repair()) {
        return error;
    }
    return write(records);
}

std::optional<AuditError> Writer::write(const std::vector<Record>& records) {
    Chain chain = chain_;
    std::string text;
    const auto add = [&](const Record& record) {
        const auto line = format_line(record, chain.next_seq(), chain.tip());
        chain.add(line);
        text += line;
        text += '\n';
    };
    if (note_) {
        add(*note_);
    }
    for (const auto& record : records) {
        add(record);
    }
    if (first_seq_ != 0 && size_ + text.size() > rotate_at_) {
        rotate();
    }
    int error = write_all(file_.get(), text);
    if (error == 0 && ::fsync(file_.get()) != 0) {
        error = errno;
    }
    if (error != 0) {
        auto said = failed("append to", error);
        undo();
        return said;
    }
    size_ += text.size();
    if (first_seq_ == 0) {
        first_seq_ = chain_.next_seq();
    }
    chain_ = std::move(chain);
    note_.reset();
    return std::nullopt;
}

}  // namespace vastwatch::audit
