#include "lives/audit_tail.hpp"

#include "daemon/trace.hpp"

#include <boost/json/parse.hpp>

#include <fstream>

namespace vastwatch::simulation {

AuditTail::AuditTail(std::filesystem::path directory, Take take)
    : file_(std::move(directory) / "audit.jsonl"), take_(std::move(take)) {}

void AuditTail::reread() {
    offset_ = 0;
    line_ = 0;
}

void AuditTail::read(const Disk& disk) {
    std::error_code error;
    const auto size = std::filesystem::file_size(file_, error);
    if (error || size <= offset_) {
        return;
    }
    std::string text(size - offset_, '\0');
    std::ifstream file{file_, std::ios::binary};
    file.seekg(static_cast<std::streamoff>(offset_));
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(std::max<std::streamsize>(file.gcount(), 0)));
    for (std::size_t begin = 0;;) {
        const auto end = text.find('\n', begin);
        if (end == std::string::npos || !disk.is_durable("audit.jsonl", offset_, end + 1 - begin)) {
            return;
        }
        take_line(std::string_view{text}.substr(begin, end - begin));
        offset_ += end + 1 - begin;
        begin = end + 1;
    }
}

void AuditTail::take_line(std::string_view line) {
    Trace trace;
    trace.add(line);
    const auto place = line_++;
    if (place < hashes_.size() && hashes_[place] == trace.hash()) {
        return;
    }
    hashes_.resize(place);
    hashes_.push_back(trace.hash());
    boost::json::error_code error;
    const auto record =
        boost::json::parse(boost::json::string_view{line.data(), line.size()}, error);
    if (!error && record.is_object()) {
        take_(record.get_object());
    }
}

}  // namespace vastwatch::simulation
