/* Copyright (c) mmtips authors. All rights reserved.
 * What is the same for every plane of a map, and how planes are shared out. library.py names the same fields in the
 * same order. */
#ifndef MMTIPS_PLAN_H
#define MMTIPS_PLAN_H

#include <omp.h>
#include <stdint.h>
#include <stdlib.h>

enum { QUADRANT, PHASE, GLOBAL };
enum { NO_SHIFT, STANDARD, CIRCULAR };
enum { MOST_TAPS = 49, MOST_PHASES = 49 }; /* 7 x 7; a window has a tap for every phase */
enum { VECTOR = 64 };   /* bytes that are computed at once */
enum { TOGETHER = 16 }; /* planes that are loaded at once where channels are neighbours: a cache line of float32 */

typedef struct {
    int64_t samples, channels, height, width;
    int64_t stride, taps, step, start; /* a window begins `start` pixels before its cell */
    int64_t scores, regions, scale_columns;
    int64_t border_before, border_after;
    const int64_t *rows, *columns; /* for each of the plane with its border: the one of the map, -1 for zeros */
    const double *shares;          /* of each tap in the weight of each phase, (s*s, taps*taps) */
    int64_t shift, shift_rows, shift_columns;
    int64_t threads;
} plan_t;

/* A map (N, C, H, W): its first value, and the steps between values along each side. */
typedef struct {
    void *values;
    int64_t strides[4];
} map_t;

typedef struct {
    int64_t sample, channel, planes, room; /* the last block of a sample has fewer planes than there is room for */
} block_t;

typedef struct {
    int64_t first, last;
} span_t;

/* Step between rows of a plane with its border. Vectors run beyond the last column, into zeros. */
static inline int64_t row_pitch(const plan_t *plan) {
    return (plan->width + plan->border_before + plan->border_after + 15) / 16 * 16 + 16;
}

static inline int64_t padded_size(const plan_t *plan) {
    return (plan->height + plan->border_before + plan->border_after) * row_pitch(plan);
}

static inline int64_t corner_of_map(const plan_t *plan) { return plan->border_before * (row_pitch(plan) + 1); }

/* Rows of regions, and of columns. */
static inline int64_t region_sides(const plan_t *plan) { return plan->scores == GLOBAL ? 1 : plan->stride; }

static inline int64_t region_of_row(const plan_t *plan, int64_t i) {
    if (plan->scores == GLOBAL) return 0;
    return plan->scores == QUADRANT ? i / (plan->height / plan->stride) : i % plan->stride;
}

/* The first column of a region; its others are `*next` apart. */
static inline int64_t columns_of_region(const plan_t *plan, int64_t region, int64_t *next) {
    *next = plan->scores == PHASE ? plan->stride : 1;
    return plan->scores == PHASE ? region : region * (plan->width / region_sides(plan));
}

static inline int64_t mixed_size(const plan_t *plan) {
    return plan->height / plan->step * (plan->width / plan->step);
}

/* Rows of the same pitch: a few, and one for each row of regions. */
static inline int64_t lines_size(const plan_t *plan) { return (4 + plan->stride) * row_pitch(plan); }

/* Values of scratch memory for one thread: for each plane `times` with its border and once mixed, and lines. */
static inline int64_t scratch_size(const plan_t *plan, int64_t planes, int64_t times) {
    return planes * (times * padded_size(plan) + mixed_size(plan)) + lines_size(plan) + row_pitch(plan);
}

static inline int64_t planes_at_once(const map_t *map) { return map->strides[3] == 1 ? 1 : TOGETHER; }

static inline int64_t blocks_of_sample(const plan_t *plan, int64_t most) { return (plan->channels + most - 1) / most; }

static inline span_t blocks_of_thread(const plan_t *plan, int64_t most) {
    const int64_t blocks = plan->samples * blocks_of_sample(plan, most);
    const int64_t threads = omp_get_num_threads(), thread = omp_get_thread_num();
    return (span_t){blocks * thread / threads, blocks * (thread + 1) / threads};
}

static inline block_t block_at(const plan_t *plan, int64_t most, int64_t index) {
    const int64_t row = blocks_of_sample(plan, most), channel = index % row * most;
    const int64_t left = plan->channels - channel;
    return (block_t){index / row, channel, left < most ? left : most, most};
}

/* What is done with a block, on scratch memory; `maps` is what it reads and writes. */
typedef void (*work_t)(const plan_t *plan, const void *maps, block_t block, void *scratch);

/* Do it with every block of at most `most` planes; each thread has `bytes` of scratch, zeros at first. Returns 0, or 1
 * without enough memory. */
static int for_blocks(const plan_t *plan, int64_t most, size_t bytes, work_t work, const void *maps) {
    int failed = 0;
#pragma omp parallel num_threads(plan->threads) if (plan->threads > 1)
    {
        void *scratch = calloc(1, bytes);
        if (scratch) {
            const span_t mine = blocks_of_thread(plan, most);
            for (int64_t index = mine.first; index < mine.last; index++)
                work(plan, maps, block_at(plan, most, index), scratch);
        } else {
#pragma omp atomic write
            failed = 1;
        }
        free(scratch);
    }
    return failed;
}

#endif
