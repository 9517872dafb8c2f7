/*
 * The native kernels as a Node addon. JavaScript sees
 *
 *   instructions: string[]           what the addon holds and this processor can run, the best first
 *   lacking: { [name]: string }      what it holds and cannot run here, and why
 *   create(instructions, buffer)     { kernels, attach }: functions that work on addresses of the buffer
 *   attach(buffer)                   the heap has grown: its kernels go on with this buffer
 *
 * The buffer is a WebAssembly memory's. Growing detaches it and may move it, so whoever grows it attaches the new one
 * before the next call; in between nothing here reads it.
 */
#include "addon.h"
#include "cpu.h"

void *malloc(size_t bytes);
void free(void *memory);

/* ---- what this processor has ------------------------------------------------------------------------------- */

typedef struct {
  const char *name;
  const Kernel *kernels;
  const char *(*lacks)(void); /* what is missing here, or 0 */
} Variant;

#if defined(__x86_64__)
#ifdef UNROLLED_EMULATE_AMX
static const char *no_amx(void) {
  const Cpu cpu = this_cpu();
  return lacks_bf16(&cpu);
}
#else
static const char *no_amx(void) {
  const Cpu cpu = this_cpu();
  return lacks_amx(&cpu, ask_for_tiles);
}
static const char *no_avx512(void) {
  const Cpu cpu = this_cpu();
  return lacks_avx512(&cpu);
}
static const char *no_avx2(void) {
  const Cpu cpu = this_cpu();
  return lacks_avx2(&cpu);
}
#endif

/* The best first. */
extern const Kernel amx_kernels[];
#ifdef UNROLLED_EMULATE_AMX
static const Variant variants[] = {{"amx", amx_kernels, no_amx}};
#else
extern const Kernel avx512_kernels[], avx2_kernels[];
static const Variant variants[] = {
    {"amx", amx_kernels, no_amx},
    {"avx512", avx512_kernels, no_avx512},
    {"avx2", avx2_kernels, no_avx2},
};
#endif

#elif defined(__aarch64__)
static const char *no_neon(void) { return 0; }
extern const Kernel neon_kernels[];
static const Variant variants[] = {{"neon", neon_kernels, no_neon}};
#endif

#define VARIANTS (sizeof variants / sizeof *variants)

static int equal(const char *a, const char *b) {
  while (*a && *a == *b) a++, b++;
  return *a == *b;
}

/* ---- errors -------------------------------------------------------------------------------------------------- */

/* After any failed call: the exception that it left, or one that says where. @returns 0 */
static napi_value failed(napi_env env, const char *where) {
  bool pending = false;
  napi_is_exception_pending(env, &pending);
  if (!pending) napi_throw_error(env, "ERR_UNROLLED_NATIVE", where);
  return 0;
}

#define MESSAGE_LENGTH 512

typedef struct {
  char text[MESSAGE_LENGTH];
  int length;
} Message;

static void say(Message *message, const char *text, const char *end) {
  for (; *text && text != end && message->length < MESSAGE_LENGTH - 1; text++) message->text[message->length++] = *text;
  message->text[message->length] = 0;
}

void refuse_count(napi_env env, const char *signature) {
  Message message = {.length = 0};
  say(&message, signature, 0);
  say(&message, ": wrong number of arguments; if the kernels have changed, npm run build:native", 0);
  napi_throw_type_error(env, "ERR_UNROLLED_NATIVE", message.text);
}

napi_value refuse(napi_env env, const char *signature, const napi_value *values, uint32_t refused) {
  const int position = __builtin_ctz(refused);
  const char *name = signature;
  while (*name++ != '(') {}
  for (int commas = 0; commas < position;) commas += *name++ == ',';
  while (*name == ' ') name++;
  const char *end = name;
  while (*end != ',' && *end != ')') end++;
  napi_valuetype type = napi_undefined;
  napi_typeof(env, values[position], &type);
  Message message = {.length = 0};
  say(&message, signature, 0);
  say(&message, ": ", 0);
  say(&message, name, end);
  if (type == napi_number) {
    say(&message, " is not what this kernel can work with, or reaches beyond the heap", 0);
    napi_throw_range_error(env, "ERR_UNROLLED_NATIVE", message.text);
  } else {
    say(&message, " must be a number", 0);
    napi_throw_type_error(env, "ERR_UNROLLED_NATIVE", message.text);
  }
  return 0;
}

/* ---- a heap and its functions -------------------------------------------------------------------------------- */

/*
 * Who keeps whom alive, all of it known to the garbage collector: every function of a heap holds its keeper, an array,
 * the keeper holds the buffer, and the Heap is freed after the keeper. So a function that is held by itself never
 * outlives its memory, and the memory of a heap that nobody holds goes with the next collection.
 */

/* Takes base and length from the buffer, and lets the keeper hold it instead of the one before. */
static int hold(napi_env env, Heap *heap, napi_value keeper, napi_value buffer) {
  void *base;
  size_t bytes;
  if (napi_get_arraybuffer_info(env, buffer, &base, &bytes) != napi_ok) return 0;
  if (napi_set_element(env, keeper, 0, buffer) != napi_ok) return 0;
  heap->base = base;
  heap->bytes = bytes;
  return 1;
}

static napi_value attach(napi_env env, napi_callback_info info) {
  napi_value buffer, keeper;
  Heap *heap = begin(env, info, "attach(buffer)", 1, &buffer);
  if (!heap) return 0;
  if (napi_get_reference_value(env, heap->keeper, &keeper) != napi_ok || !hold(env, heap, keeper, buffer))
    return failed(env, "attach: buffer must be an ArrayBuffer");
  return 0;
}

#if __has_feature(address_sanitizer)
void __asan_poison_memory_region(void const volatile *start, size_t bytes);

/* For tests of the build with AddressSanitizer, which knows nothing of the heap: a kernel that touches these bytes ends the
 * process with a report. */
static napi_value poison(napi_env env, napi_callback_info info) {
  napi_value v[2];
  const Heap *heap = begin(env, info, "poison(address, bytes)", 2, v);
  if (!heap) return 0;
  uint32_t refused = 0;
  const char *start = to_pointer(env, heap, v[0], 1u, &refused);
  const uint32_t bytes = to_uint32_t(env, v[1], 2u, &refused);
  if (refused || lacks(heap, start, 0, 0, bytes / sizeof(float))) return refuse(env, "poison(address, bytes)", v, 1);
  __asan_poison_memory_region(start, bytes);
  return 0;
}
#endif

static void let_go(napi_env env, void *data, void *unused) {
  (void)unused;
  Heap *heap = data;
  if (heap->keeper) napi_delete_reference(env, heap->keeper);
  free(heap);
}

static int put(napi_env env, napi_value object, const char *name, napi_callback call, Heap *heap, napi_value keeper) {
  napi_value function;
  if (napi_create_function(env, name, NAPI_AUTO_LENGTH, call, heap, &function) != napi_ok) return 0;
  const napi_property_descriptor property = {.utf8name = "heap", .value = keeper, .attributes = napi_default};
  if (keeper && napi_define_properties(env, function, 1, &property) != napi_ok) return 0;
  return napi_set_named_property(env, object, name, function) == napi_ok;
}

static napi_value create(napi_env env, napi_callback_info info) {
  napi_value arguments[2], keeper, kernels, made;
  char name[16];
  size_t length, count = 2;
  if (napi_get_cb_info(env, info, &count, arguments, 0, 0) != napi_ok || count != 2 ||
      napi_get_value_string_utf8(env, arguments[0], name, sizeof name, &length) != napi_ok)
    return failed(env, "create: needs the name of an instruction set and a buffer");
  const Variant *variant = 0;
  for (size_t i = 0; i < VARIANTS; i++)
    if (equal(variants[i].name, name) && !variants[i].lacks()) variant = &variants[i];
  if (!variant) return failed(env, "create: this processor cannot run these instructions");

  if (napi_create_array_with_length(env, 1, &keeper) != napi_ok) return failed(env, "create: no memory");
  Heap *heap = malloc(sizeof *heap);
  if (!heap) return failed(env, "create: no memory");
  *heap = (Heap){.kernels = variant->kernels};
  if (napi_add_finalizer(env, keeper, heap, let_go, 0, 0) != napi_ok) {
    free(heap);
    return failed(env, "create: no memory");
  }
  /* From here on the keeper frees the heap. Its own reference is weak. */
  if (!hold(env, heap, keeper, arguments[1])) return failed(env, "create: buffer must be an ArrayBuffer");
  if (napi_create_reference(env, keeper, 0, &heap->keeper) != napi_ok ||
      napi_create_object(env, &kernels) != napi_ok || napi_create_object(env, &made) != napi_ok)
    return failed(env, "create: no memory");
  for (int i = 0; i < binding_count; i++)
    if (!put(env, kernels, bindings[i].name, bindings[i].call, heap, keeper)) return failed(env, "create: no memory");
#if __has_feature(address_sanitizer)
  if (!put(env, made, "poison", poison, heap, keeper)) return failed(env, "create: no memory");
#endif
  if (!put(env, made, "attach", attach, heap, keeper) ||
      napi_set_named_property(env, made, "kernels", kernels) != napi_ok)
    return failed(env, "create: no memory");
  return made;
}

NAPI_MODULE_INIT() {
  napi_value names, lacking, text;
  uint32_t count = 0;
  if (napi_create_array(env, &names) != napi_ok || napi_create_object(env, &lacking) != napi_ok)
    return failed(env, "the addon has no memory");
  for (size_t i = 0; i < VARIANTS; i++) {
    const char *name = variants[i].name, *reason = variants[i].lacks();
    if (napi_create_string_utf8(env, reason ? reason : name, NAPI_AUTO_LENGTH, &text) != napi_ok ||
        (reason ? napi_set_named_property(env, lacking, name, text) : napi_set_element(env, names, count++, text)) !=
            napi_ok)
      return failed(env, "the addon has no memory");
  }
  if (napi_set_named_property(env, exports, "instructions", names) != napi_ok ||
      napi_set_named_property(env, exports, "lacking", lacking) != napi_ok ||
      !put(env, exports, "create", create, 0, 0))
    return failed(env, "the addon has no memory");
  return exports;
}
