# How the project's libraries are made: a folder under src/ is one static library of its name.

add_library(svhn_flags INTERFACE)
target_include_directories(svhn_flags INTERFACE "${PROJECT_SOURCE_DIR}/src" "${PROJECT_SOURCE_DIR}/include")
target_compile_options(svhn_flags INTERFACE
  -fPIC -fvisibility=hidden -fvisibility-inlines-hidden  # Everything may become part of libsvhn.
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Wnon-virtual-dtor -Woverloaded-virtual -Werror)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # GCC 12 warns of overlaps inside std::string's own operator+ (GCC bug 105651).
  target_compile_options(svhn_flags INTERFACE -Wno-restrict -Wno-stringop-overflow -Wno-array-bounds)
endif()
if(SVHN_SANITIZE)
  target_compile_options(svhn_flags INTERFACE
    -fsanitize=${SVHN_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer -g)
  target_link_options(svhn_flags INTERFACE -fsanitize=${SVHN_SANITIZE})
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # GCC 12 warns falsely of libstdc++'s own headers once they are instrumented.
    target_compile_options(svhn_flags INTERFACE -Wno-maybe-uninitialized)
  endif()
endif()

# Most of a source's compile time is spent in LibTorch's and nlohmann_json's templates; sources that are compiled
# together share it.
option(SVHN_UNITY "Compile several sources of a module at once" ON)
if(SVHN_UNITY AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # GCC takes a source that another one includes for a header, and warns of types in its anonymous namespace.
  target_compile_options(svhn_flags INTERFACE -Wno-subobject-linkage)
endif()

# svhn_module(FOLDER [NEEDS modules...] [TORCH] [OPENCV] [HOT | COLD] [LIBRARIES targets...] [EXCLUDE files...])
# The library svhn_FOLDER ('/' becomes '_', alias svhn::FOLDER) of all sources in src/FOLDER but main.cpp, which is a
# program's.
#   NEEDS      modules that it includes; they stand above it in the table
#   TORCH      it includes LibTorch's headers
#   OPENCV     it includes OpenCV's headers
#   HOT        its loops decide how fast the program is: -O3, also in the dev preset, as it decides on last bits, too
#   COLD       it runs for a moment and takes long to compile: -O1
#   LIBRARIES  what else it links
#   EXCLUDE    sources that cannot be compiled with what this machine has
function(svhn_module FOLDER)
  cmake_parse_arguments(M "TORCH;OPENCV;HOT;COLD" "" "NEEDS;LIBRARIES;EXCLUDE" ${ARGN})
  if(M_OPENCV)
    list(APPEND M_LIBRARIES svhn_opencv)
  endif()
  foreach(needed ${M_NEEDS})
    svhn_target_name(needed ${needed})
    list(APPEND M_LIBRARIES ${needed})
  endforeach()
  svhn_target_name(target ${FOLDER})
  file(GLOB sources RELATIVE "${CMAKE_CURRENT_SOURCE_DIR}" CONFIGURE_DEPENDS "${FOLDER}/*.cpp")
  list(REMOVE_ITEM sources "${FOLDER}/main.cpp" ${M_EXCLUDE})
  if(sources)
    add_library(${target} STATIC ${sources})
    target_link_libraries(${target} PUBLIC svhn_flags ${M_LIBRARIES})
    svhn_precompiled_headers(${target} "${M_TORCH}")
    if(M_HOT AND NOT SVHN_SANITIZE)
      target_compile_options(${target} PRIVATE $<$<CONFIG:Release,RelWithDebInfo>:-O3>)
    elseif(M_COLD AND NOT SVHN_SANITIZE)
      target_compile_options(${target} PRIVATE $<$<CONFIG:Release,RelWithDebInfo>:-O1>)
    endif()
    set_target_properties(${target} PROPERTIES UNITY_BUILD ${SVHN_UNITY} UNITY_BUILD_BATCH_SIZE 6)
  else()
    add_library(${target} INTERFACE)
    target_link_libraries(${target} INTERFACE svhn_flags ${M_LIBRARIES})
  endif()
  string(REGEX REPLACE "^svhn_" "svhn::" alias ${target})
  add_library(${alias} ALIAS ${target})
  set_property(GLOBAL APPEND PROPERTY SVHN_MODULES ${FOLDER})
  set_property(TARGET ${target} PROPERTY SVHN_TORCH ${M_TORCH})
endfunction()

function(svhn_target_name OUT FOLDER)
  string(REPLACE "/" "_" name "svhn_${FOLDER}")
  set(${OUT} ${name} PARENT_SCOPE)
endfunction()

# Two precompiled headers: for what includes LibTorch, and for the rest. The first target that asks for one compiles
# it, the others take its file.
function(svhn_precompiled_headers TARGET TORCH)
  if(TORCH)
    set(kind TORCH)
    target_link_libraries(${TARGET} PUBLIC svhn_torch)
    set(headers <torch/types.h> <torch/csrc/autograd/custom_function.h> <nlohmann/json.hpp> <spdlog/spdlog.h>)
  else()
    set(kind PLAIN)
    set(headers <nlohmann/json.hpp> <algorithm> <filesystem> <functional> <map> <memory>)
  endif()
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(${TARGET} PRIVATE -fpch-preprocess)  # ccache insists on it
  endif()
  get_property(owner GLOBAL PROPERTY SVHN_PRECOMPILED_${kind})
  if(owner)
    target_precompile_headers(${TARGET} REUSE_FROM ${owner})
  else()
    target_precompile_headers(${TARGET} PRIVATE ${headers})
    set_property(GLOBAL PROPERTY SVHN_PRECOMPILED_${kind} ${TARGET})
  endif()
endfunction()
