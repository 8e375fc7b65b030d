# Which of LibTorch's process groups and stores can be compiled here.
#   SVHN_C10D  c10d's store: every LibTorch that was built with USE_DISTRIBUTED
#   SVHN_GLOO  process groups on processors; LibTorch's header includes Gloo's, which Debian has in libgloo-dev and
#              PyPI's wheels lack. Those of another Gloo would not fit, so only headers beside LibTorch's own count,
#              or a folder that is named: third_party/gloo of the PyTorch sources that made this LibTorch.
#   SVHN_NCCL  process groups on CUDA; never tested on a machine with CUDA.
set(SVHN_GLOO_INCLUDE_DIR "" CACHE PATH "Folder of Gloo's headers that fit this LibTorch, where they are not beside its own")
get_target_property(folders svhn_torch INTERFACE_INCLUDE_DIRECTORIES)
set(SVHN_C10D OFF)
set(SVHN_GLOO OFF)
set(SVHN_NCCL OFF)
foreach(folder ${folders})
  if(EXISTS "${folder}/torch/csrc/distributed/c10d/TCPStore.hpp")
    set(SVHN_C10D ON)
    if(EXISTS "${folder}/gloo/context.h" OR EXISTS "${SVHN_GLOO_INCLUDE_DIR}/gloo/context.h")
      set(SVHN_GLOO ON)
    endif()
    if(EXISTS "${folder}/nccl.h" AND TARGET torch_cuda)
      set(SVHN_NCCL ON)
    endif()
  endif()
endforeach()
add_library(svhn_processes INTERFACE)
if(SVHN_GLOO)
  if(SVHN_GLOO_INCLUDE_DIR)
    target_include_directories(svhn_processes SYSTEM INTERFACE "${SVHN_GLOO_INCLUDE_DIR}")
  else()
    find_library(SVHN_GLOO_LIBRARY gloo REQUIRED)
    target_link_libraries(svhn_processes INTERFACE "${SVHN_GLOO_LIBRARY}")
  endif()
else()
  message(STATUS "No headers of Gloo beside LibTorch's: --nproc will not work (scripts/setup.sh installs Debian's)")
endif()
