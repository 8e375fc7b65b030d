/// The program `svhn-engine`: every command, with LibTorch and OpenCV. Users start it through `svhn`.

#include "svhn/cli/app.h"
#include "svhn/cli/commands.h"

int main(int argc, char** argv) {
  using namespace svhn::cli;
  return run(argc, argv, {run_preprocess, run_train, run_evaluate, run_env});
}
