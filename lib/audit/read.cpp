#include "audit/audit.hpp"
#include "audit/files.hpp"
#include "audit/line.hpp"
#include "base/text.hpp"

#include <algorithm>
#include <utility>

namespace vastwatch::audit {
namespace {

/// How far the clock may have been set back between two records.
constexpr Duration clock_slack = std::chrono::hours{24};

class Search {
  public:
    Search(const std::optional<TeamName>& team, std::optional<Instant> since, std::size_t limit)
        : since_(since), limit_(limit) {
        if (team) {
            team_ = valid_utf8(team->str());
        }
    }

    bool full() const { return found_.size() >= limit_; }

    /// Takes lines of one file, newest first; false when older files need not be read.
    bool read(int descriptor) {
        BackwardLines lines{descriptor};
        while (const auto line = full() ? std::nullopt : lines.next()) {
            const auto mark = line->terminated ? mark_of(line->text) : std::nullopt;
            if (!mark) {
                continue;
            }
            if (since_ && mark->time < *since_ - clock_slack) {
                return false;
            }
            if ((!since_ || mark->time >= *since_) && (!team_ || mark->team == *team_)) {
                found_.emplace_back(line->text);
            }
        }
        return !full();
    }

    std::vector<std::string> take() {
        std::reverse(found_.begin(), found_.end());
        return std::move(found_);
    }

  private:
    std::optional<std::string> team_;
    std::optional<Instant> since_;
    std::size_t limit_;
    std::vector<std::string> found_;
};

}  // namespace

std::vector<std::string> read(
    const std::filesystem::path& directory,
    const std::optional<TeamName>& team,
    std::optional<Instant> since,
    std::size_t limit) {
    std::vector<std::string> unreadable;
    const auto files = open_all(directory, unreadable);
    Search search{team, since, limit};
    for (auto file = files.rbegin(); file != files.rend(); ++file) {
        if (!search.read(file->descriptor.get())) {
            break;
        }
    }
    return search.take();
}

}  // namespace vastwatch::audit
