// Local ranks for peers without a launcher of their own.
#pragma once

#include <functional>
#include <string>

namespace weft::perf {

// A new folder under the temporary directory; removed with what it holds.
class TemporaryFolder {
 public:
  explicit TemporaryFolder(const std::string& prefix);
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// Forks `ranks` processes that run `body(rank)`, which leaves nothing to flush, and waits for them.
// After the first failure the others are killed: a rank that lost a peer may wait for ever.
// Children die with this process. Returns 0 or the first status that was not 0; where the reader of
// a rank's standard output closed its pipe, all are ended quietly and it is 128 + SIGPIPE.
int fork_ranks(int ranks, const std::function<int(int rank)>& body);

}  // namespace weft::perf
