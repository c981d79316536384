using GpuCnn.Engine.Devices.Gpu;
using GpuCnn.Engine.Files;
using GpuCnn.Engine.Plans;
using GpuCnn.Kernels.Language;

namespace GpuCnn.Engine.Devices.OpenCl;

/// <summary>Runs translated kernels on a device with OpenCL 1.2 or later.</summary>
public sealed class OpenClDevice : GpuDevice
{
    private readonly OpenClContext _context;

    /// <param name="description">By default the driver's description.</param>
    internal OpenClDevice(
        string name, OpenClDeviceInfo info, string? description = null, BinaryCache? cache = null, long? memoryLimit = null)
    {
        Name = name;
        Description = description ?? info.Description;
        _context = new OpenClContext(info, cache: cache, memoryLimit: memoryLimit);
    }

    /// <summary>Name of the kernel compiler for messages.</summary>
    public const string Compiler = "the OpenCL driver";

    public override string Name { get; }

    public override string KernelCompiler => Compiler;

    public override string Description { get; }

    public override long MemoryBytes => _context.Device.GlobalMemoryBytes;

    public override long AllocatedBytes => _context.AllocatedBytes;

    public override long? FreeBytes => _context.FreeBytes;

    internal override long LargestAllocation => _context.Device.MaxAllocationBytes;

    /// <summary>Objects that are not disposed of, one line each.</summary>
    internal IReadOnlyList<string> LiveObjects => _context.LiveObjects;

    internal override DeviceMemory Allocate(long bytes, string what, bool zeroed = true) => new Memory(_context.Allocate(bytes, what));

    internal override PreparedLaunch Prepare<TKernel>(in TKernel kernel, Size3 groups)
    {
        Size3 shape = kernel.GroupShape;
        OpenClProgram program = _context.Programs.Get(
            new(TKernel.Text.Name, KernelText.Source(kernel, KernelDialect.OpenCl), new(shape.X, shape.Y, shape.Z)));
        var prepared = new OpenClKernel(_context, program);
        try
        {
            OpenClArguments.Bind(prepared, kernel);
            return new Launch(prepared, new(groups.X, groups.Y, groups.Z));
        }
        catch
        {
            prepared.Dispose();
            throw;
        }
    }

    internal override PreparedLaunch PrepareCopy(DeviceMemory source, long from, DeviceMemory target, long to, long bytes) =>
        new OpenClCopy(_context, source, from, target, to, bytes);

    internal override LaunchSequence InSequence(IReadOnlyList<PreparedLaunch> launches, StepCopies copies) =>
        new OpenClSequence(_context, launches, copies);

    internal override bool HasResultSlots => true;

    internal override ResultSlots CreateResults(int slots, int bytes) => new OpenClResultSlots(_context, slots, bytes);

    internal override bool HasUploadLane => true;

    internal override UploadLane CreateUploadLane() => new OpenClUploadLane(_context);

    internal override GradientLane CreateGradientLane(DeviceMemory gradients, IReadOnlyList<GradientBucket> buckets) =>
        new OpenClGradientLane(_context, gradients, buckets);

    internal override void Finish() => _context.Finish();

    public override void Dispose() => _context.Dispose();

    private sealed class Launch(OpenClKernel kernel, OpenClSize groups) : PreparedLaunch
    {
        public override void Run() => kernel.Launch(groups);

        public override void Dispose() => kernel.Dispose();
    }

    private sealed class Memory(OpenClBuffer buffer) : DeviceMemory
    {
        public override long Bytes => buffer.Bytes;

        public override nint Handle => buffer.Handle;

        public override void Dispose() => buffer.Dispose();

        protected override void WriteBytes(ReadOnlySpan<byte> source, long offset) => buffer.Write(source, offset);

        protected override void ReadBytes(Span<byte> target, long offset) => buffer.Read(target, offset);
    }
}
