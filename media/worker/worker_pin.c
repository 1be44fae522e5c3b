#include "media/worker/worker_pin.h"

int worker_pin_choose(const cpu_set_t *allowed, uint32_t index, uint32_t workers)
{
    if (workers < 2 || index >= workers || (uint32_t)CPU_COUNT(allowed) < workers)
        return -1;
    for (int cpu = CPU_SETSIZE - 1; cpu >= 0; cpu--) {
        if (CPU_ISSET((size_t)cpu, allowed) && index-- == 0)
            return cpu;
    }
    return -1;
}

int worker_pin(uint32_t index, uint32_t workers)
{
    cpu_set_t allowed, mine;
    if (sched_getaffinity(0, sizeof(allowed), &allowed) != 0)
        return -1;
    int cpu = worker_pin_choose(&allowed, index, workers);
    if (cpu < 0)
        return -1;
    CPU_ZERO(&mine);
    CPU_SET((size_t)cpu, &mine);
    return sched_setaffinity(0, sizeof(mine), &mine) == 0 ? cpu : -1;
}
