// What the audit log's tests share: a directory of their own, appends without a loop around them,
// and files read and spoilt.
#pragma once

#include "audit/audit.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace vastwatch::audit::test {

class TempDir {
  public:
    TempDir();
    TempDir(const TempDir&) = delete;
    TempDir& operator=(const TempDir&) = delete;
    ~TempDir();

    const std::filesystem::path& path() const { return path_; }

    std::filesystem::path log() const { return path_ / "audit.jsonl"; }

  private:
    std::filesystem::path path_;
};

/// 2026-11-21T19:04:05.123Z and `seconds` later.
Instant at(int seconds);

/// A small record with that number in it.
Record numbered(int number, const std::string& team = "research");

/// open() where it has to succeed.
Opened must_open(
    const std::filesystem::path& directory,
    std::uint64_t rotate_at = default_rotate_at);

/// Runs one append to its end.
std::optional<AuditError> append(Log& log, std::vector<Record> records);
void must_append(Log& log, std::vector<Record> records);

/// A log of `count` records, closed.
void fill(
    const std::filesystem::path& directory,
    int count,
    std::uint64_t rotate_at = default_rotate_at);

std::string content(const std::filesystem::path& file);
void set_content(const std::filesystem::path& file, const std::string& text);
std::vector<std::string> lines_of(const std::filesystem::path& file);
void set_lines(const std::filesystem::path& file, const std::vector<std::string>& lines);

/// All problems, one a line.
std::string problems(const std::filesystem::path& directory);

bool contains(const std::string& text, const std::string& part);

}  // namespace vastwatch::audit::test
