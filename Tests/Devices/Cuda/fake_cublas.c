// A cuBLAS for tests: tells a version, and multiplies in memory of the process, column by column.
#ifndef MAJOR
#define MAJOR 12
#define MINOR 4
#endif

static int math_mode = -1, live;
static void* stream_set;

int fake_cublas_live(void) { return live; }
int fake_cublas_math_mode(void) { return math_mode; }

#ifndef WITHOUT_PROPERTY
int cublasGetProperty(int type, int* value)
{
#ifdef SILENT
    return 1;
#endif
    *value = type == 0 ? MAJOR : type == 1 ? MINOR : 0;
    return 0;
}
#endif

int cublasCreate_v2(void** handle) { live++; *handle = &live; return 0; }
int cublasDestroy_v2(void* handle) { live--; return handle == &live ? 0 : 7; }
int cublasGetVersion_v2(void* handle, int* version) { *version = MAJOR * 10000 + MINOR * 100; return handle == &live ? 0 : 7; }
int cublasSetStream_v2(void* handle, void* stream) { stream_set = stream; return handle == &live ? 0 : 7; }
int cublasSetMathMode(void* handle, int mode) { math_mode = mode; return handle == &live ? 0 : 7; }

int cublasSgemm_v2(
    void* handle, int transpose_a, int transpose_b, int m, int n, int k, const float* alpha, const float* a, int lda,
    const float* b, int ldb,
    const float* beta, float* c, int ldc)
{
    if (handle != &live || m < 0 || n < 0 || k < 0 || lda < (transpose_a ? k : m) || ldb < (transpose_b ? n : k) || ldc < m) return 7;
    for (int column = 0; column < n; column++)
    {
        for (int row = 0; row < m; row++)
        {
            float sum = 0, *target = c + row + column * ldc;
            for (int i = 0; i < k; i++)
                sum += a[transpose_a ? i + row * lda : row + i * lda] * b[transpose_b ? column + i * ldb : i + column * ldb];
            *target = *alpha * sum + (*beta == 0 ? 0 : *beta * *target);
        }
    }
    return 0;
}
