# The packages that scripts/package.sh makes with CPack: Debian's, and an archive that carries the libraries it needs.
# packaging/ holds what becomes of the installed files in each.
set(CPACK_PACKAGE_NAME svhn)
set(CPACK_PACKAGE_VENDOR "The svhn authors")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "")  # Each package has its own.
set(CPACK_VERBATIM_VARIABLES ON)
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
    OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_PACKAGE_FILE_NAME "svhn-${PROJECT_VERSION}-linux-${CMAKE_SYSTEM_PROCESSOR}")
set(CPACK_THREADS 0)
set(CPACK_PRE_BUILD_SCRIPTS "${PROJECT_SOURCE_DIR}/packaging/finish.cmake")
set(CPACK_POST_BUILD_SCRIPTS "${PROJECT_SOURCE_DIR}/packaging/after.cmake")
set(CPACK_COMPONENTS_ALL runtime development)

# Whoever makes a package for others names themselves as Debian's tools ask for it.
set(SVHN_MAINTAINER "The svhn authors <svhn@example.org>")
if(DEFINED ENV{DEBEMAIL})
  set(SVHN_MAINTAINER "$ENV{DEBFULLNAME} <$ENV{DEBEMAIL}>")
endif()
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_MAINTAINER "${SVHN_MAINTAINER}")
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS_POLICY ">=")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)

set(CPACK_DEBIAN_RUNTIME_PACKAGE_NAME svhn)
set(CPACK_DEBIAN_RUNTIME_PACKAGE_SECTION science)
set(CPACK_DEBIAN_RUNTIME_PACKAGE_CONTROL_EXTRA "${PROJECT_SOURCE_DIR}/packaging/debian/triggers")
# Without OpenBLAS, apt would choose the reference BLAS, which is many times slower.
set(CPACK_DEBIAN_RUNTIME_PACKAGE_DEPENDS "libopenblas0-pthread | libopenblas0")
set(CPACK_DEBIAN_RUNTIME_PACKAGE_RECOMMENDS "gnuplot-nox | gnuplot")
set(CPACK_DEBIAN_RUNTIME_PACKAGE_SUGGESTS "chromium, libsvhn-dev")
set(CPACK_DEBIAN_RUNTIME_PACKAGE_PROVIDES "libsvhn${PROJECT_VERSION_MAJOR} (= ${PROJECT_VERSION}-1)")
set(CPACK_COMPONENT_RUNTIME_DESCRIPTION
"classifiers of digits: training, evaluation, explanation
One program for digits such as those of the Street View House Numbers: it
prepares data, trains dense and convolutional networks and ImageNet
backbones from JSON configs, evaluates, explains and reports. No Python at
run time.

A small model of synthetic digits comes with it.")

set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_NAME libsvhn-dev)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SHLIBDEPS OFF)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS "svhn (= ${PROJECT_VERSION}-1)")
set(CPACK_COMPONENT_DEVELOPMENT_DESCRIPTION
"classifiers of digits: library for C++ and C
Headers of libsvhn, which opens a model of svhn and classifies pictures, with
its CMake package and its pkg-config file.")
include(CPack)
