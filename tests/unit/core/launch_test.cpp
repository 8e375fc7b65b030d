#include "core/launch.h"

#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <thread>

#include "core/error.h"

namespace svhn::core {
namespace {

using Variables = std::map<std::string, std::string>;

Launch launch_read(const Variables& variables, const std::string& bind = {}) {
  return read_launch(
      [&](const char* name) {
        const auto found = variables.find(name);
        return found == variables.end() ? nullptr : found->second.c_str();
      },
      bind);
}

/// @returns the message of the usage error that these variables cause; empty without an error.
std::string launch_refusal(const Variables& variables, const std::string& bind = {}) {
  try {
    launch_read(variables, bind);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::usage);
    EXPECT_FALSE(error.hint().empty());
    return error.what();
  }
  return {};
}

Variables with(Variables base, const Variables& more) {
  for (const auto& [name, value] : more) base[name] = value;
  return base;
}

// torchrun's documentation, "Environment Variables".
const Variables kTorchrun = {{"RANK", "1"},
                             {"WORLD_SIZE", "4"},
                             {"LOCAL_RANK", "1"},
                             {"LOCAL_WORLD_SIZE", "2"},
                             {"MASTER_ADDR", "127.0.0.1"},
                             {"MASTER_PORT", "29501"}};
// srun's manual page, "Output environment variables".
const Variables kSlurm = {{"SLURM_PROCID", "3"},    {"SLURM_NTASKS", "4"},
                          {"SLURM_LOCALID", "1"},   {"SLURM_JOB_NUM_NODES", "2"},
                          {"SLURM_JOB_ID", "4711"}, {"SLURM_JOB_NODELIST", "n[07-08]"},
                          {"SLURM_STEP_ID", "0"}};
// sbatch's manual page: a batch script has a rank and a size, but no SLURM_STEP_ID.
const Variables kBatchScript = {{"SLURM_PROCID", "0"}, {"SLURM_NTASKS", "4"}, {"SLURM_JOB_NUM_NODES", "2"}};
// Open MPI's FAQ, "environment variables that mpirun sets".
const Variables kOpenMpi = {{"OMPI_COMM_WORLD_RANK", "1"},
                            {"OMPI_COMM_WORLD_SIZE", "2"},
                            {"OMPI_COMM_WORLD_LOCAL_RANK", "1"},
                            {"OMPI_COMM_WORLD_LOCAL_SIZE", "2"}};

TEST(ReadLaunch, IsOneProcessWithoutALauncher) {
  for (const Variables& variables :
       {Variables{}, Variables{{"SLURM_NTASKS", "1"}}, Variables{{"SLURM_NTASKS", "4"}},
        Variables{{"RANK", "0"}, {"WORLD_SIZE", "1"}}, Variables{{"WORLD_SIZE", "1"}},
        Variables{{"SLURM_PROCID", "0"}, {"SLURM_NTASKS", "1"}, {"SLURM_STEP_ID", "0"}}, kBatchScript}) {
    EXPECT_EQ(launch_read(variables).size, 1);
    EXPECT_EQ(launch_read(variables).rank, 0);
  }
}

TEST(ReadLaunch, ReadsTorchrun) {
  const Launch launch = launch_read(kTorchrun);
  EXPECT_EQ(launch.rank, 1);
  EXPECT_EQ(launch.size, 4);
  EXPECT_EQ(launch.local_rank, 1);
  EXPECT_EQ(launch.local_size, 2);
  EXPECT_EQ(launch.address, "127.0.0.1");
  EXPECT_EQ(launch.port, 29501);
  EXPECT_EQ(launch.bind, "127.0.0.1");
  EXPECT_FALSE(launch.launcher_store);
  const Launch elastic = launch_read(
      with(kTorchrun, {{"TORCHELASTIC_USE_AGENT_STORE", "True"}, {"TORCHELASTIC_RESTART_COUNT", "2"}}));
  EXPECT_TRUE(elastic.launcher_store);
  EXPECT_EQ(elastic.prefix, "/worker/attempt_2");
}

TEST(ReadLaunch, ReadsSlurm) {
  const Launch launch = launch_read(kSlurm, "127.0.0.1");
  EXPECT_EQ(launch.rank, 3);
  EXPECT_EQ(launch.size, 4);
  EXPECT_EQ(launch.local_rank, 1);
  EXPECT_EQ(launch.address, "n07");
  EXPECT_EQ(launch.port, 14711);  // 10000 + job
  EXPECT_EQ(launch_read(with(kSlurm, {{"SLURM_JOB_NUM_NODES", "1"}})).address, "127.0.0.1");
  EXPECT_EQ(launch_read(with(kSlurm, {{"MASTER_ADDR", "localhost"}})).bind, "127.0.0.1");
}

TEST(ReadLaunch, ReadsOpenMpiAlsoInsideSlurm) {
  for (const Variables& variables :
       {kOpenMpi, with(kOpenMpi, {{"SLURM_PROCID", "0"}, {"SLURM_NTASKS", "1"}, {"SLURM_STEP_ID", "0"}})}) {
    const Launch launch = launch_read(variables);
    EXPECT_EQ(launch.rank, 1);
    EXPECT_EQ(launch.size, 2);
    EXPECT_EQ(launch.address, "127.0.0.1");
    EXPECT_EQ(launch.port, 29500);
  }
  EXPECT_EQ(launch_refusal(with(kOpenMpi, {{"OMPI_COMM_WORLD_LOCAL_SIZE", "1"}})),
            "OMPI_COMM_WORLD_SIZE is set and MASTER_ADDR is not");
}

TEST(ReadLaunch, NamesTheVariableThatIsWrong) {
  const auto torchrun = [](const Variables& more) { return launch_refusal(with(kTorchrun, more)); };
  EXPECT_EQ(torchrun({{"RANK", "4"}}), "RANK is 4 and WORLD_SIZE is 4");
  EXPECT_EQ(torchrun({{"LOCAL_RANK", "9"}}), "LOCAL_RANK is 9 and WORLD_SIZE is 4");
  EXPECT_EQ(torchrun({{"RANK", ""}}), "WORLD_SIZE is set and RANK is not");
  EXPECT_EQ(torchrun({{"WORLD_SIZE", ""}}), "RANK is set and WORLD_SIZE is not");
  EXPECT_EQ(torchrun({{"MASTER_ADDR", ""}}), "WORLD_SIZE is set and MASTER_ADDR is not");
  EXPECT_EQ(torchrun({{"RANK", "-1"}}), "RANK is '-1', not a whole number from 0 to 2147483647");
  EXPECT_EQ(torchrun({{"WORLD_SIZE", "4x"}}), "WORLD_SIZE is '4x', not a whole number from 1 to 4096");
  EXPECT_EQ(torchrun({{"WORLD_SIZE", "99999999999"}}),
            "WORLD_SIZE is '99999999999', not a whole number from 1 to 4096");
  EXPECT_EQ(torchrun({{"MASTER_PORT", "70000"}}),
            "MASTER_PORT is '70000', not a whole number from 1 to 65535");
  EXPECT_EQ(launch_refusal({{"SLURM_PROCID", "1"}, {"SLURM_STEP_ID", "0"}}),
            "SLURM_PROCID is set and SLURM_NTASKS is not");
}

TEST(ReadLaunch, StaysOnLoopbackUnlessToldOtherwise) {
  const Variables far = with(kTorchrun, {{"MASTER_ADDR", "10.1.2.3"}});
  EXPECT_EQ(launch_refusal(far),
            "the processes are to meet at '10.1.2.3' (MASTER_ADDR), outside this machine");
  EXPECT_EQ(launch_refusal(kSlurm), "the processes are to meet at 'n07' (MASTER_ADDR), outside this machine");
  EXPECT_EQ(launch_read(far, "192.168.0.9").bind, "192.168.0.9");
  EXPECT_EQ(launch_read(with(far, {{"SVHN_BIND", "lo"}})).bind, "127.0.0.1");
  EXPECT_EQ(launch_refusal(far, "0.0.0.0"), "'0.0.0.0' stands for every address of this machine");
  EXPECT_EQ(launch_refusal(far, "no-such0"),
            "'no-such0' is neither a numeric address nor an interface of this machine");
}

/// Runs in the child of a death test, since a hard limit cannot be raised again.
[[noreturn]] void reserve_within(rlim_t soft, rlim_t hard, int processes) {
  const rlimit given{soft, hard};
  ::setrlimit(RLIMIT_NOFILE, &given);
  try {
    reserve_connections(processes);
  } catch (const Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    ::_exit(static_cast<int>(error.code()));
  }
  rlimit now{};
  ::getrlimit(RLIMIT_NOFILE, &now);
  ::_exit(static_cast<int>(100 + (now.rlim_cur > 155 ? 155 : now.rlim_cur)));
}

/// 40 of each process and 4 for each of the processes.
TEST(ReserveConnectionsDeathTest, RaisesTheSoftLimitAsFarAsNeeded) {
  EXPECT_EXIT(reserve_within(16, 100, 2), testing::ExitedWithCode(148), "^$");
  EXPECT_EXIT(reserve_within(50, 100, 2), testing::ExitedWithCode(150), "^$");
  EXPECT_EXIT(reserve_within(16, 47, 2), testing::ExitedWithCode(7),
              "^only 47 files may be open at a time, and 2 processes need 48\n$");
}

TEST(IsLoopback, AsksNoNameServer) {
  for (const char* here : {"localhost", "127.0.0.1", "127.9.9.9", "::1"})
    EXPECT_TRUE(is_loopback(here)) << here;
  for (const char* far : {"10.0.0.1", "127.evil.example", "host", "", "::2"})
    EXPECT_FALSE(is_loopback(far)) << far;
}

TEST(FirstHost, ReadsSlurmsNodeLists) {  // The forms of the man page of scontrol, "show hostnames".
  EXPECT_EQ(first_host("node[003-007,9],login1"), "node003");
  EXPECT_EQ(first_host("a,b"), "a");
  EXPECT_EQ(first_host("gpu7"), "gpu7");
  EXPECT_EQ(first_host("rack[1-2]node[04,6]-ib"), "rack1node04-ib");
  EXPECT_EQ(first_host("broken[1"), "broken");
}

TEST(MayTellFailure, IsTrueOnceForAll) {
  ASSERT_EQ(::unsetenv("SVHN_SAY_ONCE"), 0);
  EXPECT_TRUE(may_report_failure());
  EXPECT_TRUE(may_report_failure());
  const int once = ::eventfd(1, EFD_NONBLOCK | EFD_SEMAPHORE);
  ASSERT_EQ(::setenv("SVHN_SAY_ONCE", std::to_string(once).c_str(), 1), 0);
  EXPECT_TRUE(may_report_failure());
  EXPECT_FALSE(may_report_failure());
  ::close(once);
  EXPECT_TRUE(may_report_failure());  // No such descriptor: better report a failure twice than never.
  ::unsetenv("SVHN_SAY_ONCE");
}

TEST(MayTellFailure, LetsAnotherGoFirst) {
  using std::chrono::milliseconds;
  const int once = ::eventfd(1, EFD_NONBLOCK | EFD_SEMAPHORE);
  ASSERT_EQ(::setenv("SVHN_SAY_ONCE", std::to_string(once).c_str(), 1), 0);
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_TRUE(may_report_failure(milliseconds(50)));  // Nobody went first.
  EXPECT_GE(std::chrono::steady_clock::now() - begin, milliseconds(50));
  ASSERT_EQ(::eventfd_write(once, 1), 0);
  std::thread other([] {
    std::this_thread::sleep_for(milliseconds(50));
    EXPECT_TRUE(may_report_failure());
  });
  EXPECT_FALSE(may_report_failure(std::chrono::minutes(1)));
  other.join();
  ::close(once);
  ::unsetenv("SVHN_SAY_ONCE");
}

}  // namespace
}  // namespace svhn::core
