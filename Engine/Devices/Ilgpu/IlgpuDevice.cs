using System.Collections.Concurrent;
using GpuCnn.Engine.Devices.Ilgpu.Compiling;
using GpuCnn.Engine.Devices.Gpu;
using GpuCnn.Engine.Plans;
using GpuCnn.Kernels.Language;
using ILGPU;
using ILGPU.Backends;
using ILGPU.Runtime;

namespace GpuCnn.Engine.Devices.Ilgpu;

/// <summary>Runs kernels that ILGPU compiles, on an ILGPU accelerator with its memory and stream.</summary>
internal abstract class IlgpuDevice : GpuDevice
{
    private readonly string _description;
    private readonly Context _context;
    private readonly Lazy<AcceleratorStream> _stream;
    private readonly ConcurrentDictionary<string, Lazy<LoadedKernel>> _kernels = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<IlgpuMemory, bool> _memory = new();
    private readonly long? _memoryLimit;
    private long _allocated;

    /// <param name="memoryLimit">Most bytes to allocate, for tests; by default the device's memory.</param>
    private protected IlgpuDevice(string name, string description, Context context, Accelerator accelerator, long? memoryLimit = null)
    {
        Name = name;
        _description = description;
        _context = context;
        Accelerator = accelerator;
        _memoryLimit = memoryLimit;
        _stream = new(CreateStream);
    }

    public sealed override string Name { get; }

    public sealed override string Description => Note is null ? _description : $"{_description}; {Note}";

    public override long MemoryBytes => _memoryLimit ?? Accelerator.MemorySize;

    public sealed override long AllocatedBytes => Interlocked.Read(ref _allocated);

    public override long? FreeBytes => _memoryLimit - AllocatedBytes;

    /// <summary>What the device does otherwise than it could, for users; null for nothing.</summary>
    private protected string? Note { get; set; }

    internal Accelerator Accelerator { get; }

    internal AcceleratorStream Stream => _stream.Value;

    internal override long LargestAllocation => MemoryBytes;

    /// <summary>Memory that is not disposed of, one line each.</summary>
    internal IReadOnlyList<string> LiveObjects => [.. _memory.Keys.Select(memory => memory.ToString()).Order(StringComparer.Ordinal)];

    /// <summary>Creates the stream of the device's commands, which the accelerator owns.</summary>
    private protected virtual AcceleratorStream CreateStream() => Accelerator.DefaultStream;

    /// <summary>Compiles a kernel for ILGPU's accelerator.</summary>
    /// <exception cref="KernelBuildException">ILGPU cannot compile the kernel.</exception>
    private protected abstract CompiledKernel Compile<TKernel>(in TKernel kernel) where TKernel : struct, IKernel;

    internal sealed override DeviceMemory Allocate(long bytes, string what, bool zeroed = true)
    {
        if (bytes > LargestAllocation || _memoryLimit is { } limit && AllocatedBytes + bytes > limit)
            throw IlgpuErrors.OutOfMemory(this, bytes, what, null);
        MemoryBuffer1D<byte, Stride1D.Dense> buffer;
        try
        {
            buffer = Accelerator.Allocate1D<byte>(Math.Max(bytes, IlgpuMemory.Granule));
        }
        catch (AcceleratorException exception)
        {
            throw IlgpuErrors.From(exception, this, bytes, what);
        }
        var memory = new IlgpuMemory(this, buffer, bytes, what);
        _memory[memory] = true;
        Interlocked.Add(ref _allocated, bytes);
        if (zeroed) memory.Clear();
        return memory;
    }

    /// <summary>Queues a copy of few values after earlier commands; the source may change afterwards.</summary>
    /// <param name="source">At most <see cref="SmallValueRing.MostBytes"/>.</param>
    /// <param name="offset">In the target, in bytes.</param>
    /// <returns>Whether the device has such copies.</returns>
    internal virtual bool WriteSmall(ReadOnlySpan<byte> source, DeviceMemory target, long offset) => false;

    internal void Forget(IlgpuMemory memory)
    {
        if (_memory.TryRemove(memory, out _)) Interlocked.Add(ref _allocated, -memory.Bytes);
    }

    internal sealed override PreparedLaunch Prepare<TKernel>(in TKernel kernel, Size3 groups)
    {
        if (ArgumentOverlap.Has(kernel))
            throw new ArgumentException(
                $"Kernel '{TKernel.Text.Name}': a view that it writes overlaps another argument; "
                + "give it memory of its own, or mark the kernel InPlace.");
        IlgpuCompiler.Check<TKernel>();
        TKernel own = kernel;
        Lazy<LoadedKernel> loaded = _kernels.GetOrAdd(IlgpuCompiler.Variant(kernel), _ => new(() => Load(own)));
        return new Launch<TKernel>(this, loaded.Value, kernel, groups);
    }

    internal override PreparedLaunch PrepareCopy(DeviceMemory source, long from, DeviceMemory target, long to, long bytes) =>
        new Copy(this, ((IlgpuMemory)source).Part(from, bytes), ((IlgpuMemory)target).Part(to, bytes));

    internal sealed override void Finish()
    {
        try
        {
            Stream.Synchronize();
        }
        catch (AcceleratorException exception)
        {
            throw IlgpuErrors.From(exception, this);
        }
    }

    public override void Dispose()
    {
        foreach (IlgpuMemory memory in _memory.Keys) memory.Dispose();
        foreach (Lazy<LoadedKernel> kernel in _kernels.Values.Where(kernel => kernel.IsValueCreated)) kernel.Value.Kernel.Dispose();
        _kernels.Clear();
        Accelerator.Dispose();
        _context.Dispose();
    }

    private LoadedKernel Load<TKernel>(TKernel kernel) where TKernel : struct, IKernel
    {
        CompiledKernel compiled = Compile(kernel);
        try
        {
            Kernel loaded = Accelerator.LoadKernel(compiled);
            return new(loaded, loaded.CreateLauncherDelegate<Action<AcceleratorStream, KernelConfig, TKernel>>());
        }
        catch (Exception exception) when (exception is AcceleratorException or NotSupportedException)
        {
            throw IlgpuErrors.Refused(exception, this, TKernel.Text.Name);
        }
    }

    /// <summary>Returns what a kernel takes of the device; null if the device does not tell.</summary>
    private protected virtual KernelResources? ResourcesOf(Kernel kernel, string name, int threads) => null;

    private sealed class Copy(IlgpuDevice device, ArrayView<byte> source, ArrayView<byte> target) : PreparedLaunch
    {
        public override void Run()
        {
            try
            {
                source.CopyTo(device.Stream, target);
            }
            catch (AcceleratorException exception)
            {
                throw IlgpuErrors.From(exception, device);
            }
        }

        public override void Dispose() { }
    }

    private sealed record LoadedKernel(Kernel Kernel, Delegate Launcher);

    private sealed class Launch<TKernel>(IlgpuDevice device, LoadedKernel loaded, TKernel kernel, Size3 groups) : IlgpuLaunch
        where TKernel : struct, IKernel
    {
        private readonly Action<AcceleratorStream, KernelConfig, TKernel> _launcher =
            (Action<AcceleratorStream, KernelConfig, TKernel>)loaded.Launcher;
        private readonly AcceleratorStream _stream = device.Stream;

        private readonly KernelConfig _config = new(new Index3D(groups.X, groups.Y, groups.Z),
            new Index3D(kernel.GroupShape.X, kernel.GroupShape.Y, kernel.GroupShape.Z));

        public override KernelResources? Resources =>
            device.ResourcesOf(loaded.Kernel, TKernel.Text.Name, kernel.GroupShape.Count);

        public override string Name => TKernel.Text.Name;

        public override void Run() => RunOn(_stream);

        public override void RunOn(AcceleratorStream stream)
        {
            try
            {
                _launcher(stream, _config, kernel);
            }
            catch (AcceleratorException exception)
            {
                throw IlgpuErrors.From(exception, device, kernel: TKernel.Text.Name);
            }
        }

        public override void Dispose() { }
    }
}
