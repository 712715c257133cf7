/* One case as the runner sends it, and the outcome as it wants it back: what both drivers share. */
#ifndef PLAY_H
#define PLAY_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
  char name[32];
  char *text;
  size_t length;
  uint64_t number;
  double decimal;
} play_argument;

typedef struct {
  char what[32];
  char interrupt[16];
  int accept_only;
  int confirm_only;
  play_argument *arguments;
  size_t count;
} play_case;

/* Reads cases from stdin until it ends; runs each in a thread of its own, so that an `interrupt` line is heard. */
void play_all(void (*run)(const play_case *));

/* The argument, or NULL where the case does not give it. */
const play_argument *play_find(const play_case *play, const char *name);
/* Its text; NULL where it is not given or NULL itself. */
const char *play_text(const play_case *play, const char *name);
uint64_t play_number(const play_case *play, const char *name, uint64_t otherwise);
double play_decimal(const play_case *play, const char *name, double otherwise);
/* The text of a list's entry, `play_entry(play, "jobs.user_id", 0)`; NULL beyond its end. */
const char *play_entry(const play_case *play, const char *name, size_t index);
/* The arguments with those named `then.NAME` in place of NAME; freed by the caller, texts are borrowed. */
play_case play_then(const play_case *play);

/* What an `interrupt` line does from now on; NULL for nothing. */
void play_on_interrupt(void (*interrupt)(void *), void *context);

/* Pieces of JSON on stdout. */
void put_text(const char *name, const char *text);
void put_integer(const char *name, int64_t number, int64_t absent);
void put_raw(const char *name, const char *json);
/* An object as the value of the name before: put_raw("name", ""), put_open(), …, put_close(). */
void put_open(void);
void put_close(void);
/* A list as the value of the name before, of objects: put_list(), put_item() before each, put_list_end(). */
void put_list(void);
void put_item(void);
void put_list_end(void);

#ifdef __cplusplus
}
#endif

#endif
