#include "tests/load/process.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool read_text(const char *path, char *text, size_t size)
{
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return false;
    size_t got = fread(text, 1, size - 1, file);
    text[got] = 0;
    fclose(file);
    return got > 0;
}

/* proc(5): fields 14 and 15 of stat; the name in field 2 may hold anything, so count from its last bracket. */
static int64_t stat_cpu_ns(const char *text)
{
    unsigned long user = 0, system = 0;
    const char *at = strrchr(text, ')');
    if (at == NULL ||
        sscanf(at + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system) != 2)
        return -1;
    return (int64_t)(user + system) * (1000000000ll / sysconf(_SC_CLK_TCK));
}

static void add_threads(const char *pid, const char *name, struct process_use *use)
{
    char path[320], text[256], want[32];
    snprintf(path, sizeof(path), "/proc/%s/task", pid);
    snprintf(want, sizeof(want), "%s\n", name);
    DIR *tasks = opendir(path);
    for (struct dirent *task = tasks == NULL ? NULL : readdir(tasks); task != NULL;
         task = readdir(tasks)) {
        snprintf(path, sizeof(path), "/proc/%s/task/%.20s/comm", pid, task->d_name);
        if (task->d_name[0] == '.' || !read_text(path, text, sizeof(text)) ||
            strcmp(text, want) != 0)
            continue;
        snprintf(path, sizeof(path), "/proc/%s/task/%.20s/schedstat", pid, task->d_name);
        if (read_text(path, text, sizeof(text))) {
            char *end;
            use->thread_cpu_ns += strtoll(text, &end, 10);
            use->thread_wait_ns += strtoll(end, NULL, 10);
            use->threads++;
        }
    }
    if (tasks != NULL)
        closedir(tasks);
}

static unsigned count_descriptors(const char *pid)
{
    char path[64];
    unsigned count = 0;
    snprintf(path, sizeof(path), "/proc/%s/fd", pid);
    DIR *folder = opendir(path);
    for (struct dirent *entry = folder == NULL ? NULL : readdir(folder); entry != NULL;
         entry = readdir(folder))
        count += entry->d_name[0] != '.';
    if (folder != NULL)
        closedir(folder);
    return count;
}

bool process_read(const char *pid, const char *thread_name, struct process_use *ret_use)
{
    char path[64], text[8192];
    *ret_use = (struct process_use){0};
    snprintf(path, sizeof(path), "/proc/%s/stat", pid);
    if (!read_text(path, text, sizeof(text)))
        return false;
    ret_use->cpu_ns = stat_cpu_ns(text);
    snprintf(path, sizeof(path), "/proc/%s/status", pid);
    const char *rss = read_text(path, text, sizeof(text)) ? strstr(text, "VmRSS:") : NULL;
    ret_use->rss_bytes = rss == NULL ? 0 : strtoll(rss + strlen("VmRSS:"), NULL, 10) * 1024;
    ret_use->descriptors = count_descriptors(pid);
    add_threads(pid, thread_name, ret_use);
    return ret_use->cpu_ns >= 0;
}
