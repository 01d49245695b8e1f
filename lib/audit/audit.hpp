// The audit log of spec section 12.
#pragma once

#include "base/ids.hpp"
#include "base/time.hpp"
#include "engine/audit_record.hpp"
#include "runtime/worker.hpp"

#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace vastwatch::audit {

/// One thing that was decided or done; `seq` and `prev` are added when it is appended.
using Record = engine::AuditRecord;

struct AuditError {
    std::string message;
};

class Log {
  public:
    Log() = default;
    Log(const Log&) = delete;
    Log& operator=(const Log&) = delete;
    virtual ~Log() = default;

    /// Appends and fsyncs them all, in order; nothing (success) once they are durable.
    virtual boost::asio::awaitable<std::optional<AuditError>> append(
        std::vector<Record> records) = 0;
};

/// What opening found.
struct Opened {
    std::unique_ptr<Log> log;
    bool repaired = false;  // a torn last line was cut off, and noted as a record
    std::string problem;    // the chain is broken elsewhere: what and where; appending goes on
};

/// A file that would grow past this many bytes is set aside as audit-<its first seq>.jsonl.
constexpr std::uint64_t default_rotate_at = std::uint64_t{16} * 1024 * 1024;

/// Opens or creates `directory`/audit.jsonl and checks its chain. Blocks: call before the loop
/// runs, and after the state directory is locked (store::open). A torn last line is kept as
/// audit.torn-<number> and replaced by a record with the action "audit_repair", whose time is that
/// of the file's last change; when the disk has no room for that, `problem` says so and the next
/// append tries again. Appends run on `worker`, on a thread of the log's own when there is none.
std::variant<Opened, AuditError> open(
    const std::filesystem::path& directory,
    std::uint64_t rotate_at = default_rotate_at,
    std::shared_ptr<runtime::Worker> worker = nullptr);

/// Those of `records`, which were about to be appended when the process ended, that the log lacks:
/// it may have all of them, none, or, after a power cut, the first few. Blocks.
std::vector<Record> missing(const std::filesystem::path& directory, std::vector<Record> records);

/// The result of `vastwatchctl audit verify`.
struct Verdict {
    std::uint64_t records = 0;
    std::uint64_t files = 0;
    std::vector<std::string> problems;  // empty = whole and unaltered
};

/// Reads all of it. Blocks. Problems name file and line; at most 100 are listed. What no chain can
/// show is the removal of the newest records, or a change of the very last one.
Verdict verify(const std::filesystem::path& directory);

/// Lines (as stored) that match, newest last, at most `limit` of the newest; `team` absent = all,
/// `since` inclusive. Lines that are no records are left out. Reads from the end and stops at the
/// first record a day older than `since` (the clock may have been set in between). Blocks.
std::vector<std::string> read(
    const std::filesystem::path& directory,
    const std::optional<TeamName>& team,
    std::optional<Instant> since,
    std::size_t limit);

}  // namespace vastwatch::audit
