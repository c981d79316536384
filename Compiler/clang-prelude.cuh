// What NVRTC has built in and clang takes from CUDA's headers. Only to check, without either, that emitted CUDA C compiles to PTX.
#define __global__ __attribute__((global))
#define __device__ __attribute__((device))
#define __shared__ __attribute__((shared))
#define __forceinline__ __inline__ __attribute__((always_inline))
#define __align__(n) __attribute__((aligned(n)))
#define __launch_bounds__(...) __attribute__((launch_bounds(__VA_ARGS__)))
#define GCNN_REGISTER(name, register) \
    struct name { \
        __declspec(property(get = get_x)) unsigned x; \
        __declspec(property(get = get_y)) unsigned y; \
        __declspec(property(get = get_z)) unsigned z; \
        __device__ static inline unsigned get_x() { return __nvvm_read_ptx_sreg_##register##_x(); } \
        __device__ static inline unsigned get_y() { return __nvvm_read_ptx_sreg_##register##_y(); } \
        __device__ static inline unsigned get_z() { return __nvvm_read_ptx_sreg_##register##_z(); } \
    };
GCNN_REGISTER(gcnn_tid, tid)
GCNN_REGISTER(gcnn_ctaid, ctaid)
GCNN_REGISTER(gcnn_ntid, ntid)
GCNN_REGISTER(gcnn_nctaid, nctaid)
#define threadIdx (gcnn_tid())
#define blockIdx (gcnn_ctaid())
#define blockDim (gcnn_ntid())
#define gridDim (gcnn_nctaid())

// Copied as a whole, as NVRTC does; clang copies a plain struct field by field.
#define GCNN_VECTOR(name, bytes, ...) \
    struct __attribute__((aligned(bytes))) name { \
        typedef float vector __attribute__((ext_vector_type(bytes / 4))); \
        union { vector all; struct { float __VA_ARGS__; }; }; \
        __device__ __forceinline__ name(vector v) : all(v) {} \
        __device__ __forceinline__ name(const name& v) : all(v.all) {} \
        __device__ __forceinline__ name& operator=(const name& v) { all = v.all; return *this; } \
    };
GCNN_VECTOR(float2, 8, x, y)
GCNN_VECTOR(float4, 16, x, y, z, w)
static __device__ __forceinline__ float2 make_float2(float x, float y) { return float2(float2::vector{x, y}); }
static __device__ __forceinline__ float4 make_float4(float x, float y, float z, float w) { return float4(float4::vector{x, y, z, w}); }

#define GCNN_MATH(name) \
    extern "C" __device__ __attribute__((const)) float __nv_##name##f(float); \
    static __device__ __forceinline__ float name##f(float x) { return __nv_##name##f(x); } \
    extern "C" __device__ __attribute__((const)) double __nv_##name(double); \
    static __device__ __forceinline__ double name(double x) { return __nv_##name(x); }
#define GCNN_MATH2(name) \
    extern "C" __device__ __attribute__((const)) float __nv_##name##f(float, float); \
    static __device__ __forceinline__ float name##f(float x, float y) { return __nv_##name##f(x, y); } \
    extern "C" __device__ __attribute__((const)) double __nv_##name(double, double); \
    static __device__ __forceinline__ double name(double x, double y) { return __nv_##name(x, y); }
GCNN_MATH(rsqrt) GCNN_MATH(cbrt) GCNN_MATH(exp) GCNN_MATH(exp2) GCNN_MATH(log) GCNN_MATH(log2) GCNN_MATH(log10)
GCNN_MATH(sin) GCNN_MATH(cos) GCNN_MATH(tan) GCNN_MATH(asin) GCNN_MATH(acos) GCNN_MATH(atan) GCNN_MATH(sinh) GCNN_MATH(cosh) GCNN_MATH(tanh)
GCNN_MATH(floor) GCNN_MATH(ceil) GCNN_MATH(trunc) GCNN_MATH(rint)
GCNN_MATH2(pow) GCNN_MATH2(atan2) GCNN_MATH2(copysign) GCNN_MATH2(fmod)
#define fabsf(x) __builtin_fabsf(x)
#define fabs(x) __builtin_fabs(x)
#define sqrtf(x) __nvvm_sqrt_rn_f(x)
#define sqrt(x) __nvvm_sqrt_rn_d(x)
#define fmaxf(x, y) __nvvm_fmax_f(x, y)
#define fminf(x, y) __nvvm_fmin_f(x, y)
#define fmaf(x, y, z) __nvvm_fma_rn_f(x, y, z)
#define fma(x, y, z) __nvvm_fma_rn_d(x, y, z)
template <typename T> static __device__ __forceinline__ T max(T x, T y) { return x > y ? x : y; }
template <typename T> static __device__ __forceinline__ T min(T x, T y) { return x < y ? x : y; }

#define __float2int_rz(x) __nvvm_f2i_rz(x)
#define __float2uint_rz(x) __nvvm_f2ui_rz(x)
#define __float2ll_rz(x) __nvvm_f2ll_rz(x)
#define __float2ull_rz(x) __nvvm_f2ull_rz(x)
#define __double2int_rz(x) __nvvm_d2i_rz(x)
#define __double2uint_rz(x) __nvvm_d2ui_rz(x)
#define __double2ll_rz(x) __nvvm_d2ll_rz(x)
#define __double2ull_rz(x) __nvvm_d2ull_rz(x)
#define __float_as_int(x) __builtin_bit_cast(int, (float)(x))
#define __int_as_float(x) __builtin_bit_cast(float, (int)(x))
#define __longlong_as_double(x) __builtin_bit_cast(double, (long long)(x))
#define __umulhi(x, y) __nvvm_mulhi_ui(x, y)
#define __expf(x) __nvvm_ex2_approx_f((x) * 1.44269504f)
#define __fdividef(x, y) __nvvm_div_approx_f(x, y)
static __device__ __forceinline__ int __dp4a(int a, int b, int c)
{
    int d;
    asm("dp4a.s32.s32 %0, %1, %2, %3;" : "=r"(d) : "r"(a), "r"(b), "r"(c));
    return d;
}
#define GCNN_SHUFFLE(name, mode) \
    static __device__ __forceinline__ unsigned name(unsigned mask, unsigned v, int n) \
    { \
        unsigned y; \
        asm volatile("shfl.sync." #mode ".b32 %0, %1, %2, 31, %3;" : "=r"(y) : "r"(v), "r"(n), "r"(mask)); \
        return y; \
    } \
    static __device__ __forceinline__ float name(unsigned mask, float v, int n) \
    { \
        return __int_as_float(name(mask, (unsigned)__float_as_int(v), n)); \
    }
GCNN_SHUFFLE(__shfl_xor_sync, bfly)
GCNN_SHUFFLE(__shfl_down_sync, down)
#define __popc(x) __builtin_popcount(x)
#define __clz(x) ((x) == 0 ? 32 : __builtin_clz(x))

template <typename T> static __device__ __forceinline__ T atomicAdd(T* p, T v) { return __atomic_fetch_add(p, v, __ATOMIC_RELAXED); }
template <typename T> static __device__ __forceinline__ T atomicAnd(T* p, T v) { return __atomic_fetch_and(p, v, __ATOMIC_RELAXED); }
template <typename T> static __device__ __forceinline__ T atomicOr(T* p, T v) { return __atomic_fetch_or(p, v, __ATOMIC_RELAXED); }
template <typename T> static __device__ __forceinline__ T atomicXor(T* p, T v) { return __atomic_fetch_xor(p, v, __ATOMIC_RELAXED); }
template <typename T> static __device__ __forceinline__ T atomicMin(T* p, T v) { return __atomic_fetch_min(p, v, __ATOMIC_RELAXED); }
template <typename T> static __device__ __forceinline__ T atomicMax(T* p, T v) { return __atomic_fetch_max(p, v, __ATOMIC_RELAXED); }
template <typename T> static __device__ __forceinline__ T atomicExch(T* p, T v) { return __atomic_exchange_n(p, v, __ATOMIC_RELAXED); }
template <typename T> static __device__ __forceinline__ T atomicCAS(T* p, T compare, T v)
{
    __atomic_compare_exchange_n(p, &compare, v, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
    return compare;
}
