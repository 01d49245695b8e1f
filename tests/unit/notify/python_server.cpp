#include "python_server.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <stdexcept>
#include <system_error>

namespace vastwatch::notify::testing {
namespace {

constexpr const char* python = "/usr/bin/python3";

}  // namespace

TemporaryFolder::TemporaryFolder() {
    auto name = (std::filesystem::temp_directory_path() / "vastwatch-test-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) {
        throw std::system_error{errno, std::generic_category(), name};
    }
    path_ = name;
}

TemporaryFolder::~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

PythonServer::PythonServer(const std::string& script, const std::vector<std::string>& arguments) {
    std::vector<std::string> words{
        python, std::string{VASTWATCH_TEST_DATA} + "/../end-to-end/" + script};
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::vector<char*> argv;
    for (auto& word : words) {
        argv.push_back(word.data());
    }
    argv.push_back(nullptr);
    std::array<int, 2> pipe{};
    if (::pipe2(pipe.data(), O_CLOEXEC) != 0) {
        throw std::system_error{errno, std::generic_category(), "pipe"};
    }
    process_ = ::fork();
    if (process_ == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        ::dup2(pipe[1], STDOUT_FILENO);
        ::execv(python, argv.data());
        ::_exit(127);
    }
    ::close(pipe[1]);
    output_ = pipe[0];
    port_ = std::stoi(read_line());
}

std::string PythonServer::read_line() const {
    std::string line;
    char c = 0;
    while (true) {
        const auto count = ::read(output_, &c, 1);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count <= 0) {
            throw std::runtime_error{"the server ended too early"};
        }
        if (c == '\n') {
            return line;
        }
        line += c;
    }
}

PythonServer::~PythonServer() {
    ::kill(process_, SIGKILL);
    ::waitpid(process_, nullptr, 0);
    ::close(output_);
}

}  // namespace vastwatch::notify::testing
