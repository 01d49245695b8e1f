// The files of the state directory around the database: the lock, their modes, and setting a
// damaged database aside.
#pragma once

#include <filesystem>
#include <string>
#include <variant>

namespace vastwatch::store {

/// An exclusive lock on a directory, as long as the object lives; it ends with the process however
/// that dies. The file `state.lock` stays and holds the process id of the latest owner.
class DirectoryLock {
  public:
    /// The lock, or a sentence that says who has it or what went wrong.
    static std::variant<DirectoryLock, std::string> take(const std::filesystem::path& directory);

    DirectoryLock(DirectoryLock&& other) noexcept;
    DirectoryLock& operator=(DirectoryLock&& other) noexcept;
    DirectoryLock(const DirectoryLock&) = delete;
    DirectoryLock& operator=(const DirectoryLock&) = delete;
    ~DirectoryLock();

  private:
    explicit DirectoryLock(int descriptor) : descriptor_(descriptor) {}

    int descriptor_ = -1;
};

/// Creates `directory` (one level, mode 0700) unless it is there; empty when fine, else a sentence.
std::string ensure_directory(const std::filesystem::path& directory);

/// Creates `file` empty with mode 0600 unless it is there, else takes rights of others from it;
/// empty when fine, else a sentence. SQLite gives its side files the modes of the database.
std::string ensure_private_file(const std::filesystem::path& file);

/// Makes what was created, renamed and removed in `directory` durable; false when that failed.
bool sync_directory(const std::filesystem::path& directory);

/// Renames `database` and its -wal and -shm to "<database>.corrupt-<UTC time of its last change>"
/// (with a number when taken); gives the new path, or a sentence about why it could not.
std::variant<std::filesystem::path, std::string> set_aside(const std::filesystem::path& database);

}  // namespace vastwatch::store
