#define _POSIX_C_SOURCE 200809L
#include "play.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
  void (*run)(const play_case *);
  play_case play;
} running_case;

static pthread_mutex_t interrupt_lock = PTHREAD_MUTEX_INITIALIZER;
static void (*interrupt_function)(void *);
static void *interrupt_context;

void play_on_interrupt(void (*interrupt)(void *), void *context) {
  pthread_mutex_lock(&interrupt_lock);
  interrupt_function = interrupt;
  interrupt_context = context;
  pthread_mutex_unlock(&interrupt_lock);
}

static void interrupt_now(void) {
  pthread_mutex_lock(&interrupt_lock);
  if (interrupt_function) interrupt_function(interrupt_context);
  pthread_mutex_unlock(&interrupt_lock);
}

static int digit(char c) { return c <= '9' ? c - '0' : c - 'a' + 10; }

/* Bytes from hexadecimal digits, with a NUL after them. */
static void read_text(play_argument *argument, const char *hex) {
  size_t at;
  argument->length = strlen(hex) / 2;
  argument->text = malloc(argument->length + 1);
  if (!argument->text) abort();
  for (at = 0; at < argument->length; at++) {
    argument->text[at] = (char)(digit(hex[2 * at]) * 16 + digit(hex[2 * at + 1]));
  }
  argument->text[argument->length] = '\0';
}

static void copy(char *to, size_t size, const char *from) { snprintf(to, size, "%s", from ? from : ""); }

static play_argument *add(play_case *play) {
  play_argument *arguments = realloc(play->arguments, (play->count + 1) * sizeof *arguments);
  if (!arguments) abort();
  play->arguments = arguments;
  memset(&arguments[play->count], 0, sizeof *arguments);
  return &arguments[play->count++];
}

/* One line of a case: `case get_job_status`, `text NAME HEX`, `null NAME`, `number NAME DIGITS`, `decimal
 * NAME NUMBER`, `interrupted-by close`. */
static void read_line(play_case *play, char *line) {
  char *place = NULL;
  const char *word = strtok_r(line, " ", &place);
  const char *name = strtok_r(NULL, " ", &place);
  const char *value = strtok_r(NULL, " ", &place);
  play_argument *argument;
  if (!word) return;
  if (!strcmp(word, "case")) {
    copy(play->what, sizeof play->what, name);
  } else if (!strcmp(word, "interrupted-by")) {
    copy(play->interrupt, sizeof play->interrupt, name);
  } else if (!strcmp(word, "accept-only")) {
    play->accept_only = 1;
  } else if (!strcmp(word, "confirm-only")) {
    play->confirm_only = 1;
  } else {
    argument = add(play);
    copy(argument->name, sizeof argument->name, name);
    if (!strcmp(word, "text")) read_text(argument, value ? value : "");
    if (!strcmp(word, "number")) argument->number = strtoull(value ? value : "0", NULL, 10);
    if (!strcmp(word, "number")) argument->decimal = (double)argument->number;
    if (!strcmp(word, "decimal")) argument->decimal = strtod(value ? value : "0", NULL);
  }
}

static void *run_case(void *context) {
  running_case *running = context;
  size_t at;
  put_open();
  running->run(&running->play);
  play_on_interrupt(NULL, NULL);
  for (at = 0; at < running->play.count; at++) free(running->play.arguments[at].text);
  free(running->play.arguments);
  memset(&running->play, 0, sizeof running->play);
  puts("}");
  fflush(stdout);
  return NULL;
}

void play_all(void (*run)(const play_case *)) {
  static running_case running;
  char *line = NULL;
  size_t size = 0;
  ssize_t length;
  pthread_t thread;
  int started = 0;
  running.run = run;
  while ((length = getline(&line, &size, stdin)) > 0) {
    if (line[length - 1] == '\n') line[length - 1] = '\0';
    if (!strcmp(line, "interrupt")) {
      interrupt_now();
      continue;
    }
    /* A new case is only sent once the one before has ended. */
    if (started) pthread_join(thread, NULL);
    started = 0;
    if (strcmp(line, "go")) {
      read_line(&running.play, line);
    } else if (pthread_create(&thread, NULL, run_case, &running) == 0) {
      started = 1;
    } else {
      abort();
    }
  }
  if (started) pthread_join(thread, NULL);
  free(line);
}

const play_argument *play_find(const play_case *play, const char *name) {
  size_t at;
  for (at = 0; at < play->count; at++) {
    if (!strcmp(play->arguments[at].name, name)) return &play->arguments[at];
  }
  return NULL;
}

const char *play_text(const play_case *play, const char *name) {
  const play_argument *argument = play_find(play, name);
  return argument ? argument->text : NULL;
}

uint64_t play_number(const play_case *play, const char *name, uint64_t otherwise) {
  const play_argument *argument = play_find(play, name);
  return argument ? argument->number : otherwise;
}

double play_decimal(const play_case *play, const char *name, double otherwise) {
  const play_argument *argument = play_find(play, name);
  return argument ? argument->decimal : otherwise;
}

const char *play_entry(const play_case *play, const char *name, size_t index) {
  char numbered[32];
  snprintf(numbered, sizeof numbered, "%s.%zu", name, index);
  return play_text(play, numbered);
}

play_case play_then(const play_case *play) {
  play_case then = *play;
  size_t at;
  then.count = 0;
  then.arguments = NULL;
  /* The first of a name is the one that is found. */
  for (at = 0; at < play->count; at++) {
    if (strncmp(play->arguments[at].name, "then.", 5)) continue;
    *add(&then) = play->arguments[at];
    copy(then.arguments[then.count - 1].name, sizeof then.arguments->name, play->arguments[at].name + 5);
  }
  for (at = 0; at < play->count; at++) *add(&then) = play->arguments[at];
  return then;
}

static char separator = '{';

static void put_name(const char *name) {
  printf("%c\"%s\":", separator, name);
  separator = ',';
}

void put_raw(const char *name, const char *json) {
  put_name(name);
  fputs(json, stdout);
}

void put_text(const char *name, const char *text) {
  put_name(name);
  if (!text) {
    fputs("null", stdout);
    return;
  }
  putchar('"');
  for (; *text; text++) {
    unsigned char byte = (unsigned char)*text;
    if (byte == '"' || byte == '\\' || byte < 0x20) {
      printf("\\u%04x", byte);
    } else {
      putchar(byte);
    }
  }
  putchar('"');
}

void put_integer(const char *name, int64_t number, int64_t absent) {
  put_name(name);
  if (number == absent) {
    fputs("null", stdout);
  } else {
    printf("%" PRId64, number);
  }
}

void put_list(void) { separator = '['; }

void put_item(void) {
  if (separator == ',') putchar(',');
  if (separator == '[') putchar('[');
  separator = '{';
}

void put_list_end(void) {
  fputs(separator == '[' ? "[]" : "]", stdout);
  separator = ',';
}

void put_open(void) { separator = '{'; }

void put_close(void) {
  putchar('}');
  separator = ',';
}
