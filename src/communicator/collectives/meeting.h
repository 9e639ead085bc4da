// A call whose buffers may be mapped at every rank. Ranks tell each other where their buffers are
// as they meet at the beginning of the direct program. Where some rank's are private, they part
// again and the call is staged; where they called different things, it ends with an error at all.
#pragma once

#include <vector>

#include "communicator/impl.h"

namespace weft {

class Meeting {
 public:
  // `operation` runs the call; it and the communicator outlive this.
  Meeting(Communicator::Impl& owner, executor::Operation& operation);
  Meeting(const Meeting&) = delete;
  Meeting& operator=(const Meeting&) = delete;

  // Prepares the operation for a call. (Where nothing direct is worth while it is staged at once,
  // at every rank.)
  void prepare(const Invocation& invocation);
  // Once it has run: whether some rank's buffers were private. The same at every rank.
  bool parted() const { return parted_; }

 private:
  bool read_notes();
  // Instead: throws Error(mismatch) where ranks called different things, or makes it staged.
  void go_on(executor::Operation* operation) const;

  Communicator::Impl& owner_;
  executor::Operation& operation_;
  Invocation invocation_;  // of the launch that is kept; count 0: none
  executor::Launch launch_;
  executor::Notes notes_;
  std::vector<memory::Note> of_;  // by rank
  PeerBuffers peers_;
  bool parted_ = false;
  bool same_call_ = true;
};

}  // namespace weft
