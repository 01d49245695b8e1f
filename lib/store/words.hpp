// Enumerators as the words they are stored as, and back. A word that is in no table can only come
// from damage (a newer schema is refused before anything is read), so it is Corrupt.
#pragma once

#include "engine/changes.hpp"

#include <string_view>

namespace vastwatch::store {

/// Each sets `value` to what `word` stands for; throws Corrupt for an unknown word.
void from_word(std::string_view word, fleet::Status& value);
void from_word(std::string_view word, fleet::State& value);
void from_word(std::string_view word, fleet::Evidence& value);
void from_word(std::string_view word, fleet::Doubt& value);
void from_word(std::string_view word, rules::Rule& value);
void from_word(std::string_view word, policy::Action& value);
void from_word(std::string_view word, policy::Severity& value);
void from_word(std::string_view word, policy::Window& value);
void from_word(std::string_view word, enforcement::Step& value);
void from_word(std::string_view word, enforcement::Wait& value);
void from_word(std::string_view word, enforcement::Hold::Kind& value);
void from_word(std::string_view word, enforcement::Hold::Decision& value);
void from_word(std::string_view word, alerts::Kind& value);
void from_word(std::string_view word, alerts::Delivery& value);

}  // namespace vastwatch::store
