#include "audit/audit.hpp"
#include "audit/line.hpp"

#include <algorithm>
#include <string>

namespace vastwatch::audit {
namespace {

/// So many notes of repairs may stand behind the records.
constexpr std::size_t most_repairs = 16;

bool is_repair(const std::string& line) {
    return line.find(R"("action":"audit_repair")") != std::string::npos;
}

/// The line is that record, at its place in the chain.
bool is_line_of(const std::string& line, const Record& record) {
    const auto link = link_of(line);
    return link && format_line(record, link->seq, link->prev) == line;
}

}  // namespace

std::vector<Record> missing(const std::filesystem::path& directory, std::vector<Record> records) {
    if (records.empty()) {
        return records;
    }
    auto lines = read(directory, std::nullopt, std::nullopt, records.size() + most_repairs);
    std::erase_if(lines, is_repair);
    auto present = std::min(lines.size(), records.size());
    const auto ends_the_log = [&](std::size_t count) {
        return std::equal(
            lines.end() - static_cast<std::ptrdiff_t>(count),
            lines.end(),
            records.begin(),
            is_line_of);
    };
    while (present > 0 && !ends_the_log(present)) {
        --present;
    }
    records.erase(records.begin(), records.begin() + static_cast<std::ptrdiff_t>(present));
    return records;
}

}  // namespace vastwatch::audit
