// Runs one lane of all ranks step by step, with values, clocks and memory.
#include "schedule/memory_model.h"
#include "schedule/text.h"
#include "schedule/verify_parts.h"

namespace weft::schedule {
namespace {

class Simulation {
 public:
  Simulation(std::span<const Schedule> ranks, int lane, const SignalTable& signals,
             Delivery delivery, const Elements& elements, Report& report)
      : ranks_(ranks),
        frame_(ranks[0]),
        lane_(lane),
        elements_(elements),
        passes_(elements.passes()),
        signals_(signals),
        delivery_(delivery),
        report_(report),
        clocks_(frame_.ranks),
        memory_(frame_, elements),
        position_(ranks.size()),
        raised_(signals.size() * static_cast<std::size_t>(passes_)) {
    for (std::size_t element = 0; element < elements.total(); ++element) {
      std::uint64_t sum = 0;
      for (int rank = 0; rank < frame_.ranks; ++rank)
        sum += contribution(rank, static_cast<std::int64_t>(element)).sum;
      full_.push_back(sum);
    }
  }

  void run() {
    for (int rank = 0; rank < frame_.ranks; ++rank) ready_.push_back(rank);
    while (!ready_.empty() && !report_.full()) {
      const int rank = ready_.back();
      ready_.pop_back();
      advance(rank);
    }
    if (report_.full()) return;
    bool through = true;
    for (int rank = 0; rank < frame_.ranks; ++rank) through = reached_end(rank) && through;
    if (through) check_results(frame_, lane_, elements_, memory_, full_, report_);
  }

 private:
  struct Position {
    int pass = 0;
    int step = 0;
  };

  template <typename... Args>
  void problem(int rank, fmt::format_string<Args...> format, Args&&... args) {
    report_.add(rank, lane_, at(rank).step, format, std::forward<Args>(args)...);
  }

  Position& at(int rank) { return position_[static_cast<std::size_t>(rank)]; }
  const std::vector<Step>& steps(int rank) const {
    return ranks_[static_cast<std::size_t>(rank)].lanes[static_cast<std::size_t>(lane_)].steps;
  }
  int step_count(int rank) const { return static_cast<int>(steps(rank).size()); }
  // The time of a rank's first step of a pass.
  int start_time(int rank, int pass) const { return pass * step_count(rank) + 1; }
  Clocks::Stamp& raised(int owner, int slot, int pass) {
    return raised_[static_cast<std::size_t>(pass) * signals_.size() + signals_.index(owner, slot)];
  }

  // The passes are the first of a row.
  static bool left_out(const Step& step, int pass) {
    const int number = pass + 1;
    const int first = step.kind == StepKind::wait ? 2 * kTrailTurn : kTrailTurn;
    return step.trailing && (number % kTrailTurn != 0 || number < first);
  }
  // What a wait of the rank is for.
  Clocks::Stamp& signalled(int rank, const Step& step) {
    return raised(rank, step.signal, at(rank).pass - (step.trailing ? kTrailTurn : 0));
  }

  // Runs a rank until it blocks or is through.
  void advance(int rank) {
    Position& here = at(rank);
    for (; here.pass < passes_; ++here.pass, here.step = 0) {
      for (; here.step < step_count(rank); ++here.step) {
        const Step& step = steps(rank)[static_cast<std::size_t>(here.step)];
        if (left_out(step, here.pass)) {
          clocks_.tick(rank);
          continue;
        }
        if (step.kind == StepKind::wait && signalled(rank, step).time == 0) return;
        execute(rank, step);
        if (report_.full()) return;
      }
      end_pass(rank);
    }
  }

  void execute(int rank, const Step& step) {
    const Event event = clocks_.tick(rank);
    switch (step.kind) {
      case StepKind::wait:
        return wait(event, step);
      case StepKind::signal:
        return raise(rank, step.peer, step.signal);
      case StepKind::copy:
      case StepKind::reduce:
        return move(event, step);
    }
  }

  void raise(int rank, int owner, int slot) {
    const int pass = at(rank).pass;
    raised(owner, slot, pass) = clocks_.send(rank);
    const Position& other = at(owner);
    if (other.pass >= passes_ || other.step >= step_count(owner)) return;
    const Step& next = steps(owner)[static_cast<std::size_t>(other.step)];
    const bool awaited = other.pass - (next.trailing ? kTrailTurn : 0) == pass;
    if (next.kind == StepKind::wait && next.signal == slot && awaited) ready_.push_back(owner);
  }

  void wait(Event event, const Step& step) {
    const int rank = event.rank;
    clocks_.receive(rank, step.peer, signalled(rank, step));
    if (step.blocks == 0) return;
    const Operand& place = step.dsts[0].place;
    if (delivery_ == Delivery::at_once || place.buffer != Buffer::output) {
      return each_unit(event, step, [&](Unit unit, std::int64_t) {
        check_partial(rank, place, memory_.cell(place, unit, at(rank).pass).value);
      });
    }
    Operand slot{Buffer::slot, rank, step.signal};
    slot.partial = place.partial;
    each_unit(event, step, [&](Unit unit, std::int64_t element) {
      write(event, place, unit, read(event, slot, unit, element, event));
    });
  }

  // What a step moves in this pass: function(unit, number in the message).
  template <typename Function>
  void each_unit(Event event, const Step& step, Function function) {
    const int pass = at(event.rank).pass;
    for (int i = 0; i < step.blocks; ++i) {
      const std::size_t count = elements_.count(step.block + i, pass);
      const std::size_t first = elements_.first(step.block + i, pass);
      for (std::size_t number = 0; number < count; ++number)
        function(Unit{i, number}, static_cast<std::int64_t>(first + number));
    }
  }

  void move(Event event, const Step& step) {
    values_.clear();
    each_unit(event, step, [&](Unit unit, std::int64_t element) {
      values_.push_back(compute(event, step, unit, element));
    });
    for (const Destination& destination : step.dsts) {
      const bool staged = destination.place.rank != event.rank &&
                          destination.place.buffer == Buffer::output &&
                          destination.signal != kNoSignal && delivery_ == Delivery::through_slot;
      Operand place = destination.place;
      if (staged) place = {Buffer::slot, destination.place.rank, destination.signal};
      auto next = values_.begin();
      each_unit(event, step, [&](Unit unit, std::int64_t) {
        Value value = *next++;
        if (value.partial && !destination.place.partial)
          problem(event.rank, "a partial sum becomes something else");
        value.partial = destination.place.partial;
        write(event, place, unit, value);
      });
      if (destination.signal != kNoSignal) {
        raise(event.rank, destination.place.rank, destination.signal);
      }
    }
  }

  Value compute(Event event, const Step& step, Unit unit, std::int64_t element) {
    if (step.kind == StepKind::copy) {
      // Passes trail only where every rank stores into every other's memory.
      if (frame_.direct || frame_.trails) return read(event, step.srcs[0], unit, element, event);
      // A put reads its source until the receiver knows that it arrived.
      Value value;
      for (const Destination& destination : step.dsts) {
        value = read(event, step.srcs[0], unit, element, end_of_put(event, destination));
      }
      return value;
    }
    Value result = reduce_start(static_cast<int>(step.srcs.size()));
    for (const Operand& source : step.srcs) {
      const Value value = read(event, source, unit, element, event);
      if (value.final) problem(event.rank, "reduces a finished result again");
      reduce_add(result, value);
    }
    const bool complete = result.sum == full_[static_cast<std::size_t>(element)];
    if (complete && !step.final) problem(event.rank, "a complete result is not marked `final`");
    if (!complete && step.final) problem(event.rank, "`final`, but contributions are missing");
    result.final = step.final;
    result.partial = !step.final;
    return result;
  }

  void check_partial(int rank, const Operand& place, const Value& value) {
    if (value.element < 0 || place.partial == value.partial) return;
    problem(rank, "{} is {}a partial sum", to_text(place, 1, rank), value.partial ? "" : "not ");
  }

  Event end_of_put(Event event, const Destination& destination) {
    const int owner = destination.place.rank;
    if (owner == event.rank || destination.signal == kNoSignal) return event;
    const SignalUse& use = signals_.at(owner, destination.signal);
    return {owner, start_time(owner, at(event.rank).pass) + use.wait_step};
  }

  // `until`: the event when the place is free to be overwritten. (Inputs are overwritten in place
  // only; see verify.h.)
  Value read(Event event, const Operand& place, Unit unit, std::int64_t element, Event until) {
    const int rank = event.rank;
    Cell& cell = memory_.cell(place, unit, at(rank).pass);
    if (const Event other = memory_.unordered_write(cell, rank, clocks_); other.rank >= 0) {
      problem(rank, "reads {} while rank {} may still write there", to_text(place, 1, rank),
              other.rank);
    }
    if (cell.value.element < 0) {
      problem(rank, "reads {} before anything was written there", to_text(place, 1, rank));
    } else if (cell.value.element != element) {
      problem(rank, "reads block {} but finds block {}", elements_.block_of(element, frame_.blocks),
              elements_.block_of(cell.value.element, frame_.blocks));
    }
    if (place.buffer == Buffer::input) {
      const Cell* output = memory_.alias(place, unit, at(rank).pass);
      if (output != nullptr && output->written.rank >= 0 &&
          output->value.expression != cell.value.expression) {
        problem(rank, "in place, reads {} after the output was written", to_text(place, 1, rank));
      }
    }
    check_partial(rank, place, cell.value);
    touch_peer(event, place);
    memory_.note_read(cell, place.buffer == Buffer::input ? event : until);
    return cell.value;
  }

  void write(Event event, const Operand& place, Unit unit, const Value& value) {
    const int rank = event.rank;
    Cell& cell = memory_.cell(place, unit, at(rank).pass);
    // Before an executor writes an output it waits until its own puts have left it.
    const bool drained = !frame_.direct && place.buffer == Buffer::output && place.rank == rank;
    const Event other = drained ? memory_.unordered_write(cell, rank, clocks_)
                                : memory_.unordered_access(cell, rank, clocks_);
    if (other.rank >= 0) {
      problem(rank, "writes {} while rank {} may still use it", to_text(place, 1, rank),
              other.rank);
    }
    const Cell* input = memory_.alias(place, unit, at(rank).pass);
    if (input != nullptr && input->value.expression != value.expression) {
      const Event reader = memory_.unordered_access(*input, rank, clocks_);
      if (reader.rank >= 0) {
        problem(rank, "in place, writes {} while rank {} may still read it as its input",
                to_text(place, 1, rank), reader.rank);
      }
    }
    touch_peer(event, place);
    memory_.note_write(cell, event, value);
  }

  // Peers may use a rank's input and output between its start and its end.
  void touch_peer(Event event, const Operand& place) {
    const int rank = event.rank;
    if (place.rank == rank || place.buffer == Buffer::slot) return;
    const int pass = at(rank).pass;
    if (clocks_.known(rank, place.rank) < start_time(place.rank, pass)) {
      problem(rank, "uses {}, but rank {} may not have started", to_text(place, 1, rank),
              place.rank);
    }
    if (at(place.rank).pass != pass) {
      problem(rank, "uses {}, but rank {} may have ended", to_text(place, 1, rank), place.rank);
    }
    if (touched_.empty()) touched_.resize(ranks_.size() * ranks_.size());
    touched_[static_cast<std::size_t>(place.rank) * ranks_.size() +
             static_cast<std::size_t>(rank)] = event.time;
  }

  void end_pass(int rank) {
    const int pass = at(rank).pass;
    for (int other = 0; other < frame_.ranks; ++other) {
      if (other == rank) continue;
      const int trailed = frame_.trails ? kMostTrailed : 0;
      if (pass >= trailed && clocks_.known(rank, other) < start_time(other, pass - trailed)) {
        report_.add(rank, lane_, -1, "may end before rank {} has started{}: no synchronization",
                    other, trailed > 0 ? fmt::format(" {} passes before", trailed) : "");
      }
      if (touched_.empty()) continue;
      const std::int32_t last = touched_[static_cast<std::size_t>(rank) * ranks_.size() +
                                         static_cast<std::size_t>(other)];
      if (clocks_.known(rank, other) < last) {
        report_.add(rank, lane_, -1, "may end while rank {} still uses its input or output", other);
      }
    }
  }

  bool reached_end(int rank) {
    const Position& here = at(rank);
    if (here.pass == passes_) return true;
    const Step& step = steps(rank)[static_cast<std::size_t>(here.step)];
    problem(rank, "waits for ever: rank {} never gets that far", step.peer);
    return false;
  }

  std::span<const Schedule> ranks_;
  const Schedule& frame_;
  int lane_;
  const Elements& elements_;
  int passes_;
  const SignalTable& signals_;
  Delivery delivery_;
  Report& report_;
  Clocks clocks_;
  Memory memory_;
  std::vector<Position> position_;
  std::vector<Clocks::Stamp> raised_;  // by pass, owner and slot; time 0: not yet
  std::vector<std::uint64_t> full_;    // by element: the sum of all contributions
  std::vector<std::int32_t>
      touched_;  // by owner and peer: when the peer last used the owner's buffers
  std::vector<int> ready_;
  std::vector<Value> values_;
};

}  // namespace

void simulate(std::span<const Schedule> ranks, int lane, const SignalTable& signals,
              Delivery delivery, const Elements& elements, Report& report) {
  Simulation(ranks, lane, signals, delivery, elements, report).run();
}

}  // namespace weft::schedule
