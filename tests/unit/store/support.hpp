// What the store's tests share: a directory of their own, commits without a loop around them, and
// records with every member set.
#pragma once

#include "store/store.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <functional>
#include <optional>
#include <string>

namespace vastwatch::store::test {

class TempDir {
  public:
    TempDir();
    TempDir(const TempDir&) = delete;
    TempDir& operator=(const TempDir&) = delete;
    ~TempDir();

    const std::filesystem::path& path() const { return path_; }

  private:
    std::filesystem::path path_;
};

/// A small file system of its own in memory; `why_not` says why there is none.
class SmallDisk {
  public:
    SmallDisk(const std::filesystem::path& at, const std::string& size);
    SmallDisk(const SmallDisk&) = delete;
    SmallDisk& operator=(const SmallDisk&) = delete;
    ~SmallDisk();

    bool remount(bool read_only);

    std::string why_not;

  private:
    std::filesystem::path at_;
};

/// Fills the file system of `file` to its last byte; remove the file to make room again.
void fill_disk(const std::filesystem::path& file);

/// open() where it has to succeed.
Opened must_open(const std::filesystem::path& directory);
/// open() where it has to fail; the sentence.
std::string refusal(const std::filesystem::path& directory);

/// Runs one commit to its end.
std::optional<StoreError> commit(Store& store, engine::Changes changes);
void must_commit(Store& store, engine::Changes changes);

/// Commits into a new directory, and gives what a restart finds.
engine::Changes after_restart(const engine::Changes& changes);

/// Runs SQL on a state directory that nobody has open.
void run_sql(const std::filesystem::path& directory, const std::string& sql);
/// The first column of the first row, as text.
std::string ask_sql(const std::filesystem::path& directory, const std::string& sql);

void overwrite(const std::filesystem::path& file, std::size_t offset, const std::string& bytes);

/// Everything set; `text` in every text, `number` in every number, amount and time.
engine::Changes full_changes(const std::string& text, std::int64_t number);

fleet::Instance an_instance(std::int64_t id);
alerts::Alert an_alert(const std::string& id, Instant time);

Instant day(int number);

/// Where they differ, in a word; empty when equal.
std::string difference(const engine::Changes& a, const engine::Changes& b);

}  // namespace vastwatch::store::test
