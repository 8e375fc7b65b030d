# What the program finds in ../share/svhn, seen from its folder, and the pages for users.
# A program in the build folder finds the source tree's.
file(MAKE_DIRECTORY "${PROJECT_BINARY_DIR}/share/svhn")
foreach(folder configs models)
  file(CREATE_LINK "${PROJECT_SOURCE_DIR}/${folder}" "${PROJECT_BINARY_DIR}/share/svhn/${folder}" SYMBOLIC)
endforeach()

install(DIRECTORY configs/ DESTINATION share/svhn/configs COMPONENT runtime FILES_MATCHING PATTERN "*.json")
# The source tree's models/ holds the user's runs, too.
install(FILES models/README.md models/demo.json models/demo.png models/demo.safetensors
        DESTINATION share/svhn/models COMPONENT runtime)
install(FILES README.md CHANGELOG.md LICENSE DESTINATION share/doc/svhn COMPONENT runtime)
install(DIRECTORY docs DESTINATION share/doc/svhn COMPONENT runtime)
install(FILES third_party/README.md DESTINATION share/doc/svhn/third_party COMPONENT runtime)
