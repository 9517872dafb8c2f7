/*
 * What the addon (addon.c) and its generated part (binding.c, tables) share. No C library is linked: the few functions
 * of it that compilers call by themselves, and malloc, come from the process that loads the addon.
 */
#ifndef UNROLLED_ADDON_H
#define UNROLLED_ADDON_H

#include <node_api.h>
#include <stdint.h>

/* Any kernel; a wrapper casts it back to its type before the call. */
typedef void (*Kernel)(void);

/* A linear heap, and the build of the kernels that works on it: the data of every JavaScript function made for it. */
typedef struct {
  char *base;            /* of the buffer that was attached last */
  size_t bytes;
  const Kernel *kernels; /* in the order of `bindings` */
  napi_ref keeper;       /* weak: what keeps the buffer from being collected (addon.c) */
} Heap;

typedef struct {
  const char *name;
  napi_callback call;
} Binding;

/* Generated from unrolled.h: one wrapper for each kernel. */
extern const Binding bindings[];
extern const int binding_count;

#define INLINE static inline __attribute__((always_inline))

void refuse_count(napi_env env, const char *signature);

/* Takes the arguments of a call; 0 after throwing when there are not exactly `count`. */
INLINE Heap *begin(napi_env env, napi_callback_info info, const char *signature, size_t count, napi_value *values) {
  size_t given = count;
  void *heap;
  if (napi_get_cb_info(env, info, &given, values, 0, &heap) == napi_ok && given == count) return heap;
  refuse_count(env, signature);
  return 0;
}

/* An argument of each kind. One that is not a number of its kind, or not an address of a word of the heap, sets its bit of
 * `refused`. Numbers are taken as doubles: asked for an integer, Node rounds and wraps, and takes NaN for 0. */
INLINE double to_double(napi_env env, napi_value value, uint32_t bit, uint32_t *refused) {
  double number = 0;
  if (napi_get_value_double(env, value, &number) != napi_ok) *refused |= bit;
  return number;
}
INLINE uint32_t to_uint32_t(napi_env env, napi_value value, uint32_t bit, uint32_t *refused) {
  const double number = to_double(env, value, bit, refused);
  /* Whatever their sign, as WebAssembly takes them. */
  if (number >= INT32_MIN && number <= UINT32_MAX && number == (int64_t)number) return (uint32_t)(int64_t)number;
  *refused |= bit;
  return 0;
}
INLINE int to_int(napi_env env, napi_value value, uint32_t bit, uint32_t *refused) {
  const double number = to_double(env, value, bit, refused);
  if (number >= INT32_MIN && number <= INT32_MAX && number == (int32_t)number) return (int32_t)number;
  *refused |= bit;
  return 0;
}
INLINE void *to_pointer(napi_env env, const Heap *heap, napi_value value, uint32_t bit, uint32_t *refused) {
  const uint32_t address = to_uint32_t(env, value, bit, refused);
  if (address >= heap->bytes || address % sizeof(float)) {
    *refused |= bit;
    return 0;
  }
  return address ? heap->base + address : 0;
}

/* Whether some of the words [from, to) around a pointer lie outside the heap; from is 0 or less. Only what is optional may
 * be absent while there are words to reach. */
INLINE int lacks(const Heap *heap, const void *pointer, int optional, double from, double to) {
  if (!pointer) return !optional && to > 0;
  const double address = (double)((const char *)pointer - heap->base), word = sizeof(float);
  return !(address + from * word >= word && address + to * word <= (double)heap->bytes);
}
INLINE float to_float(napi_env env, napi_value value, uint32_t bit, uint32_t *refused) {
  return (float)to_double(env, value, bit, refused);
}

/* Throws for the first refused argument. @returns 0, what a wrapper then returns */
napi_value refuse(napi_env env, const char *signature, const napi_value *values, uint32_t refused);

INLINE napi_value from_double(napi_env env, double number) {
  napi_value value = 0;
  napi_create_double(env, number, &value);
  return value;
}

#endif
