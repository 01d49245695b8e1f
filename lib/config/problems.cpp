#include "config/problems.hpp"

#include "base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

namespace vastwatch::config {
namespace {

constexpr std::size_t most_kept = 1000;

}  // namespace

std::string Mistake::to_string() const {
    std::string out = file;
    if (line != 0) {
        out += fmt::format(":{}:{}", line, column);
    }
    out += ": ";
    if (!key.empty()) {
        out += key + ": ";
    }
    return out + text;
}

std::uint32_t Problems::add_file(std::string name) {
    files_.push_back(printable(name));
    return static_cast<std::uint32_t>(files_.size() - 1);
}

void Problems::add(Place place, std::string key, std::string text) {
    if (found_.size() >= most_kept) {
        ++uncounted_;
        return;
    }
    found_.push_back(Found{place, printable(key, 200), std::move(text)});
}

std::string Problems::where(Place place) const {
    return fmt::format("{}:{}:{}", files_.at(place.file), place.line, place.column);
}

Mistakes Problems::take() {
    std::sort(found_.begin(), found_.end(), [](const Found& a, const Found& b) {
        return std::tie(a.place, a.key, a.text) < std::tie(b.place, b.key, b.text);
    });
    Mistakes mistakes;
    mistakes.unreadable = unreadable_;
    for (auto& found : found_) {
        Mistake mistake;
        mistake.file = files_.at(found.place.file);
        mistake.line = found.place.line;
        mistake.column = found.place.column;
        mistake.key = std::move(found.key);
        mistake.text = std::move(found.text);
        mistakes.list.push_back(std::move(mistake));
    }
    if (uncounted_ > 0) {
        Mistake rest;
        rest.file = files_.front();
        rest.text = fmt::format("and {} more mistakes", uncounted_);
        mistakes.list.push_back(std::move(rest));
    }
    found_.clear();
    return mistakes;
}

}  // namespace vastwatch::config
