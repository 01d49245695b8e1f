// Collects the mistakes of one run, from whichever step finds them, and gives them out in the order
// of files and positions.
#pragma once

#include "config/config.hpp"
#include "config/document.hpp"

#include <string>
#include <vector>

namespace vastwatch::config {

class Problems {
  public:
    /// Registers a file under the name that messages use; gives its number for Place::file.
    std::uint32_t add_file(std::string name);

    /// Notes a mistake; after the first thousand they are only counted.
    void add(Place place, std::string key, std::string text);

    /// Says that a configuration file could not be read at all.
    void mark_unreadable() { unreadable_ = true; }

    /// Says that a part of the files could not be read: what is missing may stand there, so from
    /// now on nothing counts as absent or undefined.
    void mark_incomplete() { complete_ = false; }

    bool complete() const { return complete_; }

    bool empty() const { return found_.empty(); }

    /// "vastwatch.conf:12:1", for messages that refer to a second place.
    std::string where(Place place) const;

    /// All of them, sorted; leaves this empty.
    Mistakes take();

  private:
    struct Found {
        Place place;
        std::string key;
        std::string text;
    };

    std::vector<std::string> files_;
    std::vector<Found> found_;
    std::size_t uncounted_ = 0;
    bool unreadable_ = false;
    bool complete_ = true;
};

}  // namespace vastwatch::config
