// Requests and replies as values, so that the whole simulated service can be asked without a
// socket. The front turns bytes into these and back.
#pragma once

#include "base/time.hpp"

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <string>
#include <string_view>

namespace vastwatch::vastsim {

struct HttpRequest {
    std::string method;
    std::string target;         ///< path and query, as sent
    std::string authorization;  ///< the header's value; empty = absent
    std::string body;
    std::string peer;  ///< who asks; part of the identity that is paced
};

struct HttpReply {
    enum class Wire : std::uint8_t {
        whole,     ///< sent as it is
        hang,      ///< never answered
        reset,     ///< the connection is reset instead
        truncate,  ///< half the body, then the end of the connection
        drip,      ///< a few bytes at a time
    };

    int status = 200;
    std::string content_type = "application/json";
    std::string body;
    std::string location;  ///< header of redirects; empty = none
    Duration delay{0};     ///< before the answer, in real time
    Wire wire = Wire::whole;
};

HttpReply json_reply(int status, const boost::json::value& body);
HttpReply json_reply(int status, const boost::json::object& body);

/// {"success": false, "error": …, "msg": …}
HttpReply error_reply(int status, std::string_view error, std::string_view message);

}  // namespace vastwatch::vastsim
