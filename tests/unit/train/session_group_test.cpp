/// Sessions of several processes (threads here), each with a folder of its own as on machines apart.

#include <array>
#include <atomic>
#include <fstream>
#include <iterator>

#include "model/model_file.h"
#include "train/checkpoint.h"
#include "train/session.h"
#include "unit/distributed/thread_group.h"
#include "unit/train/trainer_run.h"

namespace svhn::train {
namespace {

using distributed::ProcessGroup;
namespace fs = std::filesystem;

class SessionGroupTest : public TrainerTest {
 protected:
  /// @param folder under the test's own; the rank is added.
  [[nodiscard]] SessionRequest request(const std::string& folder, ProcessGroup* group) const {
    const auto selu = model::Activation::selu;
    SessionRequest request;
    request.name = "run";
    request.model = network::spec_of({model::AveragePool2dOp{.window = {.height = 8, .stride = 0}},
                                      model::FlattenOp{}, model::DenseOp{.units = 12, .activation = selu},
                                      model::BatchNormOp{.momentum = 0.8}, model::DropoutOp{0.3},
                                      model::DenseOp{.units = 10}});
    request.train = options(3);
    request.train.precision = core::Precision::float32;
    request.config = R"({"train":{"seed":1},"data":{"file":"here"}})";
    const int rank = group == nullptr ? 0 : group->rank();
    request.output = folder_ / (folder + std::to_string(rank));
    request.opened = std::make_shared<const data::PreparedData>(file());
    request.group = group;
    return request;
  }

  [[nodiscard]] std::string bytes(const std::string& name) const {
    std::ifstream in(folder_ / name, std::ios::binary);
    EXPECT_TRUE(in.good()) << name;
    return {std::istreambuf_iterator<char>(in), {}};
  }

  /// @param epochs to pause after; 0: to the end. @returns how many processes made the checkpoint, 0: none.
  int train(int processes, const std::string& folder, ExistingRun existing, std::int64_t epochs = 0) const {
    std::atomic<int> former = 0;
    const auto run = [&](ProcessGroup* group) {
      SessionRequest own = request(folder, group);
      own.existing = existing;
      own.train.optimizer.type = OptimizerType::sgd;  // Adam makes a large step of the smallest difference.
      Session session(std::move(own));
      former = session.former_processes();
      session.run({}, [epochs](const TrainingState& state) { return state.epoch == epochs; });
    };
    if (processes == 1) {
      run(nullptr);
    } else {
      distributed::run_ranks(processes, [&](ProcessGroup& group) { run(&group); });
    }
    return former;
  }

  /// Expects two models' numbers to be those of the same batches, summed in another order.
  void expect_near(const std::string& a, const std::string& b) const {
    const model::ModelFile one(folder_ / a), other(folder_ / b);
    for (const auto& node : one.graph().nodes) {
      for (const auto& tensor : node.tensors) {
        const auto values = [&](const model::ModelFile& from) {
          const auto held =
              from.file().bytes(from.file().require(tensor.name, formats::DType::f32, tensor.shape));
          return std::span(reinterpret_cast<const float*>(held.data()), held.size() / sizeof(float));
        };
        for (std::size_t i = 0; i < values(one).size(); ++i) {
          EXPECT_NEAR(values(one)[i], values(other)[i], 5e-5) << tensor.name << " " << a;
        }
      }
    }
  }

  /// @returns what the processes threw: the same for all.
  std::string refusal(const std::function<void(SessionRequest&, int)>& change, core::ExitCode code) const {
    const auto faults = distributed::run_group(2, [&](ProcessGroup& group) {
      SessionRequest own = request("refused", &group);
      change(own, group.rank());
      const Session session(std::move(own));
    });
    std::string text;
    for (const auto& fault : faults) {
      try {
        if (fault) std::rethrow_exception(fault);
        ADD_FAILURE() << "a process went on";
      } catch (const core::Error& error) {
        EXPECT_EQ(error.code(), code);
        EXPECT_TRUE(text.empty() || text == error.what());
        text = error.what();
      }
    }
    EXPECT_FALSE(fs::exists(folder_ / "refused0"));
    return text;
  }
};

TEST_F(SessionGroupTest, LeavesTheFilesOfOneRunInTheFirstProcessFolder) {
  distributed::run_ranks(2, [&](ProcessGroup& group) {
    Session session(request("out", &group));
    Recorder recorder;
    EXPECT_TRUE(session.run({&recorder}));
    EXPECT_EQ(session.state().epoch, 3);
    EXPECT_EQ(session.reduction().processes, 2);
  });
  Session(request("alone", nullptr)).run({});
  std::array<std::vector<std::string>, 2> names;
  for (const std::size_t i : {0U, 1U}) {
    const fs::path root = folder_ / (i == 0 ? "out0" : "alone0");
    for (const auto& entry : fs::recursive_directory_iterator(root)) {
      names[i].push_back(fs::relative(entry.path(), root).string());
    }
    std::sort(names[i].begin(), names[i].end());
  }
  EXPECT_EQ(names[0], names[1]);
  EXPECT_FALSE(fs::exists(folder_ / "out1"));
  EXPECT_NE(bytes("out0/run/summary.json").find("\"processes\": 2"), std::string::npos);
}

TEST_F(SessionGroupTest, GoesOnFromTheFirstProcessCheckpointToTheSameBytes) {
  const auto run = [&](const std::string& folder, const PauseRule& pause, ExistingRun existing) {
    distributed::run_ranks(2, [&](ProcessGroup& group) {
      SessionRequest own = request(folder, &group);
      own.existing = existing;
      Session session(std::move(own));
      EXPECT_EQ(session.resumed(), existing == ExistingRun::resume);
      EXPECT_EQ(session.former_processes(), existing == ExistingRun::resume ? 2 : 0);
      session.run({}, pause);
    });
  };
  run("whole", {}, ExistingRun::refuse);
  run(
      "parts", [](const TrainingState& state) { return state.epoch == 1; }, ExistingRun::refuse);
  EXPECT_FALSE(fs::exists(folder_ / "parts0/run.safetensors"));
  EXPECT_EQ(
      read_checkpoint_record(model::ModelFile(folder_ / "parts0/run/checkpoints/last.safetensors")).processes,
      2);
  run("parts", {}, ExistingRun::resume);
  EXPECT_EQ(bytes("parts0/run.safetensors"), bytes("whole0/run.safetensors"));
  EXPECT_EQ(bytes("parts0/run.best.safetensors"), bytes("whole0/run.best.safetensors"));
}

/// From the checkpoint on, only the new number counts; before it, the numbers differ by rounding alone.
TEST_F(SessionGroupTest, GoesOnWithAnotherNumberOfProcessesAsARunOfThatNumber) {
  for (const auto& [before, after] : {std::pair{2, 1}, {1, 2}, {2, 3}}) {
    const std::string name = std::to_string(before) + "to" + std::to_string(after);
    train(before, name, ExistingRun::refuse, 1);
    fs::copy(folder_ / (name + "0"), folder_ / (name + "parts0"), fs::copy_options::recursive);
    EXPECT_EQ(train(after, name, ExistingRun::resume), before);
    EXPECT_EQ(train(after, name + "parts", ExistingRun::resume, 2), before);
    EXPECT_EQ(train(after, name + "parts", ExistingRun::resume), after);
    EXPECT_EQ(bytes(name + "0/run.safetensors"), bytes(name + "parts0/run.safetensors"));
    train(after, name + "whole", ExistingRun::refuse);
    expect_near(name + "0/run.safetensors", name + "whole0/run.safetensors");
  }
}

TEST_F(SessionGroupTest, NamesTheProcessWithAnotherConfig) {
  const auto change = [](SessionRequest& request, int rank) {
    request.config = rank == 0 ? R"({"train":{"seed":1},"data":{"file":"here"}})"
                               : R"({"train":{"seed":2},"data":{"file":"there"}})";
  };
  EXPECT_EQ(refusal(change, core::ExitCode::config),
            "rank 1 has another config than rank 0: /train/seed = 2, not 1");
  const auto less = [](SessionRequest& request, int rank) {
    if (rank == 1) request.config = "{}";
  };
  EXPECT_EQ(refusal(less, core::ExitCode::config),
            "rank 1 has another config than rank 0: /train/seed = nothing, not 1");
}

TEST_F(SessionGroupTest, NamesTheProcessWithOtherData) {
  auto other = content();
  other.labels[0] = 3;
  data::write_prepared(folder_ / "other.safetensors", other);
  const auto change = [&](SessionRequest& request, int rank) {
    if (rank == 1) request.opened = std::make_shared<const data::PreparedData>(folder_ / "other.safetensors");
  };
  EXPECT_EQ(refusal(change, core::ExitCode::data), "rank 1 has other data than rank 0");
}

TEST_F(SessionGroupTest, RefusesAnExistingRunWhereItWouldBeWritten) {
  distributed::run_ranks(2, [&](ProcessGroup& group) { Session(request("there", &group)).run({}); });
  const auto faults = distributed::run_group(
      2, [&](ProcessGroup& group) { const Session session(request("there", &group)); });
  EXPECT_THROW(std::rethrow_exception(faults[0]), core::Error);
  EXPECT_THROW(std::rethrow_exception(faults[1]), core::Error);
}

}  // namespace
}  // namespace svhn::train
