/* One C subject: subject URL CONCURRENCY SECONDS [CA_FILE]. One thread: alone, a query waits for the one before; several at
 * a time are on an event loop, which is poll(2). When it is warm it says ready; each line on its standard input opens one
 * window. */

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#include <smileid_jobs.h>

enum { WARM_UP = 2000 };

static smileid_client_t *client;
static smileid_event_loop_t *event_loop;
static double deadline;
static long most, started, answered;

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

static void fail_unless(int ok)
{
    if (!ok) {
        exit(1);
    }
}

static long one_after_another(long most)
{
    long asked = 0;
    for (; asked < most && now() < deadline; asked++) {
        smileid_status_t *status = NULL;
        fail_unless(smileid_get_job_status(client, "user-1", "job-1", NULL, NULL, &status, NULL) == SMILEID_OK);
        smileid_status_free(status);
    }
    return asked;
}

static void ended(void *unused, int32_t code, smileid_status_t *status, smileid_error_t *error);

static void start(void)
{
    started++;
    fail_unless(smileid_get_job_status_start(event_loop, client, "user-1", "job-1", NULL, NULL, ended, NULL, NULL) ==
                SMILEID_OK);
}

static void ended(void *unused, int32_t code, smileid_status_t *status, smileid_error_t *error)
{
    (void)unused;
    (void)error;
    fail_unless(code == SMILEID_OK);
    smileid_status_free(status);
    answered++;
    if (started < most && now() < deadline) {
        start();
    }
}

static long many_at_once(int concurrency)
{
    struct pollfd watched = {.fd = smileid_event_loop_fd(event_loop), .events = POLLIN};
    started = answered = 0;
    while (started < concurrency && started < most) {
        start();
    }
    while (answered < started) {
        fail_unless(poll(&watched, 1, -1) == 1);
        smileid_event_loop_turn(event_loop);
    }
    return answered;
}

static long run(int concurrency, long at_most, double seconds)
{
    most = at_most;
    deadline = now() + seconds;
    return concurrency == 1 ? one_after_another(most) : many_at_once(concurrency);
}

int main(int argc, char **argv)
{
    if (argc < 4) {
        return 2;
    }
    int concurrency = atoi(argv[2]);
    smileid_client_options_t options;
    smileid_client_options_init(&options, sizeof options);
    options.partner_id = "001";
    options.api_key = "bench-key";
    options.base_url = argv[1];
    options.max_connections = (uint64_t)concurrency;
    options.ca_bundle = argc > 4 ? argv[4] : NULL;
    fail_unless(smileid_client_new(&options, &client, NULL) == SMILEID_OK);
    if (concurrency > 1) {
        fail_unless(smileid_event_loop_new(&event_loop, NULL) == SMILEID_OK);
    }
    run(concurrency, WARM_UP, 1e9);
    puts("ready");
    fflush(stdout);
    for (char line[64]; fgets(line, sizeof line, stdin);) {
        double before = cpu_us(), opened = now();
        long queries = run(concurrency, 1L << 40, atof(argv[3]));
        double took = now() - opened, used = cpu_us() - before;
        printf("{\"n\": %ld, \"seconds\": %.6f, \"cpu_us\": %.1f}\n", queries, took, used);
        fflush(stdout);
    }
    smileid_event_loop_free(event_loop);
    smileid_client_free(client);
    return 0;
}
