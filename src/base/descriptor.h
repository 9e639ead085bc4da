// File descriptors that a library opens inside of a program.
//
// A program may run with descriptors 0 to 2 closed (daemons, some launchers). What is opened then
// becomes its standard output or error, and is overwritten by whatever the program prints. So
// everything here that opens a descriptor passes it through above_standard(), and libraries that
// open some are called under a StandardDescriptors.
#pragma once

#include <array>
#include <string>
#include <utility>

namespace weft {

// Owns a descriptor.
class FileDescriptor {
 public:
  FileDescriptor() = default;
  explicit FileDescriptor(int fd) : fd_(fd) {}
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~FileDescriptor();
  int get() const { return fd_; }
  // The caller owns it from now on.
  int release() { return std::exchange(fd_, -1); }
  explicit operator bool() const { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

// The descriptor, or where it is one of 0 to 2 another one (close-on-exec) for the same file in its
// place. -1 stays -1; errno tells what opening or moving it met.
int above_standard(int fd);

// A pipe (close-on-exec) whose ends are none of 0 to 2: to read from, to write to. False, and
// errno.
bool pipe_above_standard(std::array<int, 2>& ends, int flags = 0);

// While it lives, those of descriptors 0 to 2 that are closed are taken, by something that can
// neither be read nor written: what the program prints fails as before.
class StandardDescriptors {
 public:
  StandardDescriptors();
  ~StandardDescriptors();
  StandardDescriptors(const StandardDescriptors&) = delete;
  StandardDescriptors& operator=(const StandardDescriptors&) = delete;

 private:
  bool taken_[3] = {};
};

// What an error of the system means; of one that says that there are no descriptors left, also the
// limit and how to change it.
std::string words_of_error(int code);

}  // namespace weft
