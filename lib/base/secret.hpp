// A string that must not be seen: no formatting, no comparison, no copy; wiped when it goes.
#pragma once

#include <string>
#include <utility>

namespace vastwatch {

/// Holds an API key, a password or a webhook URL. reveal() is the only way out: search for it to
/// find every place where a secret leaves.
class Secret {
  public:
    Secret() = default;

    explicit Secret(std::string value) : value_(std::move(value)) {}

    Secret(const Secret&) = delete;
    Secret& operator=(const Secret&) = delete;

    Secret(Secret&& other) noexcept : value_(std::exchange(other.value_, {})) {}

    Secret& operator=(Secret&& other) noexcept {
        if (this != &other) {
            wipe();
            value_ = std::exchange(other.value_, {});
        }
        return *this;
    }

    ~Secret() { wipe(); }

    const std::string& reveal() const { return value_; }

    bool empty() const { return value_.empty(); }

    /// A copy where one is really needed, said aloud.
    Secret duplicate() const { return Secret{value_}; }

  private:
    void wipe() noexcept;

    std::string value_;
};

}  // namespace vastwatch
