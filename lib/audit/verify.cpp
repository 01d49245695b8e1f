#include "audit/audit.hpp"
#include "audit/chain.hpp"
#include "audit/files.hpp"

#include <fmt/format.h>

#include <utility>

namespace vastwatch::audit {
namespace {

constexpr std::size_t most_problems = 100;

/// Collects problems up to a number, and how many more there are.
class Problems {
  public:
    void add(std::string text) {
        if (listed_.size() < most_problems) {
            listed_.push_back(std::move(text));
        } else {
            ++more_;
        }
    }

    std::vector<std::string> take() {
        if (more_ > 0) {
            listed_.push_back(fmt::format("and {} more", more_));
        }
        return std::move(listed_);
    }

  private:
    std::vector<std::string> listed_;
    std::size_t more_ = 0;
};

/// Follows the chain through one file; gives its number of lines.
std::uint64_t verify_file(const OpenFile& file, Chain& chain, Problems& problems) {
    const std::string name = file.path.filename().string();
    ForwardLines lines{file.descriptor.get()};
    std::uint64_t number = 0;
    while (const auto line = lines.next()) {
        ++number;
        if (!line->terminated) {
            problems.add(fmt::format("{} line {} is not complete", name, number));
            continue;
        }
        auto fault = chain.add(line->text);
        if (fault.empty() && !is_record(line->text)) {
            fault = "is not a JSON object";
        }
        if (!fault.empty()) {
            problems.add(fmt::format("{} line {} {}", name, number, fault));
        }
    }
    if (lines.error() != 0) {
        problems.add(fmt::format("cannot read {}: {}", name, reason(lines.error())));
    }
    return number;
}

}  // namespace

Verdict verify(const std::filesystem::path& directory) {
    Verdict verdict;
    Problems problems;
    std::vector<std::string> unreadable;
    const auto files = open_all(directory, unreadable);
    for (auto& sentence : unreadable) {
        problems.add(std::move(sentence));
    }
    Chain chain;
    for (const auto& file : files) {
        verdict.records += verify_file(file, chain, problems);
        ++verdict.files;
    }
    verdict.problems = problems.take();
    return verdict;
}

}  // namespace vastwatch::audit
