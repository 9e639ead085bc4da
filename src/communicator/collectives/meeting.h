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

  // Prepares the operation for a call, whose buffers stay where they are until it has run.
  void prepare(const Invocation& invocation);

 private:
  using Callback = void (Meeting::*)();
  template <Callback kCallback>
  void when_it_begins();

  // When all calls before it have ended, so that every rank decides alike: direct, or staged at
  // once where nothing direct is worth while or such calls parted lately.
  void choose();
  bool read_notes();
  // After parting: throws Error(mismatch) where ranks called different things, or makes it staged.
  void go_on();
  void stage();

  Communicator::Impl& owner_;
  executor::Operation& operation_;
  Invocation invocation_;    // the last one; count 0: none
  executor::Launch direct_;  // of such calls, as the tuner chooses
  executor::Launch staged_;  // program null: not made yet
  executor::Notes notes_;
  std::vector<memory::Note> of_;  // by rank
  PeerBuffers peers_;
  bool same_call_ = true;
};

}  // namespace weft
