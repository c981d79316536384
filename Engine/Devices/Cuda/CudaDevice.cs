using GpuCnn.Engine.Devices.Gpu;
using GpuCnn.Engine.Files;
using GpuCnn.Engine.Plans;
using GpuCnn.Kernels.Language;

namespace GpuCnn.Engine.Devices.Cuda;

/// <summary>Runs translated kernels on an NVIDIA GPU.</summary>
public sealed class CudaDevice : GpuDevice
{
    private readonly CudaContext _context;

    /// <param name="description">By default the driver's description.</param>
    internal CudaDevice(string name, CudaDeviceInfo info, BinaryCache? cache = null, string? description = null)
    {
        Name = name;
        Description = description ?? info.Description;
        _context = new CudaContext(info, cache);
    }

    public override string Name { get; }

    public override string Description { get; }

    internal override string Hardware => _context.Device.Description;

    public override bool Supports(Precision precision) => _context.Device.Precisions.Contains(precision);

    public override string KernelCompiler => Compiler(_context.Device);

    public override long MemoryBytes => _context.Device.MemoryBytes;

    public override long AllocatedBytes => _context.AllocatedBytes;

    public override long? FreeBytes => _context.FreeBytes();

    /// <summary>Returns the kernel compiler for messages.</summary>
    internal static string Compiler(CudaDeviceInfo info) => $"NVRTC {CudaDeviceInfo.VersionText(info.Compiler?.Api.Version ?? 0)}";

    /// <summary>Only the memory limits an allocation.</summary>
    internal override long LargestAllocation => MemoryBytes;

    /// <summary>Objects that are not disposed of, one line each.</summary>
    internal IReadOnlyList<string> LiveObjects => _context.LiveObjects;

    internal override DeviceMemory Allocate(long bytes, string what, bool zeroed = true) => new Memory(_context.Allocate(bytes, what));

    internal override PreparedLaunch Prepare<TKernel>(in TKernel kernel, Size3 groups) => new Launch(_context.Prepare(kernel), groups);

    internal override PreparedLaunch PrepareCopy(DeviceMemory source, long from, DeviceMemory target, long to, long bytes) =>
        new CudaCopy(_context, source, from, target, to, bytes);

    internal override LaunchSequence InSequence(IReadOnlyList<PreparedLaunch> launches, StepCopies copies) =>
        new CudaSequence(_context, launches, copies, static (launch, stream) => ((CudaCommand)launch).Record(stream));

    internal override bool HasResultSlots => true;

    internal override ResultSlots CreateResults(int slots, int bytes) => new CudaResultSlots(_context, slots, bytes);

    internal override bool HasUploadLane => true;

    internal override UploadLane CreateUploadLane() => new CudaUploadLane(_context);

    internal override GradientLane CreateGradientLane(DeviceMemory gradients, IReadOnlyList<GradientBucket> buckets) =>
        new CudaGradientLane(_context, gradients, buckets);

    internal override StepClock CreateClock() => new CudaStepClock(_context);

    internal override void Finish() => _context.Finish();

    public override void Dispose() => _context.Dispose();

    private sealed class Launch(CudaKernel kernel, Size3 groups) : CudaCommand
    {
        public override string Name => kernel.Name;

        public override KernelResources Resources => kernel.Module.Resources;

        public override void Run() => kernel.Launch(groups);

        public override void Record(nint stream) => kernel.Launch(groups, stream);

        public override void Dispose() => kernel.Dispose();
    }

    private sealed class Memory(CudaBuffer buffer) : DeviceMemory
    {
        public override long Bytes => buffer.Bytes;

        public override nint Handle => buffer.Handle;

        public override void Dispose() => buffer.Dispose();

        protected override void WriteBytes(ReadOnlySpan<byte> source, long offset) => buffer.Write(source, offset);

        protected override void ReadBytes(Span<byte> target, long offset) => buffer.Read(target, offset);
    }
}
