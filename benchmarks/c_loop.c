/* The training loop of langrl_gui/core/kernels in C: the same draws, learning and bookkeeping, in the same order, on the
 * very same arrays. It is what the compiled Python is measured against; it has to leave the same bits behind.
 *
 *     cc -O3 -march=native -ffp-contract=off -shared -fPIC c_loop.c
 */

#include <math.h>
#include <stdint.h>

typedef uint32_t u32;
typedef uint64_t u64;

/* Numbers shared with core/arrays.py, core/draws.py and core/tables.py. */
enum { STEP, EPISODE, NODE, POSITION, PROMPT, BIN_SHIFT, MISSING, LOOK };
enum { RETURN, SURPRISE, LAST_Q, LAST_TD_ERROR };
enum { WATCH_STEP, WATCH_EDGE, WATCH_CELL };
enum { WATCH_REWARD, WATCH_OLD, WATCH_FUTURE, WATCH_ALPHA, WATCH_GAMMA };
enum { STEPS_DONE, EPISODES_DONE, EDGE_MISSING, VALUES_WANTED, LOOK_DUE };
enum { UNTRACED, END };
enum { BINS = 1024, LOOKS = 32 };
static const u64 NEXT_EPISODE = 0x9E3779B97F4A7C15, NEXT_POSITION = 0xD1342543DE82EF95;

typedef struct {
    const u32 *successor;
    const double *reward;
    const u32 *row, *starts;
    const u64 *prompt_thresholds;
    const u32 *offer, *offer_count, *offer_slots;
    const u32 *share;
    const double *amounts;
    const u32 *potentials;
    const u64 *first_outcome, *outcome_thresholds;
    u64 prompts, terms, columns;
} World;

typedef struct {
    double *q;
    u64 *visits;
    float *change;
    u32 *best;
} Learned;

typedef struct {
    double *return_sum, *return_min, *return_max, *surprise;
    u64 *steps;
    double *greedy_value, *greedy_shares;
} Histories;

typedef struct {
    u64 *counters;
    double *amounts;
    u64 *tape;
    u64 tape_length;
    double *path;
    u64 *chosen;
    double *values;
    u64 *greedy_edges;
    const double *prompt_weights;
    Histories histories;
    u64 *watch_which;
    double *watch_amounts;
} Progress;

typedef struct {
    u64 slots;
    double alpha, gamma;
    u64 explore_threshold, explore_key, slot_key, prompt_key, step_limit, episode_limit;
    double slip;
    u64 slip_threshold, slip_key, slipped_key, outcome_key, longest, watched_row;
    const double *weights;
    u64 values_wanted;
    const u64 *said_nodes, *said_slots;
    u64 said;
} Rules;

static u64 mix(u64 value) {
    value = (value ^ value >> 30) * 0xBF58476D1CE4E5B9;
    value = (value ^ value >> 27) * 0x94D049BB133111EB;
    return value ^ value >> 31;
}

static u64 of_episode(u64 key, u64 episode) { return mix(key + episode * NEXT_EPISODE); }

static u64 at_position(u64 episode_key, u64 position) { return mix(episode_key + position * NEXT_POSITION); }

static u64 below(u64 bits, u64 count) { return (bits >> 32) * count >> 32; }

static int bin_is_due(const Histories *histories, u64 episode, u64 shift) {
    if (episode == 0 || episode & ((1ull << shift) - 1)) return 0;
    return isnan(histories->greedy_value[(episode >> shift) - 1]);
}

static u64 value_greedy_policy(const World *world, const Learned *learned, const Progress *progress, const Rules *rules,
                               u64 place) {
    const u64 slots = rules->slots, terms = world->terms;
    const double gamma = rules->gamma;
    double mean = 0.0, *shares = progress->histories.greedy_shares + place * terms;
    for (u64 term = 0; term < terms; term++) shares[term] = 0.0;
    for (u64 prompt = 0; prompt < world->prompts; prompt++) {
        u64 node = world->starts[prompt], length = 0;
        while (node != END) {
            u64 edge = node * slots + learned->best[world->row[node]];
            if (world->successor[edge] == UNTRACED) return edge;
            progress->path[length++] = world->reward[edge];
            const double *amounts = world->amounts + world->share[edge] * world->columns;
            for (u64 term = 0; term < terms; term++) {
                double share = amounts[term];
                u64 column = world->potentials[term];
                if (column) share = share + (gamma * amounts[column + 1] - amounts[column]);
                shares[term] += progress->prompt_weights[prompt] * (share * rules->weights[term]);
            }
            node = world->successor[edge];
        }
        double value = 0.0;
        while (length > 0) value = progress->path[--length] + gamma * value;
        mean += progress->prompt_weights[prompt] * value;
    }
    progress->histories.greedy_value[place] = mean;
    return 0;
}

static void widen_bins(const Histories *histories, u64 terms) {
    for (u64 place = 0; place < BINS; place++) {
        u64 first = 2 * place, second = first + 1;
        int merged = place < BINS / 2;
        histories->return_sum[place] = merged ? histories->return_sum[first] + histories->return_sum[second] : 0.0;
        histories->return_min[place] =
            merged ? fmin(histories->return_min[first], histories->return_min[second]) : INFINITY;
        histories->return_max[place] =
            merged ? fmax(histories->return_max[first], histories->return_max[second]) : -INFINITY;
        histories->surprise[place] = merged ? histories->surprise[first] + histories->surprise[second] : 0.0;
        histories->steps[place] = merged ? histories->steps[first] + histories->steps[second] : 0;
        histories->greedy_value[place] = merged ? histories->greedy_value[second] : NAN;
        for (u64 term = 0; term < terms; term++)
            histories->greedy_shares[place * terms + term] =
                merged ? histories->greedy_shares[second * terms + term] : 0.0;
    }
}

static u64 highest_slot(const double *values, u64 slots) {
    u64 top = 0;
    double highest = values[0];
    for (u64 slot = 1; slot < slots; slot++)
        if (values[slot] > highest) highest = values[top = slot];
    return top;
}

static int says_the_same(const World *world, const Learned *learned, const Rules *rules) {
    for (u64 place = 0; place < rules->said; place++)
        if (learned->best[world->row[rules->said_nodes[place]]] != rules->said_slots[place]) return 0;
    return rules->said > 0;
}

static u64 look_after(u64 episode) {
    u64 apart = 1;
    while (apart * 2 * LOOKS <= episode) apart *= 2;
    return (episode / apart + 1) * apart;
}

/* Everything that the loop touches is in local variables, and no two arrays overlap: what a careful C programmer writes. */
int run(const World *world, const Learned *learned, const Progress *progress, const Rules *rules) {
    const u32 *restrict successor = world->successor, *restrict row_of = world->row;
    const double *restrict rewards = world->reward;
    double *restrict q = learned->q;
    u64 *restrict visits = learned->visits;
    float *restrict change = learned->change;
    u32 *restrict best = learned->best;
    u64 *restrict tape = progress->tape;
    const Histories histories = progress->histories;
    const u64 slots = rules->slots, explore_threshold = rules->explore_threshold, last_of_tape = progress->tape_length - 1;
    const u64 step_limit = rules->step_limit, watched_row = rules->watched_row;
    const double alpha = rules->alpha, gamma = rules->gamma;

    u64 *counters = progress->counters;
    double *amounts = progress->amounts;
    u64 step = counters[STEP], episode = counters[EPISODE], node = counters[NODE], position = counters[POSITION];
    u64 prompt = counters[PROMPT], shift = counters[BIN_SHIFT], look = counters[LOOK];
    double total = amounts[RETURN], surprise = amounts[SURPRISE];
    double old = amounts[LAST_Q], td_error = amounts[LAST_TD_ERROR];
    u64 row = row_of[node], explore_luck = of_episode(rules->explore_key, episode);
    int reason;
    for (;;) {
        if (position == 0) {
            if (bin_is_due(&histories, episode, shift)) {
                u64 missing = value_greedy_policy(world, learned, progress, rules, (episode >> shift) - 1);
                if (missing) {
                    counters[MISSING] = missing;
                    reason = EDGE_MISSING;
                    break;
                }
                if (episode >> shift == BINS) {
                    widen_bins(&histories, world->terms);
                    shift++;
                }
            }
            if (episode >= look) {
                if (!says_the_same(world, learned, rules)) {
                    reason = LOOK_DUE;
                    break;
                }
                look = look_after(episode);
            }
            if (episode >= rules->episode_limit) {
                reason = EPISODES_DONE;
                break;
            }
        }
        if (step >= step_limit) {
            reason = STEPS_DONE;
            break;
        }
        u64 slot = best[row];
        if (at_position(explore_luck, position) >> 11 < explore_threshold)
            slot = below(at_position(of_episode(rules->slot_key, episode), position), slots);
        u64 edge = node * slots + slot, target = successor[edge];
        if (target == UNTRACED) {
            counters[MISSING] = edge;
            reason = EDGE_MISSING;
            break;
        }
        double reward = rewards[edge];
        u64 cell = row * slots + slot, next_row = row_of[target];
        old = q[cell];
        double future = target == END ? 0.0 : q[next_row * slots + best[next_row]];
        td_error = (target == END ? reward : reward + gamma * future) - old;
        double new = old + alpha * td_error;
        q[cell] = new;
        visits[cell]++;
        if (new != old) {
            change[cell] = (float)(new - old);
            u64 top = best[row];
            if (slot == top && new < old) {
                best[row] = highest_slot(q + row * slots, slots);
            } else {
                double highest = q[row * slots + top];
                if (new > highest || (new == highest && slot < top)) best[row] = slot;
            }
        }
        if (row == watched_row) {
            progress->watch_which[WATCH_STEP] = step + 1, progress->watch_which[WATCH_EDGE] = edge;
            progress->watch_which[WATCH_CELL] = cell;
            progress->watch_amounts[WATCH_REWARD] = reward, progress->watch_amounts[WATCH_OLD] = old;
            progress->watch_amounts[WATCH_FUTURE] = future;
            progress->watch_amounts[WATCH_ALPHA] = alpha, progress->watch_amounts[WATCH_GAMMA] = gamma;
        }
        tape[step & last_of_tape] = edge;
        node = target;
        row = next_row;
        total += reward;
        surprise += fabs(td_error);
        step++;
        position++;
        if (target == END) {
            u64 place = episode >> shift;
            histories.return_sum[place] += total;
            if (total < histories.return_min[place]) histories.return_min[place] = total;
            if (total > histories.return_max[place]) histories.return_max[place] = total;
            histories.surprise[place] += surprise;
            histories.steps[place] += position;
            total = surprise = 0.0;
            position = 0;
            episode++;
            explore_luck = of_episode(rules->explore_key, episode);
            if (world->prompts > 1) {
                u64 bits = at_position(of_episode(rules->prompt_key, episode), 0) >> 11;
                for (prompt = 0; bits >= world->prompt_thresholds[prompt];) prompt++;
            }
            node = world->starts[prompt];
            row = row_of[node];
        }
    }
    counters[STEP] = step, counters[EPISODE] = episode, counters[NODE] = node, counters[POSITION] = position;
    counters[PROMPT] = prompt, counters[BIN_SHIFT] = shift, counters[LOOK] = look;
    amounts[RETURN] = total, amounts[SURPRISE] = surprise, amounts[LAST_Q] = old, amounts[LAST_TD_ERROR] = td_error;
    return reason;
}
