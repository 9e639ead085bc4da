// A program of two ranks in two processes that all-reduces: what a user of an installed weft
// writes.
#include <weft/engine.h>
#include <weft/weft.h>

#include <cstdio>
#include <vector>

int main() {
  auto comm = weft::Communicator::create();
  std::vector<float> mine(1000, 1.0F), sum(1000);
  comm.all_reduce(mine.data(), sum.data(), mine.size(), weft::DataType::f32, weft::ReduceOp::sum);
  std::printf("sum %g of %d\n", static_cast<double>(sum.back()), comm.size());
  return sum.back() == static_cast<float>(comm.size()) ? 0 : 1;
}
