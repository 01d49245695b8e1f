#include "daemon/http.hpp"

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

#include <utility>

namespace vastwatch::simulation {

boost::asio::awaitable<net::Result> SimulatedHttp::send(net::Request request) {
    if (request.may_leave && !request.may_leave()) {
        net::Error error;
        error.failure = net::Failure::withheld;
        co_return net::Result(std::move(error));
    }
    auto fate = network_.send(request, truth_());
    try {
        co_await clock_.sleep_for(fate.after);
    } catch (const boost::system::system_error&) {
        // As the real client says it: the coroutine that waits has been cancelled.
        net::Error error;
        error.failure = net::Failure::cancelled;
        error.sent = true;
        error.detail = "stopped while waiting for an answer";
        fate.result = std::move(error);
    }
    network_.answered(fate.number, truth_().wall, fate.result);
    co_return std::move(fate.result);
}

boost::asio::awaitable<notify::Attempt> SimulatedMailer::send(notify::Mail mail) {
    auto fate = network_.send(mail, truth_());
    co_await clock_.sleep_for(fate.after);
    co_return std::move(fate.attempt);
}

}  // namespace vastwatch::simulation
