// Answers of /charges/ (API section 5.2): what each contract was charged. Rows may come one per
// contract or one per contract and day; either way they are summed by their source.
#pragma once

#include "base/time.hpp"
#include "vast/client.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vastwatch::vast {

struct ChargesPage {
    std::vector<Charge> rows;  // as they came, not merged
    std::size_t skipped = 0;   // rows whose amount cannot be read
    std::optional<std::int64_t> total;
    std::string next_token;  // empty on the last page
};

/// A page, or why the body is none. The total of each row is its `amount`; what its items do not
/// explain of that is `other`, unless it is only their rounding. Of an instance, whose GPU and disk
/// accrue meanwhile, it is GPU or disk where their items cannot be read, or none can.
Outcome<ChargesPage> decode_charges(std::string_view body);

/// Adds up pages and says whether they are all.
class ChargesTally {
  public:
    ChargesTally(Instant first_day, Instant last_day);

    void add(ChargesPage page);

    /// The sums by source, in order of source; or Problem::incomplete when the service counts more
    /// contracts than it listed rows.
    Outcome<Charges> take();

  private:
    void merge(Charge row);

    Instant first_day_;
    Instant last_day_;
    std::map<std::string, Charge> by_source_;
    std::size_t rows_ = 0;
    std::size_t skipped_ = 0;
    std::optional<std::int64_t> total_;  // the least that any page said
};

}  // namespace vastwatch::vast
