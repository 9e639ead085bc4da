// "1-64,128" on a command line.
#pragma once

#include <string>
#include <vector>

namespace weft::tools {

// The numbers of a list like "1-64,128,1024", in the order given. Throws Error(invalid_argument)
// for anything else, for numbers below 1 and above 1048576, and for ranges that run backwards.
std::vector<int> parse_rank_list(const std::string& text);

}  // namespace weft::tools
