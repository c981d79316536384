// What a driver for tests knows: contexts, memory, streams and their commands. Commands wait in their stream until something waits for
// them, as late as a real device may run them. Device addresses are no addresses of the process. Behaviour that a real driver leaves
// undefined is a problem, which fake_problems() reports. Kernels are recorded and do nothing, but for Add(int* values, int term), which
// adds, and those that fake_provide() brings along.
#pragma once
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { OK = 0, INVALID_VALUE = 1, NO_MEMORY = 2, NO_DEVICE = 100, INVALID_IMAGE = 200, INVALID_CONTEXT = 201, NO_BINARY = 209,
    BAD_PTX = 222,
       INVALID_HANDLE = 400, NOT_FOUND = 500, NOT_READY = 600, ILLEGAL_ADDRESS = 700, CAPTURE_UNSUPPORTED = 900 };
enum { MEMORY, HOST, STREAM, EVENT, MODULE, FUNCTION, GRAPH, EXECUTABLE, PINNED };
enum { MEMSET, COPY, KERNEL, RECORD, REPLAY, WAIT };
enum { MAX_ARGUMENTS = 64, ARGUMENT_BYTES = 1024, THREADS_PER_MULTIPROCESSOR = 2048 };

static const char* kinds[] = { "memory", "host memory", "stream", "event", "module", "function", "graph", "executable graph",
    "pinned array" };
static const uint64_t bias = 0x400000000000;

typedef void Native(void** arguments, const unsigned* grid, const unsigned* block, unsigned shared);

typedef struct Command {
    struct Command* next;
    int kind;
    char* to;
    const char* from;
    size_t bytes;
    int value;
    struct Object* object;
    unsigned grid[3], block[3], shared;
    size_t argument_bytes;
    char arguments[ARGUMENT_BYTES];
} Command;

typedef struct Object {
    struct Object *next, *module, *stream;
    int kind, device, capturing, timed, queries;
    // Of an event: the number of its last record, and of the last that was reached.
    int recorded, reached;
    char* memory;
    size_t bytes;
    char* text;
    Native* native;
    char name[128];
    int parameters, sizes[MAX_ARGUMENTS], launched_shared;
    Command *first, *last;
    pthread_t capturer;
    double time;
} Object;

typedef struct { char name[128]; unsigned grid[3], block[3]; size_t argument_bytes; char arguments[ARGUMENT_BYTES]; } Launch;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static __thread int current;
// Eager: commands run as they are given, as soon as a real device may run them. Forgets: launches are not recorded.
static struct { int driver, devices, capability, mode, max_threads, max_shared, local_bytes, registers, retained[8], initialized, eager;
    int forgets;
    size_t memory, used; } state;
static struct { char call[64]; int code, after; } failure;
static struct { char call[64]; int count; } counts[128];
static Object* objects;
static Launch* launches;
static int launch_count, sticky, calls, depth;
static int64_t busy;
static Native* (*provider)(const char* text);
static double now;
static char problems[1 << 16];

static void problem(const char* format, ...)
{
    va_list list;
    va_start(list, format);
    size_t used = strlen(problems);
    vsnprintf(problems + used, sizeof problems - used, format, list);
    strncat(problems, "\n", sizeof problems - strlen(problems) - 1);
    va_end(list);
}

static int enter(const char* call)
{
    pthread_mutex_lock(&lock);
    calls++;
    for (int i = 0; i < 128; i++) {
        if (counts[i].count && strcmp(counts[i].call, call)) continue;
        strcpy(counts[i].call, call);
        counts[i].count++;
        break;
    }
    if (!strcmp(failure.call, call) && failure.after-- <= 0) return failure.code;
    return sticky;
}

static int drain_all(const char* call);

static int leave(int code)
{
    if (state.eager && !code) drain_all("a command");
    pthread_mutex_unlock(&lock);
    return code;
}

#define ENTER int code = enter(__func__); if (code) return leave(code)
#define ENTER_CONTEXT ENTER; if (!has_context(__func__)) return leave(INVALID_CONTEXT)

static int has_context(const char* call)
{
    if (current && state.retained[current - 1]) return 1;
    problem("%s without a current context", call);
    return 0;
}

static Object* find(uint64_t handle, int kind, const char* call)
{
    for (Object* o = objects; o; o = o->next) {
        if ((uint64_t)(kind == MEMORY ? (uintptr_t)o->memory + bias
                       : kind == HOST || kind == PINNED ? (uintptr_t)o->memory : (uintptr_t)o) != handle
            || o->kind != kind) continue;
        if (o->device != current - 1) problem("%s: the %s is another device's", call, kinds[kind]);
        return o;
    }
    problem("%s: no such %s", call, kinds[kind]);
    return NULL;
}

static Object* make(int kind)
{
    Object* o = calloc(1, sizeof *o);
    o->kind = kind;
    o->device = current - 1;
    o->next = objects;
    objects = o;
    return o;
}

static void drop(Object* o)
{
    for (Object** p = &objects; *p; p = &(*p)->next)
        if (*p == o) { *p = o->next; break; }
    for (Command *c = o->first, *next; c; c = next) { next = c->next; free(c); }
    if (o->kind == MEMORY) state.used -= o->bytes;
    if (o->kind == MEMORY || o->kind == HOST) { memset(o->memory, 0xDD, o->bytes); free(o->memory); }
    free(o->text);
    free(o);
}

// The buffer that holds a run of device memory, as host memory; a command that reaches over its end brings the device down.
static char* device(uint64_t address, size_t bytes)
{
    for (Object* o = objects; o; o = o->next) {
        if (o->kind != MEMORY) continue;
        uint64_t start = (uintptr_t)o->memory + bias;
        if (address >= start && address + bytes <= start + o->bytes) return o->memory + (address - start);
    }
    return NULL;
}

// A processor's kernel takes addresses of the process.
static void run_native(const Command* c)
{
    static uint64_t values[MAX_ARGUMENTS][32];
    void* addresses[MAX_ARGUMENTS];
    const char* from = c->arguments;
    for (int i = 0; i < c->object->parameters; from += c->object->sizes[i++]) {
        addresses[i] = memcpy(values[i], from, c->object->sizes[i]);
        char* host = c->object->sizes[i] == 8 ? device(values[i][0], 0) : NULL;
        if (host) values[i][0] = (uintptr_t)host;
    }
    c->object->module->native(addresses, c->grid, c->block, c->shared);
}

static int drain_until(Object* stream, const Object* event, int record, const char* call);

static void run(Command* c, const char* call)
{
    if (sticky) return;
    now += 0.5;
    if (c->kind == RECORD) { c->object->time = now; c->object->reached = c->value; }
    else if (c->kind == WAIT) { if (c->object->reached < c->value) drain_until(c->object->stream, c->object, c->value, call); }
    else if (c->kind == REPLAY) { for (Command* next = c->object->first; next; next = next->next) run(next, call); }
    else if (c->kind == MEMSET || c->kind == COPY) {
        char* to = c->value & 256 ? c->to : device((uint64_t)(uintptr_t)c->to, c->bytes);
        const char* from = c->kind == MEMSET || c->value & 512 ? c->from : device((uint64_t)(uintptr_t)c->from, c->bytes);
        if (!to || (c->kind == COPY && !from))
        {
            problem("a copy reached outside of memory at %s", call); sticky = ILLEGAL_ADDRESS; return;
        }
        if (c->kind == MEMSET) memset(to, c->value, c->bytes);
        else if (to < from + c->bytes && from < to + c->bytes) problem("a copy within overlapping memory");
        else memcpy(to, from, c->bytes);
    } else if (state.forgets) {
        if (c->object->module->native) run_native(c);
    } else {
        launches = realloc(launches, (launch_count + 1) * sizeof *launches);
        Launch* l = &launches[launch_count++];
        memset(l, 0, sizeof *l);
        strcpy(l->name, c->object->name);
        memcpy(l->grid, c->grid, sizeof l->grid);
        memcpy(l->block, c->block, sizeof l->block);
        l->argument_bytes = c->argument_bytes;
        memcpy(l->arguments, c->arguments, c->argument_bytes);
        if (c->object->module->native) { run_native(c); return; }
        if (strcmp(l->name, "Add")) return;
        uint64_t address;
        int term;
        memcpy(&address, c->arguments, 8);
        memcpy(&term, c->arguments + 8, 4);
        size_t count = (size_t)c->grid[0] * c->block[0];
        int32_t* values = (int32_t*)device(address, count * 4);
        if (!values || address % 4) { sticky = ILLEGAL_ADDRESS; return; }
        for (size_t i = 0; i < count; i++) values[i] += term;
    }
}

static int64_t nanoseconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

// Runs a stream's commands in order: until a record of an event is reached, or all of them.
static int drain_until(Object* stream, const Object* event, int record, const char* call)
{
    if (stream->capturing) { problem("%s waits for a stream that records", call); return CAPTURE_UNSUPPORTED; }
    int64_t start = depth++ ? 0 : nanoseconds();
    while (stream->first && !(event && event->reached >= record)) {
        Command* c = stream->first;
        if (!(stream->first = c->next)) stream->last = NULL;
        run(c, call);
        free(c);
    }
    if (!--depth) busy += nanoseconds() - start;
    return sticky;
}

static int drain(Object* stream, const char* call) { return drain_until(stream, NULL, 0, call); }

static int drain_all(const char* call)
{
    for (Object* o = objects; o; o = o->next)
        if (o->kind == STREAM && !o->capturing) drain(o, call);
    return sticky;
}

static Command* give(Object* stream, int kind)
{
    Command* c = calloc(1, sizeof *c);
    c->kind = kind;
    if (stream->capturing && !pthread_equal(stream->capturer, pthread_self()))
        problem("a thread gave a command to a stream that another records");
    if (stream->last) stream->last->next = c;
    else stream->first = c;
    stream->last = c;
    return c;
}

// Whether a command may still reach a run of memory; of a kernel, whether one of its arguments points there.
static int reaches(const Command* c, uint64_t start, size_t bytes)
{
    for (; c; c = c->next) {
        uint64_t to = (uintptr_t)c->to, from = (uintptr_t)c->from, argument;
        if (c->kind == REPLAY && reaches(c->object->first, start, bytes)) return 1;
        if (c->kind == COPY || c->kind == MEMSET)
        {
            if ((to < start + bytes && start < to + c->bytes) || (from < start + bytes && start < from + c->bytes)) return 1;
        }
        for (size_t i = 0; c->kind == KERNEL && i + 8 <= c->argument_bytes; i += 4) {
            memcpy(&argument, c->arguments + i, 8);
            if (argument >= start && argument < start + bytes) return 1;
        }
    }
    return 0;
}

static void check_unused(const char* call, uint64_t start, size_t bytes)
{
    for (Object* s = objects; s; s = s->next)
        if (s->kind == STREAM && reaches(s->first, start, bytes)) problem("%s: a stream still uses the memory", call);
}

static int records(const char* call)
{
    for (Object* o = objects; o; o = o->next)
        if (o->kind == STREAM && o->capturing && pthread_equal(o->capturer, pthread_self()))
        {
            problem("%s while the thread records", call); return 1;
        }
    return 0;
}

// The size of a C type as the text of a kernel spells it; structs are looked up in the text.
static int size_of(const char* type, const char* text, int* alignment)
{
    static const struct { const char* name; int size; } scalars[] = {
        { "unsigned char", 1 }, { "signed char", 1 }, { "unsigned short", 2 }, { "unsigned int", 4 }, { "unsigned long long", 8 },
        { "long long", 8 },
        { "bool", 1 }, { "short", 2 }, { "int", 4 }, { "float", 4 }, { "double", 8 }, { "float2", 8 }, { "float4", 16 } };
    if (strchr(type, '*')) return *alignment = 8;
    while (*type == ' ' || *type == '\n') type++;
    char name[128], closing[160];
    snprintf(name, sizeof name, "%s", type);
    char* end = strrchr(name, ' ');
    if (end) *end = 0;
    for (size_t i = 0; i < sizeof scalars / sizeof *scalars; i++)
        if (!strcmp(name, scalars[i].name)) return *alignment = scalars[i].size;
    snprintf(closing, sizeof closing, "} %s;", name);
    const char *stop = strstr(text, closing), *start = stop;
    if (!stop) { problem("no type '%s' in the text", name); return 0; }
    while (start > text && *start != '{') start--;
    int size = 0;
    *alignment = 1;
    for (const char* field = start + 1; (field = strchr(field, '\n')) && field < stop;) {
        const char* semicolon = strchr(++field, ';');
        if (!semicolon || semicolon > stop) break;
        char line[128];
        snprintf(line, sizeof line, "%.*s", (int)(semicolon - field), field);
        int own, bytes = size_of(line, text, &own);
        size = (size + own - 1) / own * own + bytes;
        if (own > *alignment) *alignment = own;
        field = semicolon;
    }
    return (size + *alignment - 1) / *alignment * *alignment;
}
