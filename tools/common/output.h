// Files that programs write: whole, or an error that names them.
#pragma once

#include <string>
#include <string_view>

namespace weft::programs {

// Writes a file whole: to a new one beside it, which takes its name once it is complete. So a
// reader never finds half of it, and an error leaves an earlier file as it was. What is no regular
// file (a device, a pipe) is written in place. Throws std::runtime_error that names the file and
// the reason.
void write_file(const std::string& path, std::string_view text);

}  // namespace weft::programs
