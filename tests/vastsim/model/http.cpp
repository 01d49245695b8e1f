#include "model/http.hpp"

#include "model/json_text.hpp"

#include <boost/json/object.hpp>

namespace vastwatch::vastsim {

HttpReply json_reply(int status, const boost::json::value& body) {
    HttpReply reply;
    reply.status = status;
    reply.body = to_text(body);
    return reply;
}

HttpReply json_reply(int status, const boost::json::object& body) {
    HttpReply reply;
    reply.status = status;
    reply.body = to_text(body);
    return reply;
}

HttpReply error_reply(int status, std::string_view error, std::string_view message) {
    boost::json::object body;
    body["success"] = false;
    body["error"] = error;
    body["msg"] = message;
    return json_reply(status, body);
}

}  // namespace vastwatch::vastsim
