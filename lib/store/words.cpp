#include "store/words.hpp"

#include "base/text.hpp"
#include "store/corrupt.hpp"

#include <optional>
#include <string>

namespace vastwatch::store {
namespace {

[[noreturn]] void unknown_word(std::string_view word) {
    throw Corrupt("the unknown word \"" + printable(word, 40) + "\"");
}

template <class E>
void accept(std::string_view word, std::optional<E> parsed, E& value) {
    if (!parsed) {
        unknown_word(word);
    }
    value = *parsed;
}

/// For enums whose parser is made for the API's text, where every text means something, or that
/// have none: the enumerator up to `last` whose word this is.
template <class E>
void search(std::string_view word, E last, E& value) {
    for (int i = 0; i <= static_cast<int>(last); ++i) {
        const auto candidate = static_cast<E>(i);
        if (to_string(candidate) == word) {
            value = candidate;
            return;
        }
    }
    unknown_word(word);
}

}  // namespace

void from_word(std::string_view word, fleet::Status& value) {
    search(word, fleet::Status::other, value);
}

void from_word(std::string_view word, fleet::State& value) {
    search(word, fleet::State::unloaded, value);
}

void from_word(std::string_view word, fleet::Evidence& value) {
    accept(word, fleet::parse_evidence(word), value);
}

void from_word(std::string_view word, fleet::Doubt& value) {
    accept(word, fleet::parse_doubt(word), value);
}

void from_word(std::string_view word, rules::Rule& value) {
    accept(word, rules::parse_rule(word), value);
}

void from_word(std::string_view word, policy::Action& value) {
    search(word, policy::Action::destroy, value);
}

void from_word(std::string_view word, policy::Severity& value) {
    search(word, policy::Severity::critical, value);
}

void from_word(std::string_view word, policy::Window& value) {
    search(word, policy::Window::lifetime, value);
}

void from_word(std::string_view word, enforcement::Step& value) {
    accept(word, enforcement::parse_step(word), value);
}

void from_word(std::string_view word, enforcement::Wait& value) {
    accept(word, enforcement::parse_wait(word), value);
}

void from_word(std::string_view word, enforcement::Hold::Kind& value) {
    accept(word, enforcement::parse_hold_kind(word), value);
}

void from_word(std::string_view word, enforcement::Hold::Decision& value) {
    accept(word, enforcement::parse_hold_decision(word), value);
}

void from_word(std::string_view word, alerts::Kind& value) {
    accept(word, alerts::parse_kind(word), value);
}

void from_word(std::string_view word, alerts::Delivery& value) {
    accept(word, alerts::parse_delivery(word), value);
}

}  // namespace vastwatch::store
