/* Copyright (c) mmtips authors. All rights reserved.
 * The forward. */

/* Means of psi over the regions, and how much it misses the shifted plane. */
INLINE void NAME(scores)(const plan_t *plan, const REAL *inner, const REAL *weight, REAL *means, double *undo,
                         REAL *lines) {
    const int64_t height = plan->height, width = plan->width, pitch = row_pitch(plan), sides = region_sides(plan);
    REAL *target = lines, *inside = target + pitch, *sums = inside + pitch;
    V missed = {0}, taps[9];
    NAME(broadcast)(weight, 9, taps);
    memset(sums, 0, sides * pitch * sizeof(REAL));
    for (int64_t i = 0; i < height; i++) {
        const REAL *above = inner + (i - 1) * pitch - 1;
        REAL *sum = sums + region_of_row(plan, i) * pitch;
        if (plan->shift == NO_SHIFT) {
            for (int64_t j = 0; j < width; j += LANES) AT(sum + j) += NAME(features)(above + j, pitch, taps);
            continue;
        }
        NAME(shifted)(plan, inner, i, target);
        for (int64_t j = 0; j < width; j += LANES) {
            const V psi = NAME(features)(above + j, pitch, taps), error = (psi - AT(target + j)) * AT(inside + j);
            AT(sum + j) += psi;
            missed += error * error;
        }
    }
    *undo = NAME(sum)(missed);
    for (int64_t k = 0; k < sides * sides; k++) {
        double total = 0;
        int64_t next, first = columns_of_region(plan, k % sides, &next);
        for (int64_t j = 0; j < width / sides; j++) total += sums[k / sides * pitch + first + j * next];
        means[k] = (REAL)(total * (double)(sides * sides) / (double)(height * width));
    }
}

/* The mix with `taps` and `step` of the plan. */
INLINE void NAME(mix)(const plan_t *plan, int64_t taps, int64_t step, const REAL *inner, const REAL *window,
                      REAL *mixed, REAL *row) {
    const int64_t pitch = row_pitch(plan), columns = plan->width / step;
    for (int64_t i = 0; i < plan->height / step; i++) {
        const REAL *corner = inner + (i * step - plan->start) * pitch - plan->start;
        for (int64_t j = 0; j < plan->width; j += LANES) {
            V sum = {0};
            for (int64_t a = 0; a < taps; a++)
                for (int64_t b = 0; b < taps; b++) sum += window[a * taps + b] * AT(corner + a * pitch + j + b);
            AT(row + j) = sum;
        }
        for (int64_t j = 0; j < columns; j++) mixed[i * columns + j] = row[j * step];
    }
}

typedef struct {
    const map_t *x, *mixed;
    const REAL *weight, *scale;
    REAL *means;
    double *undo;
} NAME(forward_t);

CLONES void NAME(forward)(const plan_t *plan, const void *maps, block_t block, void *memory) {
    const NAME(forward_t) of = *(const NAME(forward_t) *)maps;
    REAL *scratch = memory;
    const int64_t size = padded_size(plan), part = mixed_size(plan);
    const int64_t first = block.sample * plan->channels + block.channel;
    REAL *lines = scratch + block.room * size, *out = lines + lines_size(plan);
    REAL weights[MOST_PHASES], window[MOST_TAPS];
    NAME(load)(plan, of.x, block, scratch);
    NAME(inside)(plan, lines + row_pitch(plan));
    for (int64_t k = 0; k < block.planes; k++) {
        const int64_t channel = block.channel + k, plane = first + k;
        const REAL *inner = scratch + k * size + corner_of_map(plan);
        REAL *mean = of.means + plane * plan->regions;
        NAME(scores)(plan, inner, of.weight + channel * 9, mean, of.undo + plane, lines);
        NAME(window)(plan, mean, of.scale + channel * plan->scale_columns, weights, window);
        if (plan->taps == 2 && plan->step == 2) /* TIPS as published: compiled for these numbers */
            NAME(mix)(plan, 2, 2, inner, window, out + k * part, lines);
        else
            NAME(mix)(plan, plan->taps, plan->step, inner, window, out + k * part, lines);
    }
    NAME(write)(of.mixed, block, plan->height / plan->step, plan->width / plan->step, out, plan->width / plan->step,
                part);
}

/* The whole map. `undo` takes what each plane adds to the error of L_undo. Returns 0, or 1 without enough memory. */
int NAME(adaptive_mix)(const plan_t *plan, const map_t *x, const REAL *weight, const REAL *scale, REAL *means,
                       double *undo, const map_t *mixed) {
    const NAME(forward_t) of = {x, mixed, weight, scale, means, undo};
    const int64_t most = planes_at_once(x);
    return for_blocks(plan, most, scratch_size(plan, most, 1) * sizeof(REAL), NAME(forward), &of);
}
