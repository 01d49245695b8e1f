// The file that is appended to, as it is between two appends. Blocks; lives on the opening thread
// first and on the worker's after.
#pragma once

#include "audit/audit.hpp"
#include "audit/chain.hpp"
#include "audit/files.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace vastwatch::audit {

class Writer {
  public:
    Writer(std::filesystem::path directory, std::uint64_t rotate_at);

    /// Opens the file, follows its chain, and finds a torn last line (which the next repair() or
    /// append() cuts off). `problem` gets the first break of the chain.
    std::optional<AuditError> open(std::string& problem);

    bool torn() const { return torn_.has_value(); }

    /// Keeps the torn line in a file of its own, cuts it off and notes that as a record.
    std::optional<AuditError> repair();

    /// All of them durable, or none of them in the file.
    std::optional<AuditError> append(const std::vector<Record>& records);

  private:
    struct Torn {
        std::string bytes;
        Instant time;  // when it was written
    };

    void begin_chain(std::string& problem);
    std::optional<AuditError> scan(std::string& problem);
    std::optional<AuditError> open_file();
    std::optional<AuditError> follow_file();
    void rotate();
    std::optional<AuditError> write(const std::vector<Record>& records);
    AuditError failed(const char* what, int error) const;
    bool undo();

    std::filesystem::path directory_;
    std::filesystem::path path_;
    std::uint64_t rotate_at_;
    Descriptor file_;
    std::uint64_t size_ = 0;       // up to the end of the last whole line
    std::uint64_t first_seq_ = 0;  // of this file; 0 = it is empty
    Chain chain_;
    std::optional<Torn> torn_;
    std::optional<Record> note_;  // of a repair, until it is written
    bool dirty_ = false;          // there may be more in the file than size_
};

}  // namespace vastwatch::audit
