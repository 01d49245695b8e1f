// Adds up the pages of a listing and judges whether they are the whole: an instance counts as gone
// only when a complete listing misses it (API section 2.2). Pure.
#pragma once

#include "fleet/observation.hpp"
#include "vast/client.hpp"
#include "vast/decode_instances.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

namespace vastwatch::vast {

/// A complete listing, ascending by id.
struct Listing {
    std::vector<fleet::Observation> rows;
    std::vector<fleet::Recipe> recipes;  // beside rows, when pages had them
    std::size_t skipped = 0;
    Now asked_at;          // of its first page
    Duration repeated{0};  // how long it took to ask again for what was not answered well
};

/// Remembers the tokens of a listing that is under way.
class TokenGuard {
  public:
    /// Why no page is to be asked for with this token: it was given before, so that the listing
    /// would go round for ever, or there were `most_pages` already.
    std::optional<Failure> check(const std::string& token, std::size_t most_pages);

  private:
    std::unordered_set<std::string> seen_;
};

class ListTally {
  public:
    /// A listing of everything, or of `asked` ids when that is not 0.
    explicit ListTally(std::size_t asked) : asked_(asked) {}

    /// Takes a page; a failure when the listing cannot be gone on with.
    std::optional<Failure> add(Page page);

    /// Empty when the last page has been added.
    const std::string& next_token() const { return next_token_; }

    /// When its first page was asked for.
    MonoTime asked_at() const { return listing_.asked_at.mono; }

    /// The listing, or Problem::incomplete: ids twice, or fewer rows than the last page counts.
    /// More rows are taken when the count changed on the way: those were destroyed after they had
    /// been listed, and nothing is missing.
    Outcome<Listing> take();

  private:
    std::optional<Failure> judge() const;
    std::optional<Failure> judge_everything(std::int64_t listed) const;
    std::optional<Failure> judge_asked(std::int64_t listed) const;
    std::size_t most_pages() const;
    void sort();

    std::size_t asked_;
    Listing listing_;
    TokenGuard tokens_;
    std::string next_token_;
    std::int64_t total_ = 0;
    bool total_changed_ = false;
    std::size_t pages_ = 0;
};

}  // namespace vastwatch::vast
