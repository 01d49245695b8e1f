#include "fuzz.hpp"

#include <boost/json/parse.hpp>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <system_error>

namespace vastwatch::fuzz {
namespace {

namespace fs = std::filesystem;

std::string visible(std::string_view text) {
    constexpr std::size_t most = 2000;
    std::string out;
    for (const char c : text.substr(0, most)) {
        const auto byte = static_cast<unsigned char>(c);
        out += byte < 0x20U || byte >= 0x7FU ? fmt::format("\\x{:02x}", byte) : std::string(1, c);
    }
    return out;
}

/// How many bytes a sequence with this lead has; 0 for what is no lead.
std::size_t length_of(unsigned char lead) {
    if (lead < 0x80U) {
        return 1;
    }
    if (lead >= 0xC2U && lead <= 0xDFU) {
        return 2;
    }
    if (lead >= 0xE0U && lead <= 0xEFU) {
        return 3;
    }
    return lead >= 0xF0U && lead <= 0xF4U ? 4 : 0;
}

/// The least and most second byte that RFC 3629 allows after a lead.
bool second_fits(unsigned char lead, unsigned char second) {
    const unsigned least = lead == 0xE0U ? 0xA0U : (lead == 0xF0U ? 0x90U : 0x80U);
    const unsigned most = lead == 0xEDU ? 0x9FU : (lead == 0xF4U ? 0x8FU : 0xBFU);
    return second >= least && second <= most;
}

/// Takes the first character off `text`; nothing when it is not well-formed.
std::optional<std::string_view> take_character(std::string_view& text) {
    const auto lead = static_cast<unsigned char>(text.front());
    const auto length = length_of(lead);
    if (length == 0 || length > text.size()) {
        return std::nullopt;
    }
    for (std::size_t i = 1; i < length; ++i) {
        const auto byte = static_cast<unsigned char>(text[i]);
        if ((byte & 0xC0U) != 0x80U || (i == 1 && !second_fits(lead, byte))) {
            return std::nullopt;
        }
    }
    const auto character = text.substr(0, length);
    text.remove_prefix(length);
    return character;
}

bool acts(std::string_view character) {
    if (character.size() == 1) {
        const auto byte = static_cast<unsigned char>(character.front());
        return byte < 0x20U || byte == 0x7FU;
    }
    const auto from_to = [character](std::string_view least, std::string_view most) {
        return character.size() == least.size() && character >= least && character <= most;
    };
    return from_to("\xC2\x80", "\xC2\x9F") || from_to("\xE2\x80\xA8", "\xE2\x80\xAE") ||
           from_to("\xE2\x81\xA6", "\xE2\x81\xA9");
}

}  // namespace

void end_with(std::string_view rule, std::string_view about) {
    fmt::print(stderr, "\nBROKEN RULE: {}\n", rule);
    if (!about.empty()) {
        fmt::print(stderr, "ABOUT: {}\n", visible(about));
    }
    std::abort();
}

std::string_view text_of(const std::uint8_t* data, std::size_t size) {
    // An empty input may come with a null pointer.
    return size == 0 ? std::string_view{}
                     : std::string_view{reinterpret_cast<const char*>(data), size};
}

std::vector<std::string_view> split(std::string_view text, char separator) {
    std::vector<std::string_view> parts;
    for (;;) {
        const auto end = text.find(separator);
        parts.push_back(text.substr(0, end));
        if (end == std::string_view::npos) {
            return parts;
        }
        text.remove_prefix(end + 1);
    }
}

std::uint8_t Input::byte() {
    if (rest_.empty()) {
        return 0;
    }
    const auto value = static_cast<std::uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    return value;
}

std::uint64_t Input::number() {
    std::uint64_t value = 0;
    for (unsigned i = 0; i < 8; ++i) {
        value |= static_cast<std::uint64_t>(byte()) << (8U * i);
    }
    return value;
}

std::string_view Input::line() {
    const auto end = rest_.find('\n');
    const auto text = rest_.substr(0, end);
    rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
    return text;
}

std::uint64_t hash_of(std::string_view bytes) {
    std::uint64_t hash = 14695981039346656037U;
    for (const char c : bytes) {
        hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211U;
    }
    return hash;
}

bool is_utf8(std::string_view text) {
    while (!text.empty()) {
        if (!take_character(text)) {
            return false;
        }
    }
    return true;
}

bool is_printable(std::string_view text) {
    while (!text.empty()) {
        const auto character = take_character(text);
        if (!character || acts(*character)) {
            return false;
        }
    }
    return true;
}

bool is_json(std::string_view text) {
    boost::json::error_code error;
    boost::json::parse_options options;
    options.max_depth = 64;
    boost::json::parse(boost::json::string_view(text.data(), text.size()), error, {}, options);
    return !error;
}

void require_shown(std::string_view text, std::size_t most_bytes, std::string_view rule) {
    require(text.size() <= most_bytes, rule, text);
    require(is_printable(text), rule, text);
}

bool within(Usd amount, std::int64_t most) {
    return amount <= Usd::dollars(most) && amount >= -Usd::dollars(most);
}

bool is_rate(UsdPerHour rate) {
    return rate.nanos() >= 0 && rate.nanos() <= std::int64_t{100'000} * 1'000'000'000;
}

MemoryDirectory::MemoryDirectory() {
    const fs::path memory = "/dev/shm";
    const auto parent = ::access(memory.c_str(), W_OK) == 0 ? memory : fs::temp_directory_path();
    std::string name = (parent / "vastwatch-fuzz-XXXXXX").native();
    require(::mkdtemp(name.data()) != nullptr, "a directory can be made");
    path_ = name;
}

MemoryDirectory::~MemoryDirectory() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
}

void MemoryDirectory::clear() const {
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator{path_, ignored}) {
        fs::remove_all(entry.path(), ignored);
    }
}

void write_file(const fs::path& path, std::string_view bytes) {
    const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    require(file >= 0, "a file can be written");
    const auto written = ::write(file, bytes.data(), bytes.size());
    require(written == static_cast<ssize_t>(bytes.size()), "a file takes all bytes");
    ::close(file);
}

std::optional<std::string> read_file(const fs::path& path) {
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) {
        return std::nullopt;
    }
    std::string out;
    constexpr std::size_t step = 16384;
    ssize_t count = 0;
    do {
        const auto had = out.size();
        out.resize(had + step);
        count = ::read(file, out.data() + had, step);
        out.resize(had + static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
    } while (count > 0);
    ::close(file);
    return out;
}

}  // namespace vastwatch::fuzz
