using System.Reflection;
using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Devices.Debug;
using GpuCnn.Engine.Devices.Gpu;
using GpuCnn.Engine.Devices.Ilgpu;
using GpuCnn.Engine.Files;
using GpuCnn.Kernels.Language;
using GpuCnn.Tests.Devices.Cuda;
using GpuCnn.Tests.Devices.Ilgpu;

namespace GpuCnn.Tests.Compiler;

/// <summary>A device of ILGPU. Copies a kernel's buffers there, runs it, and copies them back.</summary>
public abstract unsafe class IlgpuSampleDevice : SampleDevice
{
    private static readonly MethodInfo ViewOf = typeof(DeviceMemory).GetMethod(nameof(DeviceMemory.View))!;

    private protected abstract IlgpuDevice Target { get; }

    private protected override void Launch<TKernel>(TKernel kernel, Size3 groups)
    {
        DeviceBuffer[] buffers = BuffersOf(kernel);
        var memory = new Dictionary<nint, DeviceMemory>();
        try
        {
            foreach (DeviceBuffer buffer in buffers)
            {
                memory.Add(buffer.Address, Target.Allocate(buffer.Bytes, "test"));
                memory[buffer.Address].Write(new ReadOnlySpan<byte>((void*)buffer.Address, buffer.Bytes));
            }
            using (PreparedLaunch launch = Target.Prepare((TKernel)Moved(kernel, memory), groups)) launch.Run();
            foreach (DeviceBuffer buffer in buffers) memory[buffer.Address].Read(new Span<byte>((void*)buffer.Address, buffer.Bytes));
        }
        finally
        {
            foreach (DeviceMemory buffer in memory.Values) buffer.Dispose();
        }
    }

    /// <summary>Returns the kernel with its views moved to the copies of their buffers.</summary>
    private static object Moved(object kernel, Dictionary<nint, DeviceMemory> memory)
    {
        foreach (FieldInfo field in kernel.GetType().GetFields(BindingFlags.Instance | BindingFlags.NonPublic | BindingFlags.Public))
        {
            if (!field.FieldType.IsGenericType || field.FieldType.GetGenericTypeDefinition() is var open && open != typeof(View<>)
                && open != typeof(ReadOnlyView<>)) continue;
            object view = field.GetValue(kernel)!;
            nint address = Part<nint>(view, nameof(View<byte>.Memory)), offset = Part<nint>(view, nameof(View<byte>.Offset));
            if (address == 0) continue;
            Type element = field.FieldType.GetGenericArguments()[0];
            object moved = ViewOf.MakeGenericMethod(element).Invoke(memory[address],
                [(long)offset, Part<int>(view, nameof(View<byte>.Length))])!;
            if (field.FieldType != moved.GetType()) moved = field.FieldType.GetMethod("op_Implicit", [moved.GetType()])!.Invoke(null,
                [moved])!;
            field.SetValue(kernel, moved);
        }
        return kernel;
    }

    private static T Part<T>(object view, string property) => (T)view.GetType().GetProperty(property)!.GetValue(view)!;
}

/// <summary>The first OpenCL device that ILGPU accepts.</summary>
public sealed class IlgpuOpenClSampleDevice : IlgpuSampleDevice
{
    // Shared by all tests, so that each kernel is compiled once.
    private static readonly Lazy<IlgpuDevice> Shared = new(() =>
        IlgpuOpenClDevice.Open("opencl:0", IlgpuTestDevice.Require(), cache: new BinaryCache(null)));

    public IlgpuOpenClSampleDevice() => IlgpuTestDevice.Require();

    private protected override IlgpuDevice Target => Shared.Value;
}

/// <summary>ILGPU's first CUDA device.</summary>
public sealed class IlgpuCudaSampleDevice : IlgpuSampleDevice
{
    private static readonly Lazy<IlgpuDevice> Shared = new(() =>
        IlgpuCudaDevice.Open("cuda:0", "the first CUDA device", 0, new BinaryCache(null)));

    public IlgpuCudaSampleDevice() => CudaTestDevice.Require();

    private protected override IlgpuDevice Target => Shared.Value;
}

/// <summary>
/// ILGPU's CPU accelerator for the first launch of each kernel that it has, and the debug device for the others, because each launch takes
/// the accelerator tens of milliseconds.
/// </summary>
public sealed class IlgpuCpuSampleDevice : IlgpuSampleDevice
{
    private static readonly Lazy<IlgpuDevice> Shared = new(IlgpuCpuDevice.Open);

    private readonly DebugLauncher _launcher = new();
    private readonly HashSet<string> _ran = new(StringComparer.Ordinal);

    /// <summary>Names of the kernels that ran on the accelerator.</summary>
    internal IReadOnlySet<string> Ran => _ran;

    private protected override IlgpuDevice Target => Shared.Value;

    private protected override void Launch<TKernel>(TKernel kernel, Size3 groups)
    {
        if (!TKernel.Text.NeedsCudaC && _ran.Add(TKernel.Text.Name)) base.Launch(kernel, groups);
        else _launcher.Run(kernel, groups);
    }

    public override void Dispose()
    {
        _launcher.Dispose();
        base.Dispose();
    }
}
