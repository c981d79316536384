using System.Runtime.CompilerServices;
using GpuCnn.Engine.Devices.Cuda;
using GpuCnn.Engine.Devices.Gpu;
using GpuCnn.Engine.Devices.Ilgpu.Compiling;
using GpuCnn.Engine.Files;
using GpuCnn.Engine.Plans;
using GpuCnn.Kernels.MatrixProduct;
using ILGPU;
using ILGPU.Backends;
using ILGPU.Backends.EntryPoints;
using ILGPU.Backends.PTX;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;

namespace GpuCnn.Engine.Devices.Ilgpu;

/// <summary>
/// An NVIDIA GPU through ILGPU; needs only the driver. If cuBLAS is present, a plan may use it for matrix products; it starts on first use.
/// What ILGPU has no functions for (events between streams, copies without a wait, graphs), the driver's API does in ILGPU's context.
/// </summary>
internal sealed class IlgpuCudaDevice : IlgpuGpuDevice
{
    private readonly Lazy<CublasProducts>? _products;

    // Of ILGPU's context and stream.
    private readonly CudaContext _driver;

    private IlgpuCudaDevice(
        string name, string description, Context context, CudaAccelerator accelerator, PtxTarget target, BinaryCache? cache,
        CublasLibrary? products, CudaDeviceInfo info)
        : base(name, description, context, accelerator, target, cache, unrolls: true, memoryLimit: null)
    {
        _products = products is null ? null : new(() => new CublasProducts(this, products));
        _driver = new CudaContext(info, accelerator.NativePtr, ((CudaStream)Stream).StreamPtr);
    }

    public override long? FreeBytes => ((CudaAccelerator)Accelerator).GetFreeMemory();

    public override string KernelCompiler => IlgpuSetup.Ptx;

    internal override bool HasProductLibrary => _products is not null;

    internal override PreparedLaunch PrepareProduct(in BlasProduct product) =>
        _products is null ? base.PrepareProduct(product) : _products.Value.Prepare(product);

    internal override bool HasUploadLane => true;

    internal override UploadLane CreateUploadLane() => new CudaUploadLane(_driver);

    internal override bool HasResultSlots => true;

    internal override ResultSlots CreateResults(int slots, int bytes) => new CudaResultSlots(_driver, slots, bytes);

    internal override unsafe bool WriteSmall(ReadOnlySpan<byte> source, DeviceMemory target, long offset)
    {
        fixed (byte* first = source) _driver.SmallWrites.Write(target.Handle + (nint)offset, first, source.Length);
        return true;
    }

    internal override PreparedLaunch PrepareCopy(DeviceMemory source, long from, DeviceMemory target, long to, long bytes) =>
        new CudaCopy(_driver, source, from, target, to, bytes);

    /// <summary>Captures kernels as graphs. A plan with products of cuBLAS has none, because a library may do more than launch.</summary>
    internal override LaunchSequence InSequence(IReadOnlyList<PreparedLaunch> launches, StepCopies copies) =>
        launches.All(launch => launch is IlgpuLaunch)
            ? new CudaSequence(_driver, launches, copies, Record, Refuse)
            : base.InSequence(launches, copies);

    /// <summary>Opens a device.</summary>
    /// <param name="index">Index in the driver's order.</param>
    /// <param name="products">A cuBLAS that supports the device, or null.</param>
    /// <exception cref="DeviceUnavailableException">ILGPU does not support the device.</exception>
    public static IlgpuCudaDevice Open(
        string name, string description, int index, BinaryCache? cache = null, CublasLibrary? products = null)
    {
        Context? context = null;
        try
        {
            context = IlgpuSetup.CreateContext(builder => builder.Cuda());
            var device = context.Devices.OfType<ILGPU.Runtime.Cuda.CudaDevice>().FirstOrDefault(device => device.DeviceId == index)
                ?? throw new DeviceUnavailableException(
                    $"The device '{name}' ({description}) cannot be used: ILGPU does not find it; its architecture or its driver "
                    + "is too old. The device cuda-c works without ILGPU.");
            CudaAccelerator accelerator = device.CreateCudaAccelerator(context);
            var target = new PtxTarget(accelerator.Architecture, accelerator.InstructionSet);
            return new(name, description, context, accelerator, target, cache, products, CudaDevices.List()[index]);
        }
        catch (Exception exception)
        {
            context?.Dispose();
            if (exception is GpuCnnException) throw;
            throw new DeviceUnavailableException(
                $"The device '{name}' ({description}) cannot be used: {exception.Message.TrimEnd('.')}. "
                + "The device cuda-c works without ILGPU.");
        }
    }

    private protected override unsafe KernelResources? ResourcesOf(Kernel kernel, string name, int threads)
    {
        const int SharedBytes = 1, LocalBytes = 3, Registers = 4;
        Accelerator.Bind();
        nint function = ((ILGPU.Runtime.Cuda.CudaKernel)kernel).FunctionPtr;
        var values = new int[Registers + 1];
        foreach (int attribute in new[] { SharedBytes, LocalBytes, Registers })
        {
            fixed (int* value = &values[attribute])
                if (_driver.Api.FunctionGetAttribute(value, attribute, function) != CudaApi.Success) return null;
        }
        int groups = Accelerator.EstimateMaxActiveGroupsPerMultiprocessor(kernel, threads);
        return new(name, threads, values[Registers], values[LocalBytes], values[SharedBytes],
            (double)groups * threads / Accelerator.MaxNumThreadsPerMultiprocessor);
    }

    public override void Dispose()
    {
        if (_products is { IsValueCreated: true }) _products.Value.Dispose();
        _driver.Dispose();
        base.Dispose();
    }

    /// <summary>A stream that can be captured: the default one cannot.</summary>
    private protected override AcceleratorStream CreateStream() => Accelerator.CreateStream();

    protected override CompiledKernel Load(EntryPointDescription entry, KernelSpecialization specialization, string text) =>
        Create(Accelerator.Context, new EntryPoint(entry, default, specialization), null, text);

    private void Record(PreparedLaunch launch, nint stream)
    {
        if (launch is CudaCommand copy)
        {
            copy.Record(stream);
            return;
        }
        using CudaStream own = ((CudaAccelerator)Accelerator).CreateStream(stream, responsible: false);
        ((IlgpuLaunch)launch).RunOn(own);
    }

    private void Refuse(string reason) => Note = $"without graphs of launches: {reason.TrimEnd('.')}";

    // ILGPU has no public way to make a kernel from PTX that it wrote earlier.
    [UnsafeAccessor(UnsafeAccessorKind.Constructor)]
    private static extern PTXCompiledKernel Create(Context context, EntryPoint entry, CompiledKernel.KernelInfo? info, string text);
}
