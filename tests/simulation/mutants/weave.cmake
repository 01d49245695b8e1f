# A copy of lib/ with the defects of mutants.toml woven in, brought up to date whenever lib/ or the
# table changes.
set(Python3_EXECUTABLE /usr/bin/python3 CACHE FILEPATH "The Python that runs the tests")
find_package(Python3 COMPONENTS Interpreter REQUIRED)
set(weave ${CMAKE_CURRENT_LIST_DIR}/weave.py)
set(VASTWATCH_LIB ${CMAKE_BINARY_DIR}/woven)
file(GLOB_RECURSE originals CONFIGURE_DEPENDS
     ${PROJECT_SOURCE_DIR}/lib/*.[ch]pp ${PROJECT_SOURCE_DIR}/lib/CMakeLists.txt)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS
    ${originals} ${weave}
    ${CMAKE_CURRENT_LIST_DIR}/mutants.toml ${CMAKE_CURRENT_LIST_DIR}/mutants.hpp)
execute_process(
    COMMAND ${Python3_EXECUTABLE} ${weave} ${PROJECT_SOURCE_DIR}/lib ${VASTWATCH_LIB}
    COMMAND_ERROR_IS_FATAL ANY)

add_library(vastwatch_mutants STATIC ${CMAKE_CURRENT_LIST_DIR}/mutants.cpp)
target_include_directories(vastwatch_mutants PUBLIC ${VASTWATCH_LIB})
target_link_libraries(vastwatch_mutants PRIVATE vastwatch_options)
link_libraries(vastwatch_mutants)  # everything that is made from here on
