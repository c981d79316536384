using System.Reflection;
using System.Runtime.ExceptionServices;
using GpuCnn.Engine.Devices.Debug;
using GpuCnn.Engine.Devices.Ilgpu.Compiling;
using GpuCnn.Kernels.Language;

namespace GpuCnn.Tests.Compiler;

/// <summary>A kernel with its constants.</summary>
/// <param name="IsOfIlgpu">Whether ILGPU has it.</param>
/// <param name="Compile">Compiles it with ILGPU.</param>
internal sealed record LaunchedVariant(string Name, bool IsOfIlgpu, Func<IlgpuCompiler, string> Compile);

/// <summary>Runs kernels, and owns the buffers that they receive.</summary>
public abstract class SampleDevice : IDisposable
{
    private readonly Dictionary<string, LaunchedVariant> _launched = [];

    /// <summary>Each variant that has run, by its CUDA C.</summary>
    internal IReadOnlyDictionary<string, LaunchedVariant> Launched => _launched;

    private protected List<DeviceBuffer> Buffers { get; } = [];

    /// <summary>Opens a device; for a missing one, throws the exception that ignores the test.</summary>
    internal static TDevice Open<TDevice>() where TDevice : SampleDevice, new()
    {
        try
        {
            return new();
        }
        catch (TargetInvocationException exception)
        {
            ExceptionDispatchInfo.Throw(exception.InnerException!);
            throw;
        }
    }

    internal DeviceBuffer<T> Buffer<T>(params ReadOnlySpan<T> values) where T : unmanaged
    {
        var buffer = new DeviceBuffer<T>(values);
        Buffers.Add(buffer);
        return buffer;
    }

    /// <summary>Allocates an unwritten buffer: NaN, or -1.</summary>
    internal DeviceBuffer<T> Unset<T>(int length) where T : unmanaged
    {
        DeviceBuffer<T> buffer = Buffer<T>(new T[length]);
        buffer.Bits.Fill(KernelMemory.Unset);
        return buffer;
    }

    /// <summary>The content of all buffers, one after another.</summary>
    internal byte[] Contents() => [.. Buffers.SelectMany(buffer => buffer.Bits.ToArray())];

    internal void Run<TKernel>(TKernel kernel, Size3 groups) where TKernel : struct, IKernel
    {
        Launch(kernel, groups);
        _launched[KernelText.Source(kernel, KernelDialect.Cuda)] =
            new(TKernel.Text.Name, !TKernel.Text.NeedsCudaC, compiler => compiler.Compile(kernel));
    }

    /// <summary>The buffers that a kernel has views of.</summary>
    private protected DeviceBuffer[] BuffersOf<TKernel>(TKernel kernel) where TKernel : struct, IKernel
    {
        var views = new ViewAddresses();
        kernel.Bind(ref views);
        return [.. Buffers.Where(buffer => views.Addresses.Contains(buffer.Address))];
    }

    private sealed class ViewAddresses : IKernelArguments
    {
        public HashSet<nint> Addresses { get; } = [];

        public void Add<T>(View<T> view) where T : unmanaged => Addresses.Add(view.Memory);

        public void Add<T>(ReadOnlyView<T> view) where T : unmanaged => Addresses.Add(view.Memory);

        public void Add<T>(T value) where T : unmanaged { }
    }

    private protected abstract void Launch<TKernel>(TKernel kernel, Size3 groups) where TKernel : struct, IKernel;

    public virtual void Dispose()
    {
        foreach (DeviceBuffer buffer in Buffers) buffer.Dispose();
        GC.SuppressFinalize(this);
    }
}

public sealed class DebugSampleDevice : SampleDevice
{
    private readonly DebugLauncher _launcher = new();

    private protected override void Launch<TKernel>(TKernel kernel, Size3 groups) => _launcher.Run(kernel, groups);

    public override void Dispose()
    {
        _launcher.Dispose();
        base.Dispose();
    }
}
