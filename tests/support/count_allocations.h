// Counts this thread's heap allocations by taking malloc's place.
//
// Defines malloc: include it in exactly one .cc of a test program.  Under a sanitizer, which owns
// malloc itself, PROXIMA_OWN_MALLOC is 0 and nothing is counted: skip.
#pragma once

#include <cstddef>
#include <cstdint>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define PROXIMA_OWN_MALLOC 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define PROXIMA_OWN_MALLOC 0
#endif
#endif
#ifndef PROXIMA_OWN_MALLOC
#define PROXIMA_OWN_MALLOC 1
#endif

namespace {
thread_local std::uint64_t allocations = 0;
}  // namespace

#if PROXIMA_OWN_MALLOC
// operator new of libstdc++ ends here too.
extern "C" {
void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* old, std::size_t size);
void* malloc(std::size_t size) {
  ++allocations;
  return __libc_malloc(size);
}
void* calloc(std::size_t count, std::size_t size) {
  ++allocations;
  return __libc_calloc(count, size);
}
void* realloc(void* old, std::size_t size) {
  ++allocations;
  return __libc_realloc(old, size);
}
}
#endif
