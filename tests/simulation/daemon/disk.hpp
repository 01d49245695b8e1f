// A disk that fails as told. The program defines the C library's calls that change files
// (interpose.cpp), and those that concern files below one directory come here: they are numbered,
// made to fail, or are the last thing that happens before the process is killed or the power is
// cut. The files themselves are real ones, best kept on tmpfs.
//
// Of what was not synced when the power went a seeded choice survives: of each file's writes any
// subset, the last of them torn, and of the directory's changes a beginning. SQLite's "-shm" file
// is written through a memory map, which cannot be seen here; it is rebuilt by whoever opens the
// database first, so that nothing depends on it. It is neither numbered nor undone.
//
// One disk at a time, one thread.
#pragma once

#include "base/time.hpp"
#include "daemon/trace.hpp"
#include "runtime/seeded_random.hpp"

#include <sys/stat.h>
#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace vastwatch::simulation {

/// What can happen to one operation.
enum class Harm : std::uint8_t {
    no_space,     ///< ENOSPC
    io_error,     ///< EIO; after a failed fsync the data of before may never reach the disk
    short_write,  ///< a part is written, and said to be
    kill,         ///< the process ends here; what is written stays
    power_cut,    ///< the machine ends here; what is not synced may be lost
};

std::string_view to_string(Harm mishap);

class Disk {
  public:
    /// `directory` exists; `now` gives the time that files are stamped with.
    Disk(
        std::filesystem::path directory,
        std::uint64_t seed,
        Trace& trace,
        std::function<Instant()> now);
    ~Disk();
    Disk(const Disk&) = delete;
    Disk& operator=(const Disk&) = delete;

    /// The one that is there; null when there is none.
    static Disk* current();

    /// How many operations have been tried so far: creations, writes, truncations, syncs, renames,
    /// removals.
    std::uint64_t operations() const { return operations_; }

    /// Operation number `operation`, counted from one, meets this mishap.
    void plan(std::uint64_t operation, Harm mishap);

    /// Forgets what was planned and has not come.
    void forget_plans() { plans_.clear(); }

    /// While full, no file can be created or grow; writing over what there is goes on.
    void set_full(bool full) { full_ = full; }

    bool full() const { return full_; }

    /// Ends the process or the machine between two operations.
    void end(Harm mishap);

    /// After a kill or power cut every operation is refused, without an effect.
    bool dead() const { return dead_; }

    bool power_lost() const { return power_lost_; }

    /// Undoes what a power cut has lost and works again. No file may be open.
    void boot();

    /// Those bytes of that file would survive a power cut.
    bool is_durable(std::string_view name, std::uint64_t offset, std::uint64_t size) const;

    /// When a file was last made durable, by the machine's clock.
    Instant synced_at() const { return synced_at_; }

    /// How many mishaps of each kind have happened.
    const std::map<Harm, std::uint64_t>& mishaps() const { return mishaps_; }

    // --- What the C library's calls become; as those, with errno.
    int open(const char* path, int flags, unsigned mode);
    int close(int descriptor);
    /// `offset` negative: where the descriptor stands.
    ssize_t write(int descriptor, const void* bytes, std::size_t size, off_t offset);
    int truncate(int descriptor, off_t size);
    int sync(int descriptor);
    int rename(const char* from, const char* to, unsigned flags);
    int unlink(const char* path);
    /// Puts our own time of the last change in place of the real one.
    void stamp(struct stat& status) const;

    bool owns(int descriptor) const {
        return descriptor >= 0 && static_cast<std::size_t>(descriptor) < open_.size() &&
               open_[static_cast<std::size_t>(descriptor)] != 0;
    }

    bool owns(const char* path) const;

  private:
    enum class Fate : std::uint8_t { pending, durable, lost };

    /// One change of a file's content: `bytes` over `before` at `offset`, or its new size alone.
    struct Change {
        Fate fate = Fate::pending;
        std::uint64_t offset = 0;
        std::string bytes;
        std::string before;
        std::uint64_t size_before = 0;
        std::uint64_t size_after = 0;
    };

    struct File {
        std::string name;  // the latest
        std::uint64_t size = 0;
        Instant changed;
        bool memory = false;     // SQLite's shared memory
        bool anonymous = false;  // its name does not go into the trace with sizes: holds a pid
        std::vector<Change> changes;
    };

    /// One change of the directory, newest last.
    struct Naming {
        enum class Kind : std::uint8_t { created, renamed, removed };
        Kind kind = Kind::created;
        std::string name;
        std::string from;  // of a renaming
        std::string kept;  // the file that was replaced or removed, in the lost directory; or empty
    };

    struct Verdict {
        int error = 0;           // the operation fails with this
        bool cut_short = false;  // only a part of it is done
        bool last = false;       // the world ends with it: done in part, or not, or all
    };

    Verdict admit(std::string_view kind, const File* file, std::uint64_t at, std::uint64_t size);
    std::uint64_t file_of(const struct stat& status, const std::string& name);
    std::string name_of(const char* path) const;
    std::string keep(const std::string& name);
    void forget_namings();
    ssize_t
    put(int descriptor, File& file, const char* bytes, std::size_t size, std::uint64_t offset);
    void lose_namings();
    void lose_changes(const std::string& path, File& file);

    std::uint64_t below(std::uint64_t limit) { return limit == 0 ? 0 : random_.next() % limit; }

    void ended(Harm mishap);

    std::filesystem::path directory_;
    std::string prefix_;  // the directory with a slash
    std::filesystem::path lost_;
    runtime::SeededRandom random_;
    Trace& trace_;
    std::function<Instant()> now_;
    std::map<std::uint64_t, Harm> plans_;
    std::map<Harm, std::uint64_t> mishaps_;
    std::vector<std::uint64_t> open_;  // by descriptor: the inode, 1 for the directory, 0 for none
    std::map<std::uint64_t, File> files_;
    std::vector<Naming> namings_;
    std::uint64_t operations_ = 0;
    std::uint64_t kept_ = 0;
    Instant synced_at_;
    bool full_ = false;
    bool dead_ = false;
    bool power_lost_ = false;
};

}  // namespace vastwatch::simulation
