#include "world/spells.hpp"

#include <fmt/format.h>

namespace vastwatch::simulation {
namespace {

vastsim::Random stream_of(const Options& options, Trouble trouble, std::string_view subject) {
    return stream(options.seed, fmt::format("{} {}", to_string(trouble), subject));
}

}  // namespace

Spells::Spells(
    const Options& options,
    Trouble trouble,
    std::string_view subject,
    Spell spell,
    Instant from)
    : random_(stream_of(options, trouble, subject)),
      spell_(spell),
      enabled_(options.troubles.has(trouble)) {
    draw_next(from);
}

void Spells::draw_next(Instant from) {
    begins_ = enabled_ ? from + draw_wait(random_, spell_.per_day) : Instant::max();
    until_ = enabled_ ? begins_ + draw_length(random_, spell_.shortest, spell_.longest) : begins_;
}

bool Spells::on(Instant now) {
    if (on_ && now >= until_) {
        on_ = false;
        draw_next(now);
    }
    if (!on_ && now >= begins_) {
        on_ = true;
        ++count_;
        until_ = std::max(until_, now);
    }
    return on_;
}

Mishap::Mishap(
    const Options& options,
    Trouble trouble,
    std::string_view subject,
    double probability)
    : random_(stream_of(options, trouble, subject)),
      probability_(options.troubles.has(trouble) ? probability : 0) {}

bool Mishap::strikes() {
    const bool struck = random_.chance(probability_);
    count_ += struck ? 1 : 0;
    return struck;
}

}  // namespace vastwatch::simulation
