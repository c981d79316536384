// A driver for tests: the CUDA driver API over host memory (fake_state.h).
#define _GNU_SOURCE
#include "fake_state.h"

// What the tests say and ask.

void fake_reset(void)
{
    while (objects) drop(objects);
    memset(&state, 0, sizeof state);
    state.driver = 12040; state.devices = 1; state.capability = 90; state.max_threads = 1024; state.max_shared = 232448;
    state.registers = 32;
    state.memory = (size_t)1 << 30;
    memset(&failure, 0, sizeof failure);
    memset(counts, 0, sizeof counts);
    free(launches);
    launches = NULL;
    launch_count = sticky = calls = 0;
    busy = 0;
    now = 0;
    *problems = 0;
    current = 0;
}

#ifdef IN_A_PROGRAM
// A program that knows nothing of the tests loads this in place of the real library.
__attribute__((constructor)) static void begin(void) { fake_reset(); }
#endif

void fake_set(const char* name, int64_t value)
{
    if (!strcmp(name, "driver")) state.driver = (int)value;
    else if (!strcmp(name, "devices")) state.devices = (int)value;
    else if (!strcmp(name, "capability")) state.capability = (int)value;
    else if (!strcmp(name, "mode")) state.mode = (int)value;
    else if (!strcmp(name, "max_threads")) state.max_threads = (int)value;
    else if (!strcmp(name, "max_shared")) state.max_shared = (int)value;
    else if (!strcmp(name, "local_bytes")) state.local_bytes = (int)value;
    else if (!strcmp(name, "memory")) state.memory = (size_t)value;
    else if (!strcmp(name, "eager")) state.eager = (int)value;
    else if (!strcmp(name, "forgets")) state.forgets = (int)value;
    else problem("no setting '%s'", name);
}

void fake_fail(const char* call, int code, int after) { strcpy(failure.call, call); failure.code = code; failure.after = after; }

void fake_provide(Native* (*provide)(const char* text)) { provider = provide; }
const char* fake_problems(void) { return problems; }
int fake_live(void) { int count = 0; for (Object* o = objects; o; o = o->next) count += o->kind != FUNCTION; return count; }
int fake_retained(int device) { return state.retained[device]; }
int fake_launches(void) { return launch_count; }
int fake_calls(void) { return calls; }
// Nanoseconds in which commands ran, which a real device spends beside the host.
int64_t fake_busy(void) { return busy; }
const Launch* fake_launch(int index) { return &launches[index]; }
int fake_count(const char* call) { for (int i = 0; i < 128; i++) if (!strcmp(counts[i].call, call)) return counts[i].count; return 0; }

// The driver API.

int cuInit(unsigned flags)
{
    ENTER; if (flags) return leave(INVALID_VALUE); state.initialized = 1; return leave(state.devices ? OK : NO_DEVICE);
}
int cuDriverGetVersion(int* version) { ENTER; *version = state.driver; return leave(OK); }

int cuGetErrorName(int error, const char** name)
{
    static const struct { int code; const char* name; } names[] = {
        { 1, "CUDA_ERROR_INVALID_VALUE" }, { 2, "CUDA_ERROR_OUT_OF_MEMORY" }, { 46, "CUDA_ERROR_DEVICE_UNAVAILABLE" },
        { 100, "CUDA_ERROR_NO_DEVICE" },
        { 209, "CUDA_ERROR_NO_BINARY_FOR_GPU" }, { 222, "CUDA_ERROR_UNSUPPORTED_PTX_VERSION" }, { 400, "CUDA_ERROR_INVALID_HANDLE" },
        { 700, "CUDA_ERROR_ILLEGAL_ADDRESS" }, { 701, "CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES" }, { 716, "CUDA_ERROR_MISALIGNED_ADDRESS" } };
    *name = NULL;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) if (names[i].code == error) *name = names[i].name;
    return *name ? OK : INVALID_VALUE;
}

int cuDeviceGetCount(int* count) { ENTER; if (!state.initialized) return leave(3); *count = state.devices; return leave(OK); }
int cuDeviceGet(int* device, int ordinal) { ENTER; if (ordinal >= state.devices) return leave(101); *device = ordinal; return leave(OK); }
int cuDeviceGetName(char* name, int bytes, int device) { ENTER; snprintf(name, bytes, "Fake GPU %d", device); return leave(OK); }
int cuDeviceTotalMem_v2(size_t* bytes, int device) { ENTER; (void)device; *bytes = state.memory; return leave(OK); }

int cuDeviceGetAttribute(int* value, int attribute, int device)
{
    ENTER;
    (void)device;
    switch (attribute) {
        case 1: case 2: case 3: *value = 1024; break;
        case 4: *value = 64; break;
        case 5: *value = 0x7fffffff; break;
        case 6: case 7: *value = 65535; break;
        case 16: *value = 132; break;
        case 20: *value = state.mode; break;
        case 39: *value = THREADS_PER_MULTIPROCESSOR; break;
        case 75: *value = state.capability / 10; break;
        case 76: *value = state.capability % 10; break;
        case 97: *value = state.max_shared; break;
        default: problem("no attribute %d", attribute); return leave(INVALID_VALUE);
    }
    return leave(OK);
}

int cuDevicePrimaryCtxRetain(void** context, int device)
{
    ENTER; state.retained[device]++; *context = &state.retained[device]; return leave(OK);
}

int cuDevicePrimaryCtxRelease_v2(int device)
{
    ENTER;
    if (state.retained[device] == 0) { problem("a context was released twice"); return leave(INVALID_CONTEXT); }
    if (--state.retained[device]) return leave(OK);
    for (Object* o = objects; o; o = o->next)
        if (o->device == device && o->kind != FUNCTION) problem("a context was released with %s in it", kinds[o->kind]);
    return leave(OK);
}

int cuCtxSetCurrent(int* context)
{
    ENTER;
    current = 0;
    if (!context) return leave(OK);
    current = (int)(context - state.retained) + 1;
    return leave(has_context(__func__) ? OK : INVALID_CONTEXT);
}

int cuMemAlloc_v2(uint64_t* address, size_t bytes)
{
    ENTER_CONTEXT;
    if (records(__func__)) return leave(CAPTURE_UNSUPPORTED);
    if (!bytes) return leave(INVALID_VALUE);
    if (bytes > state.memory - state.used) return leave(NO_MEMORY);
    Object* o = make(MEMORY);
    o->memory = aligned_alloc(256, (bytes + 255) / 256 * 256);
    memset(o->memory, 0xCD, bytes);
    state.used += o->bytes = bytes;
    *address = (uintptr_t)o->memory + bias;
    return leave(OK);
}

int cuMemFree_v2(uint64_t address)
{
    ENTER_CONTEXT;
    Object* o = find(address, MEMORY, __func__);
    if (!o) return leave(INVALID_VALUE);
    check_unused(__func__, address, o->bytes);
    drop(o);
    return leave(OK);
}

int cuMemGetInfo_v2(size_t* available, size_t* total)
{
    ENTER_CONTEXT; *available = state.memory - state.used; *total = state.memory; return leave(OK);
}

int cuMemHostAlloc(void** address, size_t bytes, unsigned flags)
{
    ENTER_CONTEXT;
    if (!bytes || flags > 7) return leave(INVALID_VALUE);
    Object* o = make(HOST);
    *address = o->memory = malloc(bytes);
    memset(*address, 0xCD, o->bytes = bytes);
    return leave(OK);
}

int cuMemFreeHost(void* address)
{
    ENTER_CONTEXT;
    Object* o = find((uintptr_t)address, HOST, __func__);
    if (!o) return leave(INVALID_VALUE);
    check_unused(__func__, (uintptr_t)address, o->bytes);
    drop(o);
    return leave(OK);
}

int cuMemHostRegister_v2(void* address, size_t bytes, unsigned flags)
{
    ENTER_CONTEXT;
    if (!address || !bytes || flags != 1) return leave(INVALID_VALUE);
    for (Object* o = objects; o; o = o->next)
        if (o->kind == PINNED && (char*)address < o->memory + o->bytes && o->memory < (char*)address + bytes)
        {
            problem("an array was pinned twice"); return leave(INVALID_VALUE);
        }
    Object* o = make(PINNED);
    o->memory = address;
    o->bytes = bytes;
    return leave(OK);
}

int cuMemHostUnregister(void* address)
{
    ENTER_CONTEXT;
    Object* o = find((uintptr_t)address, PINNED, __func__);
    if (!o) return leave(INVALID_VALUE);
    check_unused(__func__, (uintptr_t)address, o->bytes);
    drop(o);
    return leave(OK);
}

static int copy(const char* call, uint64_t stream, int kind, uint64_t to, uint64_t from, size_t bytes, int value)
{
    if (!has_context(call)) return leave(INVALID_CONTEXT);
    Object* s = find(stream, STREAM, call);
    if (!s) return leave(INVALID_HANDLE);
    Command* c = give(s, kind);
    c->to = (char*)(uintptr_t)to;
    c->from = (const char*)(uintptr_t)from;
    c->bytes = bytes;
    c->value = value;
    return leave(OK);
}

int cuMemsetD8Async(uint64_t to, unsigned char value, size_t bytes, uint64_t stream)
{
    ENTER; return copy(__func__, stream, MEMSET, to, 0, bytes, value);
}
int cuMemcpyHtoDAsync_v2(uint64_t to, void* from, size_t bytes, uint64_t stream)
{
    ENTER; return copy(__func__, stream, COPY, to, (uintptr_t)from, bytes, 512);
}
int cuMemcpyDtoHAsync_v2(void* to, uint64_t from, size_t bytes, uint64_t stream)
{
    ENTER; return copy(__func__, stream, COPY, (uintptr_t)to, from, bytes, 256);
}
int cuMemcpyDtoDAsync_v2(uint64_t to, uint64_t from, size_t bytes, uint64_t stream)
{
    ENTER; return copy(__func__, stream, COPY, to, from, bytes, 0);
}

int cuStreamCreate(Object** stream, unsigned flags)
{
    ENTER_CONTEXT;
    if (flags != 1) problem("a stream that waits for the default stream");
    *stream = make(STREAM);
    return leave(OK);
}

int cuStreamDestroy_v2(Object* stream)
{
    ENTER_CONTEXT;
    if (!(stream = find((uintptr_t)stream, STREAM, __func__))) return leave(INVALID_HANDLE);
    if (stream->capturing) problem("a stream was destroyed that records");
    else if (!sticky) drain(stream, __func__);
    drop(stream);
    return leave(OK);
}

int cuStreamSynchronize(Object* stream)
{
    ENTER_CONTEXT;
    return leave((stream = find((uintptr_t)stream, STREAM, __func__)) ? drain(stream, __func__) : INVALID_HANDLE);
}

int cuStreamBeginCapture_v2(Object* stream, int mode)
{
    ENTER_CONTEXT;
    if (!(stream = find((uintptr_t)stream, STREAM, __func__)) || stream->capturing || mode > 2) return leave(INVALID_VALUE);
    if (stream->first) drain(stream, __func__);
    stream->capturing = 1;
    stream->capturer = pthread_self();
    return leave(OK);
}

int cuStreamEndCapture(Object* stream, Object** graph)
{
    int code = enter(__func__);
    // However it ends, it ends.
    if (code) { stream->capturing = 0; return leave(code); }
    if (!has_context(__func__)) return leave(INVALID_CONTEXT);
    *graph = NULL;
    if (!(stream = find((uintptr_t)stream, STREAM, __func__)) || !stream->capturing || !pthread_equal(stream->capturer, pthread_self()))
        return leave(INVALID_VALUE);
    *graph = make(GRAPH);
    (*graph)->first = stream->first;
    stream->first = stream->last = NULL;
    stream->capturing = 0;
    return leave(OK);
}

int cuEventCreate(Object** event, unsigned flags) { ENTER_CONTEXT; *event = make(EVENT); (*event)->timed = !(flags & 2); return leave(OK); }

int cuEventRecord(Object* event, uint64_t stream)
{
    ENTER_CONTEXT;
    Object* s = find(stream, STREAM, __func__);
    if (!s || !(event = find((uintptr_t)event, EVENT, __func__))) return leave(INVALID_HANDLE);
    Command* c = give(s, RECORD);
    c->object = event;
    c->value = ++event->recorded;
    event->stream = s;
    event->queries = 0;
    return leave(OK);
}

int cuStreamWaitEvent(uint64_t stream, Object* event, unsigned flags)
{
    ENTER_CONTEXT;
    Object* s = find(stream, STREAM, __func__);
    if (!s || flags || !(event = find((uintptr_t)event, EVENT, __func__))) return leave(INVALID_HANDLE);
    Command* c = give(s, WAIT);
    c->object = event;
    c->value = event->recorded;
    return leave(OK);
}

int cuEventQuery(Object* event)
{
    ENTER_CONTEXT;
    if (!(event = find((uintptr_t)event, EVENT, __func__))) return leave(INVALID_HANDLE);
    // A device gets there by itself in the end.
    if (event->reached < event->recorded && ++event->queries > 3) drain_until(event->stream, event, event->recorded, __func__);
    return leave(sticky ? sticky : event->reached < event->recorded ? NOT_READY : OK);
}

int cuEventSynchronize(Object* event)
{
    ENTER_CONTEXT;
    if (!(event = find((uintptr_t)event, EVENT, __func__))) return leave(INVALID_HANDLE);
    return leave(event->reached < event->recorded ? drain_until(event->stream, event, event->recorded, __func__) : OK);
}

int cuEventElapsedTime(float* milliseconds, Object* start, Object* end)
{
    ENTER_CONTEXT;
    if (!find((uintptr_t)start, EVENT, __func__) || !find((uintptr_t)end, EVENT, __func__) || !start->timed || !end->timed)
        return leave(INVALID_HANDLE);
    if (!start->reached || !end->reached || start->reached < start->recorded || end->reached < end->recorded) return leave(NOT_READY);
    *milliseconds = (float)(end->time - start->time);
    return leave(OK);
}

int cuEventDestroy_v2(Object* event)
{
    ENTER_CONTEXT;
    if (!(event = find((uintptr_t)event, EVENT, __func__))) return leave(INVALID_HANDLE);
    // Commands that wait for it keep it until they have run.
    drain_all(__func__);
    drop(event);
    return leave(OK);
}

// An image is what the fake NVRTC makes: "CUBIN sm_90" or "PTX compute_90", a line end, and the kernel's text.
int cuModuleLoadDataEx(Object** module, const char* image, unsigned count, int* options, void** values)
{
    ENTER_CONTEXT;
    if (records(__func__)) return leave(CAPTURE_UNSUPPORTED);
    int architecture = 0;
    if (sscanf(image, "CUBIN sm_%d", &architecture) == 1) {
        if (architecture / 10 != state.capability / 10 || architecture > state.capability) return leave(NO_BINARY);
    } else if (sscanf(image, "PTX compute_%d", &architecture) == 1) {
        if (architecture > state.capability || strstr(image, "newer_ptx")) {
            for (unsigned i = 0; i + 1 < count; i++)
                if (options[i] == 5 && options[i + 1] == 6) snprintf(values[i], (uintptr_t)values[i + 1], "ptxas: this PTX is too new");
            return leave(BAD_PTX);
        }
    } else return leave(INVALID_IMAGE);
    *module = make(MODULE);
    (*module)->text = strdup(image);
    if (provider) (*module)->native = provider(strchr(image, '\n') + 1);
    return leave(OK);
}

int cuModuleUnload(Object* module)
{
    ENTER_CONTEXT;
    if (!(module = find((uintptr_t)module, MODULE, __func__))) return leave(INVALID_HANDLE);
    for (Object *o = objects, *next; o; o = next) {
        next = o->next;
        if (o->kind == FUNCTION && o->module == module) drop(o);
    }
    drop(module);
    return leave(OK);
}

int cuModuleGetFunction(Object** function, Object* module, const char* name)
{
    ENTER_CONTEXT;
    if (!(module = find((uintptr_t)module, MODULE, __func__))) return leave(INVALID_HANDLE);
    char opening[160];
    snprintf(opening, sizeof opening, " %s(", name);
    const char* at = strstr(module->text, "__global__");
    if (!at || !(at = strstr(at, opening))) return leave(NOT_FOUND);
    Object* o = *function = make(FUNCTION);
    strcpy(o->name, name);
    o->module = module;
    for (at += strlen(opening); *at && *at != ')';) {
        size_t length = strcspn(at, ",)");
        char parameter[256];
        int alignment;
        snprintf(parameter, sizeof parameter, "%.*s", (int)length, at);
        o->sizes[o->parameters++] = size_of(parameter, module->text, &alignment);
        at += length;
        if (*at == ',') at++;
    }
    return leave(OK);
}

int cuFuncGetAttribute(int* value, int attribute, Object* function)
{
    ENTER_CONTEXT;
    if (!find((uintptr_t)function, FUNCTION, __func__)) return leave(INVALID_HANDLE);
    *value = attribute == 0 ? state.max_threads : attribute == 3 ? state.local_bytes : attribute == 4 ? state.registers : 0;
    return leave(OK);
}

int cuFuncSetAttribute(Object* function, int attribute, int value)
{
    ENTER_CONTEXT;
    if (!find((uintptr_t)function, FUNCTION, __func__)) return leave(INVALID_HANDLE);
    if (attribute != 8 || value < 0 || value > state.max_shared) return leave(INVALID_VALUE);
    function->launched_shared = value;
    return leave(OK);
}

int cuOccupancyMaxActiveBlocksPerMultiprocessor(int* groups, Object* function, int threads, size_t shared)
{
    ENTER_CONTEXT;
    if (!find((uintptr_t)function, FUNCTION, __func__)) return leave(INVALID_HANDLE);
    (void)shared;
    *groups = THREADS_PER_MULTIPROCESSOR / threads;
    return leave(OK);
}

#ifndef OLD_DRIVER
int cuFuncGetParamInfo(Object* function, size_t index, size_t* offset, size_t* bytes)
{
    ENTER;
    if (index >= (size_t)function->parameters) return leave(INVALID_VALUE);
    *offset = 0;
    *bytes = function->sizes[index];
    return leave(OK);
}
#endif

int cuLaunchKernel(Object* function, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz, unsigned shared,
    uint64_t stream,
    void** parameters, void** extra)
{
    ENTER_CONTEXT;
    Object* s = find(stream, STREAM, __func__);
    if (!s || !find((uintptr_t)function, FUNCTION, __func__)) return leave(INVALID_HANDLE);
    if (!gx || !gy || !gz || !bx || !by || !bz || extra || gy > 65535 || gz > 65535) return leave(INVALID_VALUE);
    if (bx * by * bz > (unsigned)state.max_threads) return leave(701);
    // Without the attribute a launch gives at most what every device has.
    if (shared > 49152 && shared > (unsigned)function->launched_shared) return leave(INVALID_VALUE);
    if (shared != (unsigned)function->launched_shared) problem("a launch gives %u bytes of shared memory", shared);
    Command* c = give(s, KERNEL);
    c->object = function;
    c->grid[0] = gx; c->grid[1] = gy; c->grid[2] = gz;
    c->block[0] = bx; c->block[1] = by; c->block[2] = bz;
    c->shared = shared;
    for (int i = 0; i < function->parameters; i++) {
        int bytes = function->sizes[i];
        if ((uintptr_t)parameters[i] % (bytes >= 8 ? 8 : bytes == 0 ? 1 : bytes % 4 == 0 ? 4 : 1)) problem("argument %d is not aligned", i);
        if (c->argument_bytes + bytes > ARGUMENT_BYTES) { problem("too many arguments"); break; }
        memcpy(c->arguments + c->argument_bytes, parameters[i], bytes);
        c->argument_bytes += bytes;
    }
    return leave(OK);
}

static int instantiate(Object** executable, Object* graph, const char* call)
{
    if (!(graph = find((uintptr_t)graph, GRAPH, call))) return leave(INVALID_HANDLE);
    Object* o = *executable = make(EXECUTABLE);
    for (Command* c = graph->first; c; c = c->next) {
        Command* own = give(o, c->kind);
        Command* next = own->next;
        *own = *c;
        own->next = next;
    }
    return leave(OK);
}

#ifdef OLD_DRIVER
int cuGraphInstantiate_v2(Object** executable, Object* graph, void** node, char* log, size_t bytes)
{
    ENTER_CONTEXT;
    (void)node; (void)log; (void)bytes;
    return instantiate(executable, graph, __func__);
}
#else
int cuGraphInstantiateWithFlags(Object** executable, Object* graph, unsigned long long flags)
{
    ENTER_CONTEXT;
    if (flags) return leave(INVALID_VALUE);
    return instantiate(executable, graph, __func__);
}
#endif

int cuGraphLaunch(Object* executable, uint64_t stream)
{
    ENTER_CONTEXT;
    Object* s = find(stream, STREAM, __func__);
    if (!s || !(executable = find((uintptr_t)executable, EXECUTABLE, __func__))) return leave(INVALID_HANDLE);
    give(s, REPLAY)->object = executable;
    return leave(OK);
}

int cuGraphDestroy(Object* graph)
{
    ENTER_CONTEXT; if (!(graph = find((uintptr_t)graph, GRAPH, __func__))) return leave(INVALID_HANDLE); drop(graph); return leave(OK);
}

int cuGraphExecDestroy(Object* executable)
{
    ENTER_CONTEXT;
    if (!(executable = find((uintptr_t)executable, EXECUTABLE, __func__))) return leave(INVALID_HANDLE);
    // In flight it is freed when it has run.
    drain_all(__func__);
    drop(executable);
    return leave(OK);
}
