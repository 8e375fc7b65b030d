# svhn_torch: LibTorch, in one of three ways.
#   package    LibTorch's own CMake package (Debian's, pytorch.org's archives); a CUDA build asks for a CUDA toolkit.
#   libraries  every libtorch*.so under CMAKE_PREFIX_PATH, CUDA's included, without a toolkit: PyPI's torch wheel.
#   cpu        libtorch_cpu.so and libc10.so alone, whatever else lies beside them.
set(SVHN_TORCH "package" CACHE STRING "How LibTorch is found: package, libraries or cpu")
set_property(CACHE SVHN_TORCH PROPERTY STRINGS package libraries cpu)

# svhn_torch from includes and libraries.
function(svhn_torch_target INCLUDES LIBRARIES)
  svhn_folder_before_own_fmt(BEFORE "${INCLUDES}")
  svhn_library(svhn_torch "${BEFORE};${INCLUDES}" "${LIBRARIES}")
  # at::parallel_for is a template: without OpenMP where it is used, it runs on one thread and says nothing.
  find_package(OpenMP REQUIRED COMPONENTS CXX)
  target_link_libraries(svhn_torch INTERFACE OpenMP::OpenMP_CXX)
endfunction()

# A LibTorch 2.x that brings headers of its own fmt would hide the fmt that spdlog was built with:
# OUT is then a folder with the latter alone, to be searched first.
function(svhn_folder_before_own_fmt OUT INCLUDES)
  set(${OUT} "" PARENT_SCOPE)
  list(GET INCLUDES 0 first)
  if(TARGET fmt::fmt AND EXISTS "${first}/fmt/core.h")
    get_target_property(fmt_folder fmt::fmt INTERFACE_INCLUDE_DIRECTORIES)
    if(NOT fmt_folder STREQUAL first)
      set(folder "${PROJECT_BINARY_DIR}/fmt_of_spdlog")
      file(MAKE_DIRECTORY "${folder}")
      file(CREATE_LINK "${fmt_folder}/fmt" "${folder}/fmt" SYMBOLIC)
      set(${OUT} "${folder}" PARENT_SCOPE)
    endif()
  endif()
endfunction()

# Includes and libraries of a LibTorch whose CMake package is left alone.
function(svhn_torch_by_name)
  find_path(SVHN_TORCH_INCLUDE_DIR torch/csrc/api/include/torch/torch.h
            HINTS ENV TORCH_INSTALL_PREFIX PATH_SUFFIXES include NO_CMAKE_SYSTEM_PATH)
  find_library(SVHN_TORCH_CPU torch_cpu HINTS ENV TORCH_INSTALL_PREFIX PATH_SUFFIXES lib NO_CMAKE_SYSTEM_PATH)
  if(NOT SVHN_TORCH_INCLUDE_DIR OR NOT SVHN_TORCH_CPU)
    message(FATAL_ERROR "SVHN_TORCH=${SVHN_TORCH} needs CMAKE_PREFIX_PATH to name LibTorch's folder "
                        "(the one with include/ and lib/, for a Python wheel site-packages/torch)")
  endif()
  get_filename_component(folder "${SVHN_TORCH_CPU}" DIRECTORY)
  set(libraries "${SVHN_TORCH_CPU}" "${folder}/libc10.so")
  if(SVHN_TORCH STREQUAL "libraries" AND EXISTS "${folder}/libtorch_cuda.so")
    # Nothing names a symbol of libtorch_cuda: it registers its kernels when it is loaded.
    list(PREPEND libraries "-Wl,--push-state,--no-as-needed" "${folder}/libtorch_cuda.so" "${folder}/libc10_cuda.so"
         "-Wl,--pop-state")
  endif()
  svhn_torch_target("${SVHN_TORCH_INCLUDE_DIR};${SVHN_TORCH_INCLUDE_DIR}/torch/csrc/api/include" "${libraries}")
  # A wheel brings its own OpenMP; the linker must look there for what libtorch_cpu needs.
  target_link_options(svhn_torch INTERFACE "-Wl,-rpath-link,${folder}")
  file(STRINGS "${folder}/libc10.so" new_abi REGEX "__cxx11" LIMIT_COUNT 1)
  if(NOT new_abi)
    set(SVHN_TORCH_OLD_ABI ON PARENT_SCOPE)
  endif()
endfunction()

function(svhn_torch_package)
  find_package(Torch 1.13 REQUIRED)
  svhn_torch_target("${TORCH_INCLUDE_DIRS}" "${TORCH_LIBRARIES}")
  if(TORCH_CXX_FLAGS MATCHES "_GLIBCXX_USE_CXX11_ABI=0")
    set(SVHN_TORCH_OLD_ABI ON PARENT_SCOPE)
  endif()
endfunction()

set(SVHN_TORCH_OLD_ABI OFF)
if(SVHN_TORCH STREQUAL "package")
  svhn_torch_package()
elseif(SVHN_TORCH MATCHES "^(libraries|cpu)$")
  svhn_torch_by_name()
else()
  message(FATAL_ERROR "SVHN_TORCH is '${SVHN_TORCH}'; it may be package, libraries or cpu")
endif()
if(SVHN_TORCH_OLD_ABI)
  message(FATAL_ERROR "This LibTorch was built with libstdc++'s old ABI, which OpenCV and spdlog do not share; "
                      "take its cxx11 ABI archive, or a wheel of 2.7 or later")
endif()
