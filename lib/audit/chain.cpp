#include "audit/chain.hpp"

#include "audit/sha256.hpp"

#include <fmt/format.h>

namespace vastwatch::audit {

std::string Chain::add(std::string_view line) {
    const auto link = link_of(line);
    std::string fault;
    if (!link) {
        fault = "is not a record as vastwatch writes it";
    } else if (link->prev != tip_) {
        fault = next_seq_ == 1 ? "does not begin the log: records before it are missing"
                               : "does not chain: the line before it was altered, or lines "
                                 "between were removed, added or moved";
    }
    if (link && link->seq != next_seq_) {
        fault += fmt::format(
            "{}has seq {} where {} is due", fault.empty() ? "" : "; it ", link->seq, next_seq_);
    }
    next_seq_ = (link ? link->seq : next_seq_) + 1;
    tip_ = sha256_hex(line);
    return fault;
}

}  // namespace vastwatch::audit
