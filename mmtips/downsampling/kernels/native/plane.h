/* Copyright (c) mmtips authors. All rights reserved.
 * What forward and backward of a plane share. A plane, one channel of one sample, holds everything that its mix
 * depends on, so that it stays in the cache from the scores to the mix.
 *
 * These files are included once for each type: REAL is computed in, STORED is what maps hold. Rows are computed in
 * whole vectors of neighbours, so that some are computed that nobody reads: a mix at a stride is a mix everywhere of
 * which some are picked, and its gradient one that is mostly zeros. At 2 x 2 taps that is little work beside the
 * convolution's. */

typedef REAL NAME(vector) __attribute__((vector_size(VECTOR), aligned(sizeof(REAL)), may_alias));
typedef __typeof__((NAME(vector)){0} < (NAME(vector)){0}) NAME(mask);
#define V NAME(vector)
#define MASK NAME(mask)
#define LANES (VECTOR / (int64_t)sizeof(REAL))
#define AT(pointer) (*(V *)(pointer))
#define KEEP(values, mask) ((V)((MASK)(values) & (mask)))

/* Rows of some planes out of a map, `pitch` apart in planes of `size`. */
INLINE void NAME(read)(const map_t *map, block_t block, int64_t rows, int64_t columns, REAL *planes, int64_t pitch,
                       int64_t size) {
    const int64_t next = map->strides[1], step = map->strides[3];
    const STORED *first = (const STORED *)map->values + block.sample * map->strides[0] + block.channel * next;
    for (int64_t i = 0; i < rows; i++, first += map->strides[2], planes += pitch) {
        if (step == 1) {
            for (int64_t k = 0; k < block.planes; k++)
                for (int64_t j = 0; j < columns; j++) planes[k * size + j] = LOAD(first[k * next + j]);
        } else {
            for (int64_t j = 0; j < columns; j++)
                for (int64_t k = 0; k < block.planes; k++) planes[k * size + j] = LOAD(first[j * step + k * next]);
        }
    }
}

/* The other way. */
INLINE void NAME(write)(const map_t *map, block_t block, int64_t rows, int64_t columns, const REAL *planes,
                        int64_t pitch, int64_t size) {
    const int64_t next = map->strides[1], step = map->strides[3];
    STORED *first = (STORED *)map->values + block.sample * map->strides[0] + block.channel * next;
    for (int64_t i = 0; i < rows; i++, first += map->strides[2], planes += pitch) {
        if (step == 1) {
            for (int64_t k = 0; k < block.planes; k++)
                for (int64_t j = 0; j < columns; j++) first[k * next + j] = STORE(planes[k * size + j]);
        } else {
            for (int64_t j = 0; j < columns; j++)
                for (int64_t k = 0; k < block.planes; k++) first[j * step + k * next] = STORE(planes[k * size + j]);
        }
    }
}

/* Continue a plane over its border. */
INLINE void NAME(pad)(const plan_t *plan, REAL *inner) {
    const int64_t before = plan->border_before, border = before + plan->border_after, pitch = row_pitch(plan);
    for (int64_t i = 0; i < plan->height; i++)
        for (int64_t k = 0; k < border; k++) {
            const int64_t j = k < before ? k : k + plan->width;
            inner[i * pitch + j - before] = plan->columns[j] < 0 ? 0 : inner[i * pitch + plan->columns[j]];
        }
    for (int64_t k = 0; k < border; k++) {
        const int64_t i = k < before ? k : k + plan->height, size = (plan->width + border) * sizeof(REAL);
        REAL *row = inner + (i - before) * pitch - before;
        if (plan->rows[i] < 0)
            memset(row, 0, size);
        else
            memcpy(row, inner + plan->rows[i] * pitch - before, size);
    }
}

/* Planes of the map with their borders. */
INLINE void NAME(load)(const plan_t *plan, const map_t *map, block_t block, REAL *padded) {
    const int64_t size = padded_size(plan), corner = corner_of_map(plan);
    NAME(read)(map, block, plan->height, plan->width, padded + corner, row_pitch(plan), size);
    for (int64_t k = 0; k < block.planes; k++) NAME(pad)(plan, padded + k * size + corner);
}

/* Some neighbours of psi: the convolution and its ReLU, which leaves what is no number. Three short sums rather than a
 * long one: they do not wait for each other. */
INLINE V NAME(features)(const REAL *above, int64_t pitch, const V *taps) {
    const REAL *here = above + pitch, *below = here + pitch;
    const V first = taps[0] * AT(above) + taps[1] * AT(above + 1) + taps[2] * AT(above + 2);
    const V second = taps[3] * AT(here) + taps[4] * AT(here + 1) + taps[5] * AT(here + 2);
    const V sum = taps[6] * AT(below) + taps[7] * AT(below + 1) + taps[8] * AT(below + 2) + (first + second);
    return KEEP(sum, ~(sum < (V){0}));
}

/* Each of some numbers in every lane of a vector. */
INLINE void NAME(broadcast)(const REAL *numbers, int64_t count, V *vectors) {
    for (int64_t k = 0; k < count; k++) vectors[k] = numbers[k] + (V){0};
}

/* A row of the shifted plane, the target of L_undo. */
INLINE void NAME(shifted)(const plan_t *plan, const REAL *inner, int64_t i, REAL *row) {
    const int64_t height = plan->height, width = plan->width;
    int64_t from = i - plan->shift_rows, by = plan->shift_columns;
    if (plan->shift == CIRCULAR) {
        from = (from % height + height) % height, by = (by % width + width) % width;
    } else {
        memset(row, 0, width * sizeof(REAL));
        if (from < 0 || from >= height || by >= width || -by >= width) return;
    }
    const REAL *source = inner + from * row_pitch(plan);
    if (by >= 0) {
        memcpy(row + by, source, (width - by) * sizeof(REAL));
        if (plan->shift == CIRCULAR) memcpy(row, source + width - by, by * sizeof(REAL));
    } else {
        memcpy(row, source - by, (width + by) * sizeof(REAL));
    }
}

/* Ones for the columns of the map, zeros for those that a vector has beyond. */
INLINE void NAME(inside)(const plan_t *plan, REAL *row) {
    for (int64_t j = 0; j < row_pitch(plan); j++) row[j] = j < plan->width;
}

/* Weights of the phases, and the window that they give. */
INLINE void NAME(window)(const plan_t *plan, const REAL *means, const REAL *scale, REAL *weights, REAL *window) {
    const int64_t phases = plan->stride * plan->stride, size = plan->taps * plan->taps;
    REAL most = 0, sum = 0;
    for (int64_t k = 0; k < phases; k++) {
        weights[k] = means[plan->scores == GLOBAL ? 0 : k] * scale[plan->scale_columns == 1 ? 0 : k];
        if (k == 0 || weights[k] > most) most = weights[k];
    }
    for (int64_t k = 0; k < phases; k++) sum += weights[k] = EXP(weights[k] - most);
    for (int64_t k = 0; k < phases; k++) weights[k] /= sum;
    for (int64_t t = 0; t < size; t++) {
        window[t] = 0;
        for (int64_t k = 0; k < phases; k++) window[t] += weights[k] * (REAL)plan->shares[k * size + t];
    }
}

INLINE double NAME(sum)(V values) {
    double sum = 0;
    for (int64_t k = 0; k < LANES; k++) sum += values[k];
    return sum;
}
