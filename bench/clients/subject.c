/* One C subject: subject URL CONCURRENCY SECONDS [CA_FILE]. A thread per query at a time. When it is warm it says ready;
 * each line on its standard input opens one window. */

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#include <smileid_jobs.h>

enum { WARM_UP = 2000, MOST_THREADS = 1024 };

static smileid_client_t *client;
static double deadline;
static long each;

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static double cpu_us(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return 1e6 * (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

static void *ask(void *count)
{
    long asked = 0;
    for (; asked < each && now() < deadline; asked++) {
        smileid_status_t *status = NULL;
        if (smileid_get_job_status(client, "user-1", "job-1", NULL, NULL, &status, NULL) != SMILEID_OK) {
            exit(1);
        }
        smileid_status_free(status);
    }
    *(long *)count = asked;
    return NULL;
}

static long run(int threads, long most, double seconds)
{
    static pthread_t workers[MOST_THREADS];
    static long counts[MOST_THREADS];
    long sum = 0;
    each = most / threads;
    deadline = now() + seconds;
    if (threads == 1) {
        ask(&counts[0]);
        return counts[0];
    }
    for (int at = 0; at < threads; at++) {
        pthread_create(&workers[at], NULL, ask, &counts[at]);
    }
    for (int at = 0; at < threads; at++) {
        pthread_join(workers[at], NULL);
        sum += counts[at];
    }
    return sum;
}

int main(int argc, char **argv)
{
    if (argc < 4) {
        return 2;
    }
    int threads = atoi(argv[2]);
    smileid_client_options_t options;
    smileid_client_options_init(&options, sizeof options);
    options.partner_id = "001";
    options.api_key = "bench-key";
    options.base_url = argv[1];
    options.max_connections = (uint64_t)threads;
    options.ca_bundle = argc > 4 ? argv[4] : NULL;
    if (smileid_client_new(&options, &client, NULL) != SMILEID_OK) {
        return 1;
    }
    run(threads, WARM_UP, 1e9);
    puts("ready");
    fflush(stdout);
    for (char line[64]; fgets(line, sizeof line, stdin);) {
        double before = cpu_us(), started = now();
        long queries = run(threads, 1L << 40, atof(argv[3]));
        double took = now() - started, used = cpu_us() - before;
        printf("{\"n\": %ld, \"seconds\": %.6f, \"cpu_us\": %.1f}\n", queries, took, used);
        fflush(stdout);
    }
    smileid_client_free(client);
    return 0;
}
