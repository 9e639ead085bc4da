// What every program of weft does alike: options, exit status, and output that is written or an
// error.
#pragma once

#include <CLI/CLI.hpp>

#include <functional>
#include <string>

namespace weft::programs {

// Exit statuses besides 0: the answer is no (wrong results, a schedule that is not correct), or an
// error (wrong options, a file that cannot be written, whatever the library throws).
inline constexpr int kExitWrong = 1;
inline constexpr int kExitError = 2;

// The whole of a main() whose options and subcommands were added to `app`: parses, calls `body`,
// returns the exit status. Adds --version. Help and version go to standard output. One line on
// standard error says what is wrong, behind the program's name: options, what `body` throws, a
// standard output that could not be written. A reader that closes the pipe ends the program quietly
// by SIGPIPE. Standard descriptors that were closed at the start are opened first, so that no other
// file gets their numbers; output to a closed one is an error.
int run(CLI::App& app, int argc, char** argv, const std::function<int()>& body);

// The same for a part of a program that ends by itself, as forked ranks do: calls `body`, says what
// it throws, flushes standard output. Returns the exit status.
int guard(const std::string& program, const std::function<int()>& body);

// The command line in one string, for the record.
std::string joined(int argc, const char* const* argv);

}  // namespace weft::programs
