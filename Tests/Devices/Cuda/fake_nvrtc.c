// A compiler for tests: its machine code is the text behind a line that names the architecture, which the fake driver reads.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef MAJOR
#define MAJOR 12
#define MINOR 4
#define ARCHITECTURES 50, 60, 70, 75, 80, 86, 89, 90
#endif

typedef struct { char *source, *name, *log, *image; size_t bytes; int is_ptx; } Program;

static int architectures[] = { ARCHITECTURES };
static char options_seen[1024];
static char call_failing[64];
static int code_failing, live;

void fake_nvrtc_reset(void) { *options_seen = *call_failing = 0; live = 0; }
void fake_nvrtc_fail(const char* call, int code) { strcpy(call_failing, call); code_failing = code; }
const char* fake_nvrtc_options(void) { return options_seen; }
int fake_nvrtc_live(void) { return live; }

#define FAIL if (!strcmp(call_failing, __func__)) return code_failing

const char* nvrtcGetErrorString(int code)
{
    return code == 5 ? "NVRTC_ERROR_INVALID_OPTION" : code == 6 ? "NVRTC_ERROR_COMPILATION"
        : code == 7 ? "NVRTC_ERROR_BUILTIN_OPERATION_FAILURE"
        : code == 1 ? "NVRTC_ERROR_OUT_OF_MEMORY" : "NVRTC_ERROR unknown";
}

#ifdef IN_A_PROGRAM
// A program that knows nothing of the tests loads this in place of the real library.
__attribute__((constructor)) static void begin(void) { fake_nvrtc_reset(); }
#endif

int nvrtcVersion(int* major, int* minor) { FAIL; *major = MAJOR; *minor = MINOR; return 0; }

#ifndef WITHOUT_ARCHITECTURES
int nvrtcGetNumSupportedArchs(int* count) { *count = (int)(sizeof architectures / sizeof *architectures); return 0; }
int nvrtcGetSupportedArchs(int* list) { memcpy(list, architectures, sizeof architectures); return 0; }
#endif

int nvrtcCreateProgram(Program** program, const char* source, const char* name, int count, const char** headers, const char** names)
{
    FAIL;
    if (!source || count || headers || names) return 3;
    *program = calloc(1, sizeof **program);
    (*program)->source = strdup(source);
    (*program)->name = strdup(name);
    live++;
    return 0;
}

int nvrtcDestroyProgram(Program** program)
{
    free((*program)->source); free((*program)->name); free((*program)->log); free((*program)->image); free(*program);
    *program = NULL;
    live--;
    return 0;
}

int nvrtcCompileProgram(Program* program, int count, const char** options)
{
    int architecture = 0, ptx = 0;
    *options_seen = 0;
    for (int i = 0; i < count; i++) {
        strcat(strcat(options_seen, i ? " " : ""), options[i]);
        if (sscanf(options[i], "--gpu-architecture=sm_%d", &architecture) == 1) ptx = 0;
        else if (sscanf(options[i], "--gpu-architecture=compute_%d", &architecture) == 1) ptx = 1;
        else if (strncmp(options[i], "--std=", 6) && strncmp(options[i], "--fmad=", 7) && strncmp(options[i], "-D", 2)) {
            program->log = strdup("nvrtc: error: unrecognized option");
            return 5;
        }
    }
    int known = 0;
    for (size_t i = 0; i < sizeof architectures / sizeof *architectures; i++) known |= architectures[i] == architecture;
    if (!known) { program->log = strdup("nvrtc: error: invalid value for --gpu-architecture"); return 5; }
    if (strstr(program->source, "undeclared_name")) {
        program->log = malloc(256);
        snprintf(program->log, 256,
            "%s(1): error: identifier \"undeclared_name\" is undefined\n\n1 error detected in the compilation of \"%s\".\n",
            program->name, program->name);
        return 6;
    }
    if (strstr(program->source, "needs_builtins"))
    {
        program->log = strdup("nvrtc: error: failed to open nvrtc-builtins64_124.dll."); return 7;
    }
    FAIL;
    size_t room = strlen(program->source) + 64;
    program->image = calloc(1, room);
    program->bytes = snprintf(program->image, room, "%s_%d\n%s", ptx ? "PTX compute" : "CUBIN sm", architecture, program->source) + 1;
    program->is_ptx = ptx;
    return 0;
}

int nvrtcGetProgramLogSize(Program* program, size_t* bytes) { *bytes = program->log ? strlen(program->log) + 1 : 1; return 0; }
int nvrtcGetProgramLog(Program* program, char* log) { strcpy(log, program->log ? program->log : ""); return 0; }
int nvrtcGetCUBINSize(Program* program, size_t* bytes) { FAIL; *bytes = program->is_ptx ? 0 : program->bytes; return 0; }
int nvrtcGetCUBIN(Program* program, char* image) { if (program->is_ptx) return 4; memcpy(image, program->image, program->bytes); return 0; }
int nvrtcGetPTXSize(Program* program, size_t* bytes) { *bytes = program->bytes; return 0; }
int nvrtcGetPTX(Program* program, char* image) { memcpy(image, program->image, program->bytes); return 0; }
