// Names in /dev/shm: "weft.<identity of the owner>.<number>". An owner holds a lock on the file for
// as long as it lives, whatever its pid is and wherever it is looked at from; who ends, however,
// holds none. So nothing that lives is ever taken for something left behind.
#pragma once

#include <cstdint>
#include <string>

#include "base/identity.h"

namespace weft::shm {

std::string name_of(const Identity& owner, std::uint32_t serial);

// Makes a file of that name and locks it. -1 and errno; EEXIST: the name is taken, try another.
int create_named(const std::string& name);

// Opens a file that another process has made. -1 and errno.
int open_named(const std::string& name);

void remove_name(const std::string& name);

// Removes files of this user that nobody holds a lock on.
void remove_stale_names();

}  // namespace weft::shm
