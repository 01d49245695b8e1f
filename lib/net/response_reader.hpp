// Makes a Response of the bytes that arrive, whatever they are cut into. No I/O here; Beast's
// parser is in the .cpp.
#pragma once

#include "net/http_client.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace vastwatch::net {

class ResponseReader {
  public:
    enum class Progress {
        more,    // feed what comes next
        done,    // take() the response
        failed,  // failure() and reason() say why
    };

    /// `bodiless`: the answer to HEAD or CONNECT, which has no body whatever its header says.
    /// A header section may have 64 KiB, and so may the head of a chunk and the fields after the
    /// last one; a body may have `body_limit` bytes.
    ResponseReader(bool bodiless, std::size_t body_limit);
    ~ResponseReader();
    ResponseReader(const ResponseReader&) = delete;
    ResponseReader& operator=(const ResponseReader&) = delete;

    /// Interim answers (1xx) are skipped.
    Progress feed(std::string_view bytes);

    /// The other side has closed in an orderly way, which ends some bodies and breaks others.
    Progress end();

    /// At least one byte has come.
    bool started() const;

    /// After done: the connection can serve another request.
    bool keep_alive() const;

    /// After done: bytes came that belong to no answer.
    bool has_surplus() const;

    Failure failure() const;
    /// A sentence without a subject: "it did not answer in HTTP: bad version".
    const std::string& reason() const;

    /// After done, once.
    Response take();

  private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

}  // namespace vastwatch::net
