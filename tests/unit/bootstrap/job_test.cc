#include "bootstrap/job.h"

#include "ranks.h"

#include <unistd.h>

namespace weft::bootstrap {
namespace {

Job job_of(const std::string& name, std::uint32_t user, bool chosen) {
  return {{name, chosen ? "WEFT_JOB" : "SLURM_JOB_ID", chosen}, user, 4};
}

TEST(Job, what_travels_is_the_same_job) {
  for (const Job& job : {job_of("night-7", 1000, true), job_of("4711.0", 0, false), Job{}}) {
    const Blob bytes = pack(job);
    EXPECT_LE(bytes.size(), kMaxPackedJob);
    const Job again = unpack_job(bytes, job.size);
    EXPECT_EQ(pack(again), bytes);
    EXPECT_EQ(again.in_words(), job.in_words());
    EXPECT_TRUE(same_name(again, job));
  }
}

TEST(Job, the_longest_name_travels) {
  const Job job = Job::of({std::string(kMaxJobName, 'x'), "SLURM_JOB_ID.SLURM_STEP_ID", false}, 2);
  EXPECT_LE(pack(job).size(), kMaxPackedJob);
  EXPECT_EQ(unpack_job(pack(job), 2).name.name, job.name.name);
}

TEST(Job, a_name_that_is_too_long_is_an_error_that_names_where_it_comes_from) {
  expect_error(thrown_by([] { Job::of({std::string(256, 'x'), "WEFT_JOB", true}, 2); }),
               ErrorCode::invalid_argument, "WEFT_JOB: a name of 256 characters; there may be 255");
}

TEST(Job, this_process_says_who_runs_it) {
  const Job job = Job::of({"day", "WEFT_JOB", true}, 3);
  EXPECT_EQ(job.in_words(), fmt::format("job \"day\" (WEFT_JOB, user {}, 3 ranks)", geteuid()));
  EXPECT_EQ(Job::of({}, 3).in_words(),
            fmt::format("a job without a name (user {}, 3 ranks)", geteuid()));
}

TEST(Job, users_of_one_launcher_may_give_two_jobs_one_name) {
  EXPECT_TRUE(same_name(job_of("a", 1, false), job_of("a", 1, false)));
  EXPECT_FALSE(same_name(job_of("a", 1, false), job_of("a", 2, false)));
  EXPECT_FALSE(same_name(job_of("a", 1, false), job_of("b", 1, false)));
  EXPECT_FALSE(same_name(job_of("", 1, false), job_of("", 2, false)));
}

TEST(Job, a_name_that_was_chosen_holds_for_all_users) {
  EXPECT_TRUE(same_name(job_of("a", 1, true), job_of("a", 2, true)));
  EXPECT_FALSE(same_name(job_of("a", 1, true), job_of("a", 2, false)));
  EXPECT_FALSE(same_name(job_of("a", 1, true), job_of("b", 1, true)));
}

TEST(Job, names_at_random_are_different) {
  const JobName name = Job::random_name();
  EXPECT_TRUE(name.chosen);
  EXPECT_EQ(name.name.size(), 32u);
  EXPECT_NE(name.name, Job::random_name().name);
}

TEST(Job, what_a_stranger_calls_its_job_does_no_harm_to_a_terminal) {
  const std::string words = job_of("\x1b[2J\n\xff", 0, true).in_words();
  EXPECT_NE(words.find("job \"?[2J??\""), std::string::npos) << words;
}

TEST(Job, nonsense_is_an_error) {
  const Blob whole = pack(job_of("night", 7, true));
  for (std::size_t bytes = 0; bytes < whole.size(); ++bytes) {
    expect_error(thrown_by([&] { unpack_job(std::span(whole).first(bytes), 4); }),
                 ErrorCode::bootstrap, "");
  }
  Blob longer = whole;
  longer.resize(longer.size() + 1);  // GCC 14 errs about push_back()
  expect_error(thrown_by([&] { unpack_job(longer, 4); }), ErrorCode::bootstrap, "nonsense");
}

}  // namespace
}  // namespace weft::bootstrap
