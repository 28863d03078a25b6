# Compiler and linker options of everything, as one interface library.
add_library(mote_options INTERFACE)

target_compile_options(mote_options INTERFACE
	-Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wvla -Wundef
	-fno-common -ffunction-sections -fdata-sections)
target_compile_definitions(mote_options INTERFACE _GNU_SOURCE _FILE_OFFSET_BITS=64)
target_link_libraries(mote_options INTERFACE Threads::Threads)
target_link_options(mote_options INTERFACE -Wl,--gc-sections)

option(MOTE_WERROR "Treat warnings as errors" OFF)
if(MOTE_WERROR)
	target_compile_options(mote_options INTERFACE -Werror)
endif()

if(CMAKE_BUILD_TYPE STREQUAL "Release")
	target_compile_options(mote_options INTERFACE -fstack-protector-strong)
	target_compile_definitions(mote_options INTERFACE _FORTIFY_SOURCE=2)
endif()

if(MOTE_SANITIZE)
	target_compile_options(mote_options INTERFACE -fsanitize=${MOTE_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
	target_link_options(mote_options INTERFACE -fsanitize=${MOTE_SANITIZE})
	# The sanitizers' runtime is a shared library's world.
	set(MOTE_STATIC OFF)
endif()
if(MOTE_FUZZ)
	target_compile_options(mote_options INTERFACE -fsanitize=fuzzer-no-link)
endif()

# A library of Debian's as its static archive when mote is static: mote_find_library(VAR name)
function(mote_find_library var name)
	if(MOTE_STATIC)
		find_library(${var} NAMES lib${name}.a REQUIRED)
	else()
		find_library(${var} NAMES ${name} REQUIRED)
	endif()
endfunction()
