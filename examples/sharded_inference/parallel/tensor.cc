// One process, and tensor parallel: the same program, with and without anybody to add up with.
#include "model/decoder.h"
#include "parallel/forms.h"

#include <span>
#include <vector>

namespace inference {
namespace {

using SumOverRanks = Decoder::SumOverRanks;
using MaxOverRanks = std::function<Vote(Vote)>;

void run(const Job& job, const Request& request, Decoder& decoder, const SumOverRanks& sum,
         const MaxOverRanks& max, Generation& generation) {
  const std::size_t dim = job.model.config.dim;
  std::vector<float> x(kPageTokens * dim);
  const auto choose = [&](const float* last) {
    return static_cast<int>(token_of(max(decoder.vote(last))));
  };

  for_each_batch(request.prompt.size(), [&](std::size_t first, std::size_t count) {
    decoder.embed(std::span(request.prompt).subspan(first, count), x.data());
    decoder.forward(x.data(), count, first, sum);
    if (first + count == request.prompt.size()) {
      generation.add(choose(x.data() + (count - 1) * dim));
    }
  });
  job.meter.enter(Phase::decode);
  for (std::size_t i = 1; i < request.tokens; ++i) {
    decoder.embed(std::span(generation.tokens()).last(1), x.data());
    decoder.forward(x.data(), 1, request.prompt.size() + i - 1, sum);
    generation.add(choose(x.data()));
  }
}

Decoder make_decoder(const Job& job, const Slice& slice, std::vector<std::byte>& pool,
                     std::span<std::int64_t> sums) {
  const ModelConfig& config = job.model.config;
  const PageLayout layout(config, slice.layers.count, slice.groups.count, job.context);
  pool.resize(layout.pool_bytes());
  return Decoder(config, slice, load(job.model, slice), KvCache(layout, pool), sums);
}

}  // namespace

Generation generate_single(const Job& job) {
  std::vector<std::byte> pool;
  std::vector<std::int64_t> sums(kPageTokens * job.model.config.dim);
  Decoder decoder = make_decoder(job, Slice::all(job.model.config), pool, sums);
  return serve(job, [&](const Request& request, Generation& generation) {
    run(job, request, decoder, [](std::size_t) {}, [](Vote vote) { return vote; }, generation);
  });
}

Generation generate_tensor(const Job& job, Network& network) {
  const ModelConfig& config = job.model.config;
  const auto rank = static_cast<std::size_t>(network.rank());
  const auto ranks = static_cast<std::size_t>(network.size());
  Slice slice = Slice::all(config);
  slice.groups = part_of(config.groups(), rank, ranks);
  slice.vocabulary = part_of(config.vocab, rank, ranks);

  const auto reductions = network.open_reductions(kPageTokens * config.dim);
  std::vector<std::byte> pool;
  Decoder decoder = make_decoder(job, slice, pool, reductions->sums());

  const auto sum = [&](std::size_t count) {
    job.meter.time(Path::all_reduce, [&] { reductions->sum(count); });
  };
  const auto max = [&](Vote mine) {
    Vote most = 0;
    job.meter.time(Path::vote, [&] { most = reductions->max(mine); });
    return most;
  };
  const Generation generation =
      serve(job, network, [&](const Request& request, Generation& tokens) {
        run(job, request, decoder, sum, max, tokens);
      });
  return network.rank() == 0 ? generation : Generation();
}

}  // namespace inference
