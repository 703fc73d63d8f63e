/* Copyright (c) mmtips authors. All rights reserved.
 * The operation and its gradient for CPUs. Plain C with OpenMP: nothing of Python's or PyTorch's is needed to compile
 * it, and the OpenMP library is found among those that PyTorch has loaded, so that both share their threads. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "plan.h"

#define INLINE static inline __attribute__((always_inline))
/* One version for each generation of processors, chosen when the library is loaded. */
#if defined(__x86_64__) && defined(__linux__)
#define CLONES __attribute__((target_clones("avx512f", "arch=haswell", "default"), visibility("hidden")))
#else
#define CLONES __attribute__((visibility("hidden")))
#endif

static inline float from_bfloat16(uint16_t value) {
    const uint32_t bits = (uint32_t)value << 16;
    float number;
    memcpy(&number, &bits, sizeof(number));
    return number;
}

static inline uint16_t to_bfloat16(float number) { /* to the nearest, ties to even */
    uint32_t bits;
    memcpy(&bits, &number, sizeof(bits));
    return number != number ? 0x7fc0 : (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

/* By which a library of other sources is recognised: a hash of them, which setup.py knows. */
#define TEXT(of) #of
#define TEXT_OF(of) TEXT(of)
const char *sources(void) { return TEXT_OF(SOURCES); }

#define IDENTITY(value) (value)

#define REAL float
#define EXP expf
#define STORED float
#define LOAD IDENTITY
#define STORE IDENTITY
#define NAME(name) name##_float32
#include "plane.h"
#include "forward.h"
#include "backward.h"
#undef STORED
#undef LOAD
#undef STORE
#undef NAME

#define STORED uint16_t
#define LOAD from_bfloat16
#define STORE to_bfloat16
#define NAME(name) name##_bfloat16
#include "plane.h"
#include "forward.h"
#include "backward.h"
#undef REAL
#undef EXP
#undef STORED
#undef LOAD
#undef STORE
#undef NAME

/* For checks of gradients: one version will do. */
#undef CLONES
#define CLONES __attribute__((visibility("hidden")))
#define REAL double
#define EXP exp
#define STORED double
#define LOAD IDENTITY
#define STORE IDENTITY
#define NAME(name) name##_float64
#include "plane.h"
#include "forward.h"
#include "backward.h"
