// What CUDA C has built in, for a processor: kernels that the compiler emitted run as they are, each thread of a group on a stack of its
// own, in turns from barrier to barrier, and those of a warp from one collective function to the next.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#define __global__
#define __device__
#define __shared__ static
#define __forceinline__ inline
#define __align__(n) __attribute__((aligned(n)))
#define __launch_bounds__(...)

struct gcnn_index { unsigned x, y, z; };
static gcnn_index threadIdx, blockIdx, blockDim, gridDim;

struct __align__(8) float2 { float x, y; };
struct __align__(16) float4 { float x, y, z, w; };
static inline float2 make_float2(float x, float y) { return { x, y }; }
static inline float4 make_float4(float x, float y, float z, float w) { return { x, y, z, w }; }

static inline float rsqrtf(float x) { return 1 / sqrtf(x); }
static inline double rsqrt(double x) { return 1 / sqrt(x); }
template <typename T> static inline T max(T x, T y) { return x > y ? x : y; }
template <typename T> static inline T min(T x, T y) { return x < y ? x : y; }
template <typename T, typename F> static inline T gcnn_bits(F x) { T y; memcpy(&y, &x, sizeof y); return y; }
#define __float_as_int(x) gcnn_bits<int>((float)(x))
#define __int_as_float(x) gcnn_bits<float>((int)(x))
#define __longlong_as_double(x) gcnn_bits<double>((long long)(x))

// Conversions saturate; NaN is 0, or for some the lowest number, which emitted code does not rely on.
template <typename T> static inline T gcnn_saturate(double x, double low, double beyond, T lowest, T highest)
{
    return x != x ? 0 : x <= low ? lowest : x >= beyond ? highest : (T)x;
}
static inline int __double2int_rz(double x) { return gcnn_saturate<int>(x, -2147483648.0, 2147483648.0, -2147483647 - 1, 2147483647); }
static inline unsigned __double2uint_rz(double x) { return gcnn_saturate<unsigned>(x, 0, 4294967296.0, 0, 4294967295u); }
static inline long long __double2ll_rz(double x)
{
    return gcnn_saturate<long long>(x, -9223372036854775808.0, 9223372036854775808.0, -9223372036854775807LL - 1, 9223372036854775807LL);
}
static inline unsigned long long __double2ull_rz(double x)
{
    return gcnn_saturate<unsigned long long>(x, 0, 18446744073709551616.0, 0, 18446744073709551615ULL);
}
#define __float2int_rz(x) __double2int_rz(x)
#define __float2uint_rz(x) __double2uint_rz(x)
#define __float2ll_rz(x) __double2ll_rz(x)
#define __float2ull_rz(x) __double2ull_rz(x)
static inline unsigned __umulhi(unsigned x, unsigned y) { return (unsigned)((unsigned long long)x * y >> 32); }
#define __popc(x) __builtin_popcount(x)
#define __clz(x) ((x) == 0 ? 32 : __builtin_clz(x))

// Half precision, which emitted code converts by instructions of the device.
static inline float gcnn_from_half(unsigned short h)
{
    int exponent = h >> 10 & 31, fraction = h & 1023;
    float y = exponent == 31 ? (fraction ? NAN : INFINITY) : exponent ? ldexpf(fraction + 1024, exponent - 25) : ldexpf(fraction, -24);
    return h & 0x8000 ? -y : y;
}
static inline unsigned short gcnn_to_half(float x)
{
    unsigned bits = gcnn_bits<unsigned>(x), sign = bits >> 16 & 0x8000;
    float size = fabsf(x);
    bits &= 0x7fffffff;
    if (x != x) return 0x7fff;
    if (size >= 65520) return sign | 0x7c00;
    if (size < 0x1p-14f) return sign | (unsigned)rintf(size * 0x1p24f);
    return sign | (bits + 0xfff + (bits >> 13 & 1) - (112u << 23)) >> 13;
}

template <typename T> static inline T gcnn_exchange(T* p, T value) { T old = *p; *p = value; return old; }
template <typename T> static inline T atomicAdd(T* p, T v) { return gcnn_exchange(p, (T)(*p + v)); }
template <typename T> static inline T atomicAnd(T* p, T v) { return gcnn_exchange(p, (T)(*p & v)); }
template <typename T> static inline T atomicOr(T* p, T v) { return gcnn_exchange(p, (T)(*p | v)); }
template <typename T> static inline T atomicXor(T* p, T v) { return gcnn_exchange(p, (T)(*p ^ v)); }
template <typename T> static inline T atomicMin(T* p, T v) { return gcnn_exchange(p, min(*p, v)); }
template <typename T> static inline T atomicMax(T* p, T v) { return gcnn_exchange(p, max(*p, v)); }
template <typename T> static inline T atomicExch(T* p, T v) { return gcnn_exchange(p, v); }
template <typename T> static inline T atomicCAS(T* p, T compare, T v) { return gcnn_exchange(p, *p == compare ? v : *p); }

// Memory that a launch gives to its groups.
static char* gcnn_launched_shared;

enum { GCNN_STACK = 64 << 10, GCNN_WARP = 32 };
enum gcnn_state { GCNN_RUNNING, GCNN_AT_BARRIER, GCNN_AT_WARP, GCNN_ENDED };
static ucontext_t gcnn_scheduler, *gcnn_threads;
static unsigned gcnn_thread;
static gcnn_state* gcnn_states;
static void (*gcnn_body)();

static void gcnn_fault(const char* what) { fprintf(stderr, "host_cuda: %s\n", what); abort(); }
static void gcnn_stop(gcnn_state state)
{
    gcnn_states[gcnn_thread] = state;
    swapcontext(&gcnn_threads[gcnn_thread], &gcnn_scheduler);
}
static void __syncthreads() { gcnn_stop(GCNN_AT_BARRIER); }
static void gcnn_run_thread() { gcnn_body(); gcnn_states[gcnn_thread] = GCNN_ENDED; }

// What a warp computes together: each thread offers its part and stops; when all 32 have stopped, gcnn_complete is called once.
static struct gcnn_offer { void* to; const void *left, *right; unsigned value, result; int source; } gcnn_offers[GCNN_WARP];
static void (*gcnn_complete)();
static gcnn_offer& gcnn_own() { return gcnn_offers[gcnn_thread % GCNN_WARP]; }
static void gcnn_meet(void (*complete)()) { gcnn_complete = complete; gcnn_stop(GCNN_AT_WARP); }

static void gcnn_complete_shuffle() { for (auto& offer : gcnn_offers) offer.result = gcnn_offers[offer.source].value; }
template <typename T> static T gcnn_shuffle(T value, int source)
{
    gcnn_own().value = gcnn_bits<unsigned>(value);
    gcnn_own().source = source;
    gcnn_meet(gcnn_complete_shuffle);
    return gcnn_bits<T>(gcnn_own().result);
}
template <typename T> static T __shfl_xor_sync(unsigned, T value, int mask) { return gcnn_shuffle(value, gcnn_thread % GCNN_WARP ^ mask); }
template <typename T> static T __shfl_down_sync(unsigned, T value, int delta)
{
    int lane = gcnn_thread % GCNN_WARP;
    return gcnn_shuffle(value, lane + delta < GCNN_WARP ? lane + delta : lane);
}

// The functions that emitted code writes in assembly. Fragments are those of mma.sync.
static float gcnn_tf32(unsigned x) { return gcnn_bits<float>(x & 0xffffe000u); }
static void gcnn_pair(unsigned x, float* to, int stride)
{
    to[0] = gcnn_bits<float>(x << 16);
    to[stride] = gcnn_bits<float>(x & 0xffff0000u);
}
template <int Depth> static void gcnn_complete_product()
{
    float left[16][Depth], right[Depth][8];
    for (int lane = 0; lane < GCNN_WARP; lane++) {
        const unsigned *a = (const unsigned*)gcnn_offers[lane].left, *b = (const unsigned*)gcnn_offers[lane].right;
        int g = lane / 4, t = lane % 4;
        if (Depth == 8) {
            for (int i = 0; i < 4; i++) left[g + i % 2 * 8][t + i / 2 * 4] = gcnn_tf32(a[i]);
            for (int i = 0; i < 2; i++) right[t + i * 4][g] = gcnn_tf32(b[i]);
        } else {
            for (int i = 0; i < 4; i++) gcnn_pair(a[i], &left[g + i % 2 * 8][2 * t + i / 2 * 8], 1);
            for (int i = 0; i < 2; i++) gcnn_pair(b[i], &right[2 * t + i * 8][g], 8);
        }
    }
    for (int row = 0; row < 16; row++)
        for (int column = 0; column < 8; column++) {
            float* sum = (float*)gcnn_offers[row % 8 * 4 + column / 2].to + row / 8 * 2 + column % 2;
            for (int k = 0; k < Depth; k++) *sum += left[row][k] * right[k][column];
        }
}
template <int Depth> static void gcnn_multiply(float* sums, const unsigned* left, const unsigned* right)
{
    gcnn_own().to = sums;
    gcnn_own().left = left;
    gcnn_own().right = right;
    gcnn_meet(gcnn_complete_product<Depth>);
}
static void gcnn_multiply_tf32(float* sums, const unsigned* left, const unsigned* right) { gcnn_multiply<8>(sums, left, right); }
static void gcnn_multiply_bf16(float* sums, const unsigned* left, const unsigned* right) { gcnn_multiply<16>(sums, left, right); }
static unsigned gcnn_to_tf32(float x)
{
    unsigned bits = gcnn_bits<unsigned>(x);
    return x != x ? 0x7fffffff : (bits & 0x7f800000) == 0x7f800000 ? bits : (bits + 0x1000) & 0xffffe000u;
}
static unsigned gcnn_to_bf16(float x)
{
    unsigned bits = gcnn_bits<unsigned>(x);
    return x != x ? 0x7fff : (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
}
static unsigned gcnn_pack_bf16(float low, float high) { return gcnn_to_bf16(low) | gcnn_to_bf16(high) << 16; }

static char* gcnn_shared(const void* p) { return (char*)p; }
template <bool Transposed> static void gcnn_complete_load()
{
    for (int lane = 0; lane < GCNN_WARP; lane++)
        for (int matrix = 0; matrix < 4; matrix++)
            for (int half = 0; half < 2; half++) {
                int row = Transposed ? lane % 4 * 2 + half : lane / 4, column = Transposed ? lane / 4 : lane % 4 * 2 + half;
                ((unsigned short*)gcnn_offers[lane].to)[matrix * 2 + half] =
                    ((const unsigned short*)gcnn_offers[matrix * 8 + row].left)[column];
            }
}
template <bool Transposed> static void gcnn_load(unsigned* to, const char* row)
{
    if ((size_t)row % 16) gcnn_fault("a row of a matrix is not aligned to 16 bytes");
    gcnn_own().to = to;
    gcnn_own().left = row;
    gcnn_meet(gcnn_complete_load<Transposed>);
}
static void gcnn_load_matrices(unsigned* to, const char* row) { gcnn_load<false>(to, row); }
static void gcnn_load_transposed(unsigned* to, const char* row) { gcnn_load<true>(to, row); }

// Copies that have not arrived, of each thread: they are made when it waits for their group, and until then the target is NaN.
struct gcnn_copy { char* to; const float* from; int bytes, group; };
struct gcnn_copies { gcnn_copy* list; int first, count, room, groups; };
static gcnn_copies* gcnn_pending;
static void gcnn_start_copy(char* to, const float* from, bool exists, int bytes)
{
    if ((size_t)to % bytes || exists && (size_t)from % bytes) gcnn_fault("a copy is not aligned to its size");
    gcnn_copies& own = gcnn_pending[gcnn_thread];
    memset(to, 0xff, bytes);
    if (own.count == own.room) own.list = (gcnn_copy*)realloc(own.list, (own.room = 2 * own.room + 16) * sizeof(gcnn_copy));
    own.list[own.count++] = { to, exists ? from : NULL, bytes, own.groups };
}
static void gcnn_copy4(char* to, const float* from, bool exists) { gcnn_start_copy(to, from, exists, 16); }
static void gcnn_copy1(char* to, const float* from, bool exists) { gcnn_start_copy(to, from, exists, 4); }
static void gcnn_commit_copies() { gcnn_pending[gcnn_thread].groups++; }
template <int Pending> static void gcnn_wait_copies()
{
    gcnn_copies& own = gcnn_pending[gcnn_thread];
    for (; own.first < own.count && own.list[own.first].group < own.groups - Pending; own.first++) {
        gcnn_copy& copy = own.list[own.first];
        if (copy.from) memcpy(copy.to, copy.from, copy.bytes);
        else memset(copy.to, 0, copy.bytes);
    }
}

static void gcnn_select(unsigned thread)
{
    gcnn_thread = thread;
    threadIdx = { thread % blockDim.x, thread / blockDim.x % blockDim.y, thread / (blockDim.x * blockDim.y) };
}

// Runs a warp to the group's next barrier. Returns the number of threads that have not ended.
static unsigned gcnn_run_warp(unsigned first, unsigned end)
{
    for (;;) {
        unsigned running = 0, meeting = 0;
        for (unsigned t = first; t < end; t++) {
            if (gcnn_states[t] == GCNN_ENDED) continue;
            gcnn_select(t);
            swapcontext(&gcnn_scheduler, &gcnn_threads[t]);
            running += gcnn_states[t] != GCNN_ENDED;
            meeting += gcnn_states[t] == GCNN_AT_WARP;
        }
        if (!meeting) return running;
        if (meeting != GCNN_WARP) gcnn_fault("a thread of a warp misses a collective function");
        gcnn_complete();
    }
}

static void gcnn_run_group(unsigned threads, char* stacks)
{
    for (unsigned t = 0; t < threads; t++) gcnn_pending[t].first = gcnn_pending[t].count = gcnn_pending[t].groups = 0;
    if (!stacks) {
        for (unsigned t = 0; t < threads; t++) { gcnn_select(t); gcnn_body(); }
        return;
    }
    for (unsigned t = 0; t < threads; t++) {
        getcontext(&gcnn_threads[t]);
        gcnn_threads[t].uc_stack.ss_sp = stacks + (size_t)t * GCNN_STACK;
        gcnn_threads[t].uc_stack.ss_size = GCNN_STACK;
        gcnn_threads[t].uc_link = &gcnn_scheduler;
        gcnn_states[t] = GCNN_RUNNING;
        makecontext(&gcnn_threads[t], gcnn_run_thread, 0);
    }
    for (unsigned running = threads; running;) {
        running = 0;
        for (unsigned warp = 0; warp < threads; warp += GCNN_WARP) running += gcnn_run_warp(warp, min(warp + GCNN_WARP, threads));
    }
}

template <unsigned... I> struct gcnn_indices {};
template <unsigned N, unsigned... I> struct gcnn_count : gcnn_count<N - 1, N - 1, I...> {};
template <unsigned... I> struct gcnn_count<0, I...> { typedef gcnn_indices<I...> type; };

static void** gcnn_arguments;
template <auto Kernel, typename... A, unsigned... I> static void gcnn_call(void (*)(A...), gcnn_indices<I...>)
{
    Kernel(*(A*)gcnn_arguments[I]...);
}
template <typename... A> static constexpr unsigned gcnn_arity(void (*)(A...)) { return sizeof...(A); }
template <auto Kernel> static void gcnn_body_of() { gcnn_call<Kernel>(Kernel, typename gcnn_count<gcnn_arity(Kernel)>::type()); }

// Called with the addresses of the arguments, as a launch is.
#define GCNN_HOST_KERNEL(kernel, has_barriers) \
    extern "C" void gcnn_host(void** arguments, const unsigned* grid, const unsigned* block, unsigned shared) \
    { \
        gcnn_arguments = arguments; \
        gcnn_body = gcnn_body_of<kernel>; \
        gridDim = { grid[0], grid[1], grid[2] }; \
        blockDim = { block[0], block[1], block[2] }; \
        unsigned threads = block[0] * block[1] * block[2]; \
        char* stacks = has_barriers ? (char*)malloc((size_t)threads * GCNN_STACK) : NULL; \
        gcnn_threads = (ucontext_t*)calloc(threads, sizeof(ucontext_t)); \
        gcnn_states = (gcnn_state*)calloc(threads, sizeof(gcnn_state)); \
        gcnn_pending = (gcnn_copies*)calloc(threads, sizeof(gcnn_copies)); \
        gcnn_launched_shared = shared ? (char*)memset(aligned_alloc(128, (shared + 127) / 128 * 128), 0xff, shared) : NULL; \
        for (unsigned z = 0; z < grid[2]; z++) \
            for (unsigned y = 0; y < grid[1]; y++) \
                for (unsigned x = 0; x < grid[0]; x++) { blockIdx = { x, y, z }; gcnn_run_group(threads, stacks); } \
        for (unsigned t = 0; t < threads; t++) free(gcnn_pending[t].list); \
        free(gcnn_launched_shared); free(stacks); free(gcnn_threads); free(gcnn_states); free(gcnn_pending); \
    }
