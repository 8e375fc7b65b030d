/// The program `svhn-engine`: every command, with LibTorch and OpenCV. Users start it through `svhn`.

#include "svhn/cli/app.h"
#include "svhn/cli/commands.h"

int main(int argc, char** argv) {
  using namespace svhn::cli;
  return run(argc, argv,
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
}
