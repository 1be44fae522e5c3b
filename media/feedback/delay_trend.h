/* Is the queue in front of one browser growing? Delay-based half of draft-ietf-rmcat-gcc-02 §5, with the trend line in the
 * place of the Kalman filter: packets sent within 5 ms are one group, the change of the one-way delay from group to group
 * is added up, and the slope of that sum over the last groups is compared with a threshold that adapts itself, so that a
 * competing TCP flow does not starve us.
 *
 * Thread: the worker that owns the endpoint. Embedded, no allocation, whole numbers only; fields are private. Clocks of the two
 * ends need not agree; only differences on each are taken. */
#ifndef MEDIA_FEEDBACK_DELAY_TREND_H
#define MEDIA_FEEDBACK_DELAY_TREND_H

#include <stdbool.h>
#include <stdint.h>

#define DELAY_TREND_SAMPLES 20

enum link_usage {
    LINK_NORMAL,
    LINK_OVERUSED,  /* the queue grows: more is sent than passes */
    LINK_UNDERUSED, /* the queue drains */
};

struct delay_group {
    int64_t first_sent_us, last_sent_us;
    int64_t first_arrived_us, last_arrived_us;
};
struct delay_sample {
    int64_t at_us;    /* arrival */
    int64_t delay_us; /* smoothed sum of the changes */
};
struct delay_trend {
    struct delay_group current, previous;
    bool has_current, has_previous;
    struct delay_sample samples[DELAY_TREND_SAMPLES]; /* ring */
    uint32_t samples_next, samples_count;
    uint32_t changes; /* counted up to a bound */
    int64_t sum_us, smoothed_us;
    int64_t threshold_us;
    int64_t adapted_us; /* arrival time of the last adaptation */
    int64_t over_us;    /* how long above the threshold */
    uint32_t over_count;
    int64_t last_trend_us;
    enum link_usage usage;
};

void delay_trend_init(struct delay_trend *trend);
/* One packet that arrived, in the order of numbers. */
void delay_trend_packet(struct delay_trend *trend, int64_t sent_us, int64_t arrived_us);
/* What follows is not to be compared with what came before (a probe lay between, or the line was cut). The threshold stays. */
void delay_trend_restart(struct delay_trend *trend);
/* By the last group that is complete. */
enum link_usage delay_trend_usage(const struct delay_trend *trend);

#endif
