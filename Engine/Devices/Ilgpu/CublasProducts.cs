using GpuCnn.Engine.Devices.Cuda;
using GpuCnn.Engine.Devices.Gpu;
using GpuCnn.Kernels.MatrixProduct;
using ILGPU.Runtime.Cuda;

namespace GpuCnn.Engine.Devices.Ilgpu;

/// <summary>Runs matrix products with cuBLAS, through ILGPU.Algorithms, on a device's stream and in strict float32.</summary>
internal sealed class CublasProducts : IDisposable
{
    private readonly IlgpuDevice _device;
    private readonly CublasLibrary _library;
    private readonly CuBlas _blas;

    /// <exception cref="DeviceUnavailableException">cuBLAS does not start on the device.</exception>
    public CublasProducts(IlgpuDevice device, CublasLibrary library)
    {
        _device = device;
        _library = library;
        CuBlas? blas = null;
        try
        {
            var accelerator = (CudaAccelerator)device.Accelerator;
            // ILGPU calls the library before it makes its device current, so an unbound thread would use the machine's first device.
            accelerator.Bind();
            blas = new(accelerator) { Stream = (CudaStream)device.Stream, MathMode = CuBlasMathMode.DefaultMath };
            _blas = blas;
        }
        catch (Exception exception) when (exception is CuBlasException or DllNotFoundException or EntryPointNotFoundException)
        {
            blas?.Dispose();
            string error = exception is CuBlasException { Error: var status }
                ? status.ToString()
                : exception.Message.ReplaceLineEndings(" ").TrimEnd('.');
            throw new DeviceUnavailableException(
                $"{library} ({library.Path}) does not start on the device '{device.Name}' ({device.Description}): {error}. "
                + "Use the device cuda-c, which computes without it.");
        }
    }

    public PreparedLaunch Prepare(in BlasProduct product) => new Launch(this, product);

    public void Dispose()
    {
        _device.Accelerator.Bind();
        _blas.Dispose();
    }

    private void Run(in BlasProduct product)
    {
        try
        {
            _blas.Gemm(
                Operation(product.TransposeA), Operation(product.TransposeB), product.M, product.N, product.K,
                1f, product.A.Elements, product.PitchA, product.B.Elements, product.PitchB,
                product.Accumulate ? 1f : 0f, product.C.Elements, product.PitchC);
        }
        catch (CuBlasException exception)
        {
            string sizes = $"a product of {product.M} x {product.N} x {product.K}";
            throw exception.Error == CuBlasStatus.CUBLAS_STATUS_ALLOC_FAILED
                ? IlgpuErrors.OutOfMemory(_device, 0, "", $"{exception.Error} of {_library} at {sizes}")
                : new DeviceCallException(
                    $"{_library} failed on the device '{_device.Name}' ({_device.Description}) at {sizes}: {exception.Error}. "
                    + "Resume from the last checkpoint; if it happens again, use the device cuda-c, which computes without it.",
                    "cublasSgemm", (int)exception.Error);
        }
    }

    private static CuBlasOperation Operation(bool isTransposed) => isTransposed ? CuBlasOperation.Transpose : CuBlasOperation.NonTranspose;

    private sealed class Launch(CublasProducts products, BlasProduct product) : PreparedLaunch
    {
        public override void Run() => products.Run(product);

        public override void Dispose() { }
    }
}
