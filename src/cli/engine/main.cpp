/// The program `svhn-engine`: every command, with LibTorch and OpenCV. `svhn` starts it.

#include <cstdio>
#include <cstdlib>

#include "cli/app.h"
#include "cli/commands.h"

int main(int argc, char** argv) {
  using namespace svhn::cli;
  const int code = run(argc, argv,
                       {.preprocess = run_preprocess,
                        .train = run_train,
                        .evaluate = run_evaluate,
                        .transfer = run_transfer,
                        .tune = run_tune,
                        .interpret = run_interpret,
                        .predict = run_predict,
                        .report = run_report,
                        .convert = run_convert,
                        .env = run_env});
  if (code == 0) return 0;
  // Threads may still wait for a lost process: end without joining them.
  std::fflush(nullptr);
  std::_Exit(code);
}
