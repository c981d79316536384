using System.Runtime.CompilerServices;
using GpuCnn.Engine.Devices.Gpu;
using GpuCnn.Engine.Devices.Ilgpu.Compiling;
using GpuCnn.Engine.Files;
using GpuCnn.Engine.Plans;
using GpuCnn.Kernels.MatrixProduct;
using ILGPU;
using ILGPU.Backends;
using ILGPU.Backends.EntryPoints;
using ILGPU.Backends.OpenCL;
using ILGPU.Backends.PTX;
using ILGPU.IR;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;
using ILGPU.Runtime.OpenCL;

namespace GpuCnn.Engine.Devices.Ilgpu;

/// <summary>
/// A device whose kernels ILGPU compiles to text: PTX for NVIDIA's driver, OpenCL C for an OpenCL driver. Texts are kept on disk; drivers
/// cache their binaries.
/// </summary>
internal abstract class IlgpuGpuDevice : IlgpuDevice
{
    private readonly IlgpuCompiler _compiler;

    protected IlgpuGpuDevice(string name, string description, Context context, Accelerator accelerator, IlgpuTarget target,
        BinaryCache? cache, bool unrolls, long? memoryLimit)
        : base(name, description, context, accelerator, memoryLimit) =>
        _compiler = new IlgpuCompiler(target, cache ?? new BinaryCache(BinaryCache.DefaultFolder("ilgpu")), unrolls);

    /// <summary>Kernels that ILGPU compiled for this device, not counting those from disk.</summary>
    public int Builds => _compiler.Builds;

    internal sealed override bool HasUploadLane => true;

    internal sealed override UploadLane CreateUploadLane() => new IlgpuUploadLane(this);

    public override void Dispose()
    {
        base.Dispose();
        _compiler.Dispose();
    }

    private protected sealed override CompiledKernel Compile<TKernel>(in TKernel kernel)
    {
        (EntryPointDescription entry, KernelSpecialization specialization) = IlgpuCompiler.Describe(kernel);
        return Load(entry, specialization, _compiler.Compile(kernel));
    }

    /// <summary>Turns a compiled text, from this or another process, into a kernel for ILGPU's accelerator.</summary>
    protected abstract CompiledKernel Load(EntryPointDescription entry, KernelSpecialization specialization, string text);
}

/// <summary>
/// An NVIDIA GPU through ILGPU; needs only the driver. If cuBLAS is present, a plan may use it for matrix products; it starts on first use.
/// </summary>
internal sealed class IlgpuCudaDevice : IlgpuGpuDevice
{
    private readonly Lazy<CublasProducts>? _products;

    private IlgpuCudaDevice(
        string name, string description, Context context, CudaAccelerator accelerator, PtxTarget target, BinaryCache? cache,
        Cuda.CublasLibrary? products)
        : base(name, description, context, accelerator, target, cache, unrolls: true, memoryLimit: null) =>
        _products = products is null ? null : new(() => new CublasProducts(this, products));

    public override long? FreeBytes => ((CudaAccelerator)Accelerator).GetFreeMemory();

    public override string KernelCompiler => IlgpuSetup.Ptx;

    internal override bool HasProductLibrary => _products is not null;

    internal override PreparedLaunch PrepareProduct(in BlasProduct product) =>
        _products is null ? base.PrepareProduct(product) : _products.Value.Prepare(product);

    /// <summary>Opens a device.</summary>
    /// <param name="index">Index in the driver's order.</param>
    /// <param name="products">A cuBLAS that supports the device, or null.</param>
    /// <exception cref="DeviceUnavailableException">ILGPU does not support the device.</exception>
    public static IlgpuCudaDevice Open(
        string name, string description, int index, BinaryCache? cache = null, Cuda.CublasLibrary? products = null)
    {
        Context? context = null;
        try
        {
            context = IlgpuSetup.CreateContext(builder => builder.Cuda());
            CudaDevice device = context.Devices.OfType<CudaDevice>().FirstOrDefault(device => device.DeviceId == index)
                ?? throw new DeviceUnavailableException(
                    $"The device '{name}' ({description}) cannot be used: ILGPU does not find it; its architecture or its driver "
                    + "is too old. The device cuda-c works without ILGPU.");
            CudaAccelerator accelerator = device.CreateCudaAccelerator(context);
            var target = new PtxTarget(accelerator.Architecture, accelerator.InstructionSet);
            return new(name, description, context, accelerator, target, cache, products);
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
        nint function = ((CudaKernel)kernel).FunctionPtr;
        var values = new int[Registers + 1];
        foreach (int attribute in new[] { SharedBytes, LocalBytes, Registers })
        {
            fixed (int* value = &values[attribute])
                if (Cuda.CudaApi.Load().FunctionGetAttribute(value, attribute, function) != Cuda.CudaApi.Success) return null;
        }
        int groups = Accelerator.EstimateMaxActiveGroupsPerMultiprocessor(kernel, threads);
        return new(name, threads, values[Registers], values[LocalBytes], values[SharedBytes],
            (double)groups * threads / Accelerator.MaxNumThreadsPerMultiprocessor);
    }

    public override void Dispose()
    {
        if (_products is { IsValueCreated: true }) _products.Value.Dispose();
        base.Dispose();
    }

    protected override CompiledKernel Load(EntryPointDescription entry, KernelSpecialization specialization, string text) =>
        Create(Accelerator.Context, new EntryPoint(entry, default, specialization), null, text);

    // ILGPU has no public way to make a kernel from PTX that it wrote earlier.
    [UnsafeAccessor(UnsafeAccessorKind.Constructor)]
    private static extern PTXCompiledKernel Create(Context context, EntryPoint entry, CompiledKernel.KernelInfo? info, string text);
}

/// <summary>An OpenCL device through ILGPU.</summary>
internal sealed class IlgpuOpenClDevice : IlgpuGpuDevice
{
    private readonly long _largestAllocation;

    private IlgpuOpenClDevice(
        string name, string description, Context context, CLAccelerator accelerator, OpenClTarget target, BinaryCache? cache, bool unrolls,
            long largestAllocation, long? memoryLimit)
        : base(name, description, context, accelerator, target, cache, unrolls, memoryLimit) => _largestAllocation = largestAllocation;

    public override string KernelCompiler => IlgpuSetup.OpenClC;

    internal override long LargestAllocation => Math.Min(_largestAllocation, MemoryBytes);

    /// <summary>Opens a device.</summary>
    /// <param name="unrolls">Whether loops are unrolled; for tests.</param>
    /// <param name="memoryLimit">Most bytes to allocate, for tests.</param>
    /// <exception cref="DeviceUnavailableException">ILGPU does not support the device.</exception>
    public static IlgpuOpenClDevice Open(
        string name, OpenCl.OpenClDeviceInfo info, string? description = null, BinaryCache? cache = null, bool unrolls = true,
        long? memoryLimit = null)
    {
        if (IlgpuOpenCl.Refusal(info) is { } reason)
            throw new DeviceUnavailableException($"The device '{name}' ({info.Description}) cannot be used: {reason}.");
        Context? context = null;
        try
        {
            context = IlgpuSetup.CreateContext(_ => { });
            CLDevice device = IlgpuOpenCl.DeviceOf(info);
            CLAccelerator accelerator = device.CreateCLAccelerator(context);
            var target = new OpenClTarget(device.Capabilities, accelerator.Vendor, accelerator.CLStdVersion, info.Identity);
            return new(name, description ?? info.Description, context, accelerator, target, cache, unrolls, info.MaxAllocationBytes,
                memoryLimit);
        }
        catch (Exception exception) when (exception is not GpuCnnException)
        {
            context?.Dispose();
            throw new DeviceUnavailableException(
                $"The device '{name}' ({info.Description}) cannot be used: {exception.Message.TrimEnd('.')}. "
                + "The device opencl-c works without ILGPU.");
        }
    }

    protected override CompiledKernel Load(EntryPointDescription entry, KernelSpecialization specialization, string text)
    {
        using var types = new IRContext(Accelerator.Context);
        return new CLCompiledKernel(
            Accelerator.Context, new SeparateViewEntryPoint(entry, default, specialization, types.TypeContext, FieldsPerView), null, text,
            ((CLAccelerator)Accelerator).CLStdVersion);
    }

    /// <summary>The OpenCL back end passes a view as its start and its length.</summary>
    private const int FieldsPerView = 2;
}
