# svhn_opencv: OpenCV's core, imgproc and imgcodecs.
# Debian's CMake package of OpenCV is in libopencv-dev, which depends on 60 further packages (VTK, MPI, …). The three
# small -dev packages are enough, so the libraries are searched by name if that package is absent.
find_package(OpenCV QUIET COMPONENTS core imgproc imgcodecs)
if(OpenCV_FOUND)
  set(SVHN_OPENCV_INCLUDE_DIR "${OpenCV_INCLUDE_DIRS}")
  set(SVHN_OPENCV_LIBRARIES "${OpenCV_LIBS}")
else()
  set(SVHN_OPENCV_LIBRARIES)
  find_path(SVHN_OPENCV_INCLUDE_DIR opencv2/imgcodecs.hpp PATH_SUFFIXES opencv4)
  foreach(part imgcodecs imgproc core)
    find_library(SVHN_OPENCV_${part} opencv_${part})
    if(NOT SVHN_OPENCV_${part} OR NOT SVHN_OPENCV_INCLUDE_DIR)
      message(FATAL_ERROR "OpenCV's ${part} was not found; scripts/setup.sh installs what is missing")
    endif()
    list(APPEND SVHN_OPENCV_LIBRARIES "${SVHN_OPENCV_${part}}")
  endforeach()
endif()
svhn_library(svhn_opencv "${SVHN_OPENCV_INCLUDE_DIR}" "${SVHN_OPENCV_LIBRARIES}")
