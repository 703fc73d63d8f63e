/* Copyright (c) mmtips authors. All rights reserved.
 * The gradient; psi is computed again. */

/* Gradient of the mix with `taps` and `step` of the plan: of the window, and, added up, of the padded plane. `row` has
 * a vector of zeros before it. */
INLINE void NAME(mix_backward)(const plan_t *plan, int64_t taps, int64_t step, const REAL *inner, const REAL *window,
                               const REAL *grad, REAL *dinner, REAL *dwindow, REAL *row) {
    const int64_t pitch = row_pitch(plan), width = plan->width;
    V sums[MOST_TAPS] = {{0}};
    memset(row, 0, pitch * sizeof(REAL));
    for (int64_t i = 0; i < plan->height / step; i++) {
        for (int64_t j = 0; j < width / step; j++) row[j * step] = *grad++;
        for (int64_t a = 0; a < taps; a++) {
            const int64_t corner = (i * step + a - plan->start) * pitch - plan->start;
            for (int64_t j = 0; j < width + taps - step; j += LANES) {
                V flow = AT(dinner + corner + j);
                for (int64_t b = 0; b < taps; b++) flow += window[a * taps + b] * AT(row + j - b);
                AT(dinner + corner + j) = flow;
            }
            for (int64_t j = 0; j < width; j += LANES)
                for (int64_t b = 0; b < taps; b++) sums[a * taps + b] += AT(row + j) * AT(inner + corner + j + b);
        }
    }
    for (int64_t t = 0; t < taps * taps; t++) dwindow[t] = (REAL)NAME(sum)(sums[t]);
}

/* Gradient of the window, to those of the means, added up, and of the scale. */
INLINE void NAME(window_backward)(const plan_t *plan, const REAL *dwindow, const REAL *weights, const REAL *means,
                                  const REAL *scale, REAL *dmeans, REAL *dscale) {
    const int64_t phases = plan->stride * plan->stride, size = plan->taps * plan->taps;
    REAL grads[MOST_PHASES], mean = 0;
    for (int64_t k = 0; k < phases; k++) {
        grads[k] = 0;
        for (int64_t t = 0; t < size; t++) grads[k] += dwindow[t] * (REAL)plan->shares[k * size + t];
        mean += grads[k] * weights[k];
    }
    memset(dscale, 0, plan->scale_columns * sizeof(REAL));
    for (int64_t k = 0; k < phases; k++) {
        const int64_t region = plan->scores == GLOBAL ? 0 : k, column = plan->scale_columns == 1 ? 0 : k;
        const REAL grad = weights[k] * (grads[k] - mean); /* of a softmax, from its output */
        dmeans[region] += grad * scale[column];
        dscale[column] += grad * means[region];
    }
}

/* Every pixel's share of the gradient of its mean, one row for each row of regions. */
INLINE void NAME(spread)(const plan_t *plan, const REAL *dmeans, REAL *rows) {
    const int64_t sides = region_sides(plan), columns = plan->width / sides;
    for (int64_t k = 0; k < sides * sides; k++) {
        int64_t next, first = columns_of_region(plan, k % sides, &next);
        REAL *row = rows + k / sides * row_pitch(plan) + first;
        for (int64_t j = 0; j < columns; j++)
            row[j * next] = dmeans[k] * (REAL)(sides * sides) / (REAL)(plan->height * plan->width);
    }
}

/* Gradient of psi through the convolution: to the taps, and, added up, to the padded plane. `parts` is what spread()
 * gives, and `share` what L_undo gives for each unit that psi misses. */
INLINE void NAME(features_backward)(const plan_t *plan, const REAL *inner, const REAL *weight, const REAL *parts,
                                    REAL share, REAL *dinner, double *dtaps, REAL *lines) {
    const int64_t width = plan->width, pitch = row_pitch(plan);
    REAL *target = lines, *inside = target + pitch, *flow = inside + pitch + LANES;
    V sums[9] = {{0}}, taps[9];
    NAME(broadcast)(weight, 9, taps);
    for (int64_t i = 0; i < plan->height; i++) {
        const REAL *above = inner + (i - 1) * pitch - 1, *part = parts + region_of_row(plan, i) * pitch;
        REAL *dabove = dinner + (i - 1) * pitch - 1;
        if (plan->shift != NO_SHIFT) NAME(shifted)(plan, inner, i, target);
        for (int64_t j = 0; j < width; j += LANES) {
            const V psi = NAME(features)(above + j, pitch, taps);
            V grad = AT(part + j);
            if (plan->shift != NO_SHIFT) grad += share * (psi - AT(target + j));
            AT(flow + j) = grad = KEEP(grad * AT(inside + j), ~(psi <= (V){0}));
            for (int64_t k = 0; k < 9; k++) sums[k] += grad * AT(above + k / 3 * pitch + j + k % 3);
        }
        for (int64_t j = 0; j < width + 2; j += LANES) {
            const V here = AT(flow + j), left = AT(flow + j - 1), further = AT(flow + j - 2);
            for (int64_t a = 0; a < 3; a++)
                AT(dabove + a * pitch + j) += taps[3 * a] * here + taps[3 * a + 1] * left + taps[3 * a + 2] * further;
        }
    }
    for (int64_t k = 0; k < 9; k++) dtaps[k] = NAME(sum)(sums[k]);
}

/* Add what lies on the border to the pixels that it continues. */
INLINE void NAME(fold)(const plan_t *plan, REAL *inner) {
    const int64_t before = plan->border_before, border = before + plan->border_after, pitch = row_pitch(plan);
    for (int64_t k = 0; k < border; k++) {
        const int64_t i = k < before ? k : k + plan->height;
        if (plan->rows[i] < 0) continue;
        REAL *target = inner + plan->rows[i] * pitch - before, *source = inner + (i - before) * pitch - before;
        for (int64_t j = 0; j < plan->width + border; j++) target[j] += source[j];
    }
    for (int64_t i = 0; i < plan->height; i++)
        for (int64_t k = 0; k < border; k++) {
            const int64_t j = k < before ? k : k + plan->width;
            if (plan->columns[j] >= 0) inner[i * pitch + plan->columns[j]] += inner[i * pitch + j - before];
        }
}

typedef struct {
    const map_t *x, *grad, *dx;
    const REAL *weight, *scale, *means, *grads;
    REAL share;
    double *dweight;
    REAL *dscale;
} NAME(backward_t);

CLONES void NAME(backward)(const plan_t *plan, const void *maps, block_t block, void *memory) {
    const NAME(backward_t) of = *(const NAME(backward_t) *)maps;
    REAL *scratch = memory;
    const int64_t size = padded_size(plan), pitch = row_pitch(plan), part = mixed_size(plan);
    REAL *dpadded = scratch + block.room * size, *lines = dpadded + block.room * size;
    REAL *parts = lines + 4 * pitch, *row = lines + 2 * pitch + LANES, *flows = lines + lines_size(plan);
    REAL weights[MOST_PHASES], window[MOST_TAPS], dwindow[MOST_TAPS], dmeans[MOST_PHASES];
    NAME(load)(plan, of.x, block, scratch);
    NAME(read)(of.grad, block, plan->height / plan->step, plan->width / plan->step, flows, plan->width / plan->step,
               part);
    memset(dpadded, 0, block.planes * size * sizeof(REAL));
    NAME(inside)(plan, lines + pitch);
    for (int64_t k = 0; k < block.planes; k++) {
        const int64_t channel = block.channel + k, plane = block.sample * plan->channels + channel;
        const REAL *inner = scratch + k * size + corner_of_map(plan), *flow = flows + k * part;
        const REAL *mean = of.means + plane * plan->regions, *factors = of.scale + channel * plan->scale_columns;
        REAL *dinner = dpadded + k * size + corner_of_map(plan);
        NAME(window)(plan, mean, factors, weights, window);
        if (plan->taps == 2 && plan->step == 2)
            NAME(mix_backward)(plan, 2, 2, inner, window, flow, dinner, dwindow, row);
        else
            NAME(mix_backward)(plan, plan->taps, plan->step, inner, window, flow, dinner, dwindow, row);
        memcpy(dmeans, of.grads + plane * plan->regions, plan->regions * sizeof(REAL));
        NAME(window_backward)(plan, dwindow, weights, mean, factors, dmeans, of.dscale + plane * plan->scale_columns);
        NAME(spread)(plan, dmeans, parts);
        NAME(features_backward)(plan, inner, of.weight + channel * 9, parts, of.share, dinner, of.dweight + plane * 9,
                                lines);
        NAME(fold)(plan, dinner);
    }
    NAME(write)(of.dx, block, plan->height, plan->width, dpadded + corner_of_map(plan), pitch, size);
}

/* The whole map. `dweight` and `dscale` take what each plane adds. Returns 0, or 1 without enough memory. */
int NAME(adaptive_mix_backward)(const plan_t *plan, const map_t *x, const map_t *grad, const REAL *weight,
                                const REAL *scale, const REAL *means, const REAL *grads, double share, const map_t *dx,
                                double *dweight, REAL *dscale) {
    const NAME(backward_t) of = {x, grad, dx, weight, scale, means, grads, (REAL)share, dweight, dscale};
    const int64_t most = planes_at_once(x);
    return for_blocks(plan, most, scratch_size(plan, most, 2) * sizeof(REAL), NAME(backward), &of);
}
