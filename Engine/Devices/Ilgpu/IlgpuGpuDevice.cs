using GpuCnn.Engine.Devices.Gpu;
using GpuCnn.Engine.Devices.Ilgpu.Compiling;
using GpuCnn.Engine.Devices.OpenCl;
using GpuCnn.Engine.Files;
using ILGPU;
using ILGPU.Backends;
using ILGPU.Backends.EntryPoints;
using ILGPU.Backends.OpenCL;
using ILGPU.IR;
using ILGPU.Runtime;
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
/// An OpenCL device through ILGPU. What ILGPU has no functions for (events between queues, copies without a wait), the driver's API does in
/// ILGPU's context.
/// </summary>
internal sealed class IlgpuOpenClDevice : IlgpuGpuDevice
{
    private readonly OpenClContext _driver;

    private IlgpuOpenClDevice(
        string name, string description, Context context, CLAccelerator accelerator, OpenClTarget target, BinaryCache? cache, bool unrolls,
        OpenClDeviceInfo info, long? memoryLimit)
        : base(name, description, context, accelerator, target, cache, unrolls, memoryLimit) =>
        _driver = new OpenClContext(info, accelerator.NativePtr, ((CLStream)Stream).CommandQueue);

    public override string KernelCompiler => IlgpuSetup.OpenClC;

    internal override long LargestAllocation => Math.Min(_driver.Device.MaxAllocationBytes, MemoryBytes);

    internal override bool HasUploadLane => true;

    internal override UploadLane CreateUploadLane() => new OpenClUploadLane(_driver);

    internal override bool HasResultSlots => true;

    internal override ResultSlots CreateResults(int slots, int bytes) => new OpenClResultSlots(_driver, slots, bytes);

    internal override PreparedLaunch PrepareCopy(DeviceMemory source, long from, DeviceMemory target, long to, long bytes) =>
        new OpenClCopy(_driver, source, from, target, to, bytes);

    internal override LaunchSequence InSequence(IReadOnlyList<PreparedLaunch> launches, StepCopies copies) =>
        new OpenClSequence(_driver, launches, copies);

    /// <summary>Opens a device.</summary>
    /// <param name="unrolls">Whether loops are unrolled; for tests.</param>
    /// <param name="memoryLimit">Most bytes to allocate, for tests.</param>
    /// <exception cref="DeviceUnavailableException">ILGPU does not support the device.</exception>
    public static IlgpuOpenClDevice Open(
        string name, OpenClDeviceInfo info, string? description = null, BinaryCache? cache = null, bool unrolls = true,
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
            return new(name, description ?? info.Description, context, accelerator, target, cache, unrolls, info, memoryLimit);
        }
        catch (Exception exception) when (exception is not GpuCnnException)
        {
            context?.Dispose();
            throw new DeviceUnavailableException(
                $"The device '{name}' ({info.Description}) cannot be used: {exception.Message.TrimEnd('.')}. "
                + "The device opencl-c works without ILGPU.");
        }
    }

    public override void Dispose()
    {
        _driver.Dispose();
        base.Dispose();
    }

    internal override unsafe bool WriteSmall(ReadOnlySpan<byte> source, DeviceMemory target, long offset)
    {
        fixed (byte* first = source) _driver.SmallWrites.Write(target.Handle, first, source.Length, offset);
        return true;
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
