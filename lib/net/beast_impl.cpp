// The non-template code of Beast and of Asio's TLS, compiled once for the whole program.
#include <boost/asio/ssl/impl/src.hpp>
#include <boost/beast/http.hpp>

// Up to Boost 1.85 the parser asserts too much (boostorg/beast pull request 2861): an empty body in
// chunks whose last line comes in two reads, "0\r\n" and "\r", ends the program, and everybody who
// can reach one of our ports or whom we ask for something can send that. The code that follows the
// assertion takes such input well, so the parser is compiled without its assertions. Nothing but
// the parser must be included where they are off.
#define BOOST_BEAST_SOURCE
#define BOOST_DISABLE_ASSERTS
#include <boost/assert.hpp>
#include <boost/beast/http/impl/basic_parser.ipp>
#undef BOOST_DISABLE_ASSERTS
#include <boost/assert.hpp>
#include <boost/beast/src.hpp>
