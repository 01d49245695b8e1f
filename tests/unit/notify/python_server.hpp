// A server of tests/end-to-end as a child process, ended with the test.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

namespace vastwatch::notify::testing {

/// A folder of its own below the system's temporary one, removed with the value.
class TemporaryFolder {
  public:
    TemporaryFolder();
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    ~TemporaryFolder();

    const std::filesystem::path& path() const { return path_; }

  private:
    std::filesystem::path path_;
};

/// Starts the system's Python (which has aiosmtpd) with a script of tests/end-to-end and waits
/// until it has printed its port; throws when it ends before.
class PythonServer {
  public:
    PythonServer(const std::string& script, const std::vector<std::string>& arguments);
    PythonServer(const PythonServer&) = delete;
    PythonServer& operator=(const PythonServer&) = delete;
    ~PythonServer();

    int port() const { return port_; }

    /// The next line of its standard output, waited for; throws when the server ends before.
    std::string read_line() const;

  private:
    pid_t process_ = -1;
    int output_ = -1;
    int port_ = 0;
};

}  // namespace vastwatch::notify::testing
