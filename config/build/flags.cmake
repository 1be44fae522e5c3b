# One interface target carries every flag. Hardening flags are tried first: compilers of the supported
# distributions differ (Debian 12 and 13), and none may be assumed.
include(CheckCCompilerFlag)
include(CheckLinkerFlag)

set(TSUNAGI_SANITIZE "" CACHE STRING "sanitizers, comma separated")
option(TSUNAGI_FUZZ "build libFuzzer targets (clang)" OFF)
option(TSUNAGI_COVERAGE "instrument for coverage" OFF)
option(TSUNAGI_HARDEN "hardening for shipped binaries" OFF)

add_library(tsunagi_flags INTERFACE)
target_compile_features(tsunagi_flags INTERFACE c_std_17)
target_include_directories(tsunagi_flags INTERFACE ${CMAKE_SOURCE_DIR} ${CMAKE_BINARY_DIR}/generated)
target_compile_definitions(tsunagi_flags INTERFACE _GNU_SOURCE)
target_compile_options(tsunagi_flags INTERFACE
    -Wall -Wextra -Werror -Wformat=2 -Wshadow -Wvla -Wpointer-arith -Wstrict-prototypes -Wmissing-prototypes
    -Wimplicit-fallthrough -Wundef -Wcast-qual -Wwrite-strings
    -fno-strict-aliasing -fno-delete-null-pointer-checks -fno-common)

function(tsunagi_try_compile_flag flag)
    string(MAKE_C_IDENTIFIER "HAVE_FLAG${flag}" have)
    check_c_compiler_flag("-Werror ${flag}" ${have})
    if(${have})
        target_compile_options(tsunagi_flags INTERFACE ${flag})
    endif()
endfunction()

function(tsunagi_try_link_flag flag)
    string(MAKE_C_IDENTIFIER "HAVE_LINK${flag}" have)
    check_linker_flag(C "${flag}" ${have})
    if(${have})
        target_link_options(tsunagi_flags INTERFACE ${flag})
    endif()
endfunction()

if(TSUNAGI_SANITIZE)
    target_compile_options(tsunagi_flags INTERFACE -fsanitize=${TSUNAGI_SANITIZE} -fno-omit-frame-pointer)
    target_link_options(tsunagi_flags INTERFACE -fsanitize=${TSUNAGI_SANITIZE})
    if(TSUNAGI_SANITIZE MATCHES "undefined")
        target_compile_options(tsunagi_flags INTERFACE -fno-sanitize-recover=undefined)
    endif()
endif()
if(TSUNAGI_FUZZ)
    target_compile_options(tsunagi_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
if(TSUNAGI_COVERAGE)
    target_compile_options(tsunagi_flags INTERFACE --coverage)
    target_link_options(tsunagi_flags INTERFACE --coverage)
endif()
if(TSUNAGI_HARDEN)
    target_compile_options(tsunagi_flags INTERFACE -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3)
    foreach(flag -fstack-protector-strong -fstack-clash-protection -fcf-protection=full
                 -ftrivial-auto-var-init=zero -fstrict-flex-arrays=3 -fzero-init-padding-bits=all)
        tsunagi_try_compile_flag(${flag})
    endforeach()
    foreach(flag -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack -Wl,--as-needed)
        tsunagi_try_link_flag(${flag})
    endforeach()
endif()
