// Reads the audit log as it grows, the way an auditor with access to the disk would: lines that are
// whole, in order, and whether they would survive a power cut.
#pragma once

#include "daemon/disk.hpp"

#include <boost/json/object.hpp>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace vastwatch::simulation {

class AuditTail {
  public:
    /// `take` gets each new record, and whether it is durable.
    using Take = std::function<void(const boost::json::object& record)>;

    AuditTail(std::filesystem::path directory, Take take);

    /// Reads what is new and durable.
    void read(const Disk& disk);

    /// The file may have lost its end: what is new is found out by comparing.
    void reread();

    std::uint64_t records() const { return hashes_.size(); }

  private:
    void take_line(std::string_view line);

    std::filesystem::path file_;
    Take take_;
    std::uint64_t offset_ = 0;
    std::size_t line_ = 0;
    std::vector<std::uint64_t> hashes_;  ///< of the lines so far
};

}  // namespace vastwatch::simulation
