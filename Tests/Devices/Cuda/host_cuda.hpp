// What CUDA C has built in, for a processor: kernels that the compiler emitted run as they are, each thread of a group on a stack of its
// own, in turns from barrier to barrier.
#include <math.h>
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

enum { GCNN_STACK = 64 << 10 };
static ucontext_t gcnn_scheduler, *gcnn_threads;
static unsigned gcnn_thread;
static int* gcnn_ended;
static void (*gcnn_body)();

static void __syncthreads() { swapcontext(&gcnn_threads[gcnn_thread], &gcnn_scheduler); }
static void gcnn_run_thread() { gcnn_body(); gcnn_ended[gcnn_thread] = 1; }

static void gcnn_select(unsigned thread)
{
    gcnn_thread = thread;
    threadIdx = { thread % blockDim.x, thread / blockDim.x % blockDim.y, thread / (blockDim.x * blockDim.y) };
}

static void gcnn_run_group(unsigned threads, char* stacks)
{
    if (!stacks) {
        for (unsigned t = 0; t < threads; t++) { gcnn_select(t); gcnn_body(); }
        return;
    }
    for (unsigned t = 0; t < threads; t++) {
        getcontext(&gcnn_threads[t]);
        gcnn_threads[t].uc_stack.ss_sp = stacks + (size_t)t * GCNN_STACK;
        gcnn_threads[t].uc_stack.ss_size = GCNN_STACK;
        gcnn_threads[t].uc_link = &gcnn_scheduler;
        gcnn_ended[t] = 0;
        makecontext(&gcnn_threads[t], gcnn_run_thread, 0);
    }
    for (unsigned running = threads; running;) {
        running = 0;
        for (unsigned t = 0; t < threads; t++) {
            if (gcnn_ended[t]) continue;
            gcnn_select(t);
            swapcontext(&gcnn_scheduler, &gcnn_threads[t]);
            running += !gcnn_ended[t];
        }
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
    extern "C" void gcnn_host(void** arguments, const unsigned* grid, const unsigned* block) \
    { \
        gcnn_arguments = arguments; \
        gcnn_body = gcnn_body_of<kernel>; \
        gridDim = { grid[0], grid[1], grid[2] }; \
        blockDim = { block[0], block[1], block[2] }; \
        unsigned threads = block[0] * block[1] * block[2]; \
        char* stacks = has_barriers ? (char*)malloc((size_t)threads * GCNN_STACK) : NULL; \
        gcnn_threads = (ucontext_t*)calloc(threads, sizeof(ucontext_t)); \
        gcnn_ended = (int*)calloc(threads, sizeof(int)); \
        for (unsigned z = 0; z < grid[2]; z++) \
            for (unsigned y = 0; y < grid[1]; y++) \
                for (unsigned x = 0; x < grid[0]; x++) { blockIdx = { x, y, z }; gcnn_run_group(threads, stacks); } \
        free(stacks); free(gcnn_threads); free(gcnn_ended); \
    }
