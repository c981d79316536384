using GpuCnn.Engine.Devices.OpenCl;
using GpuCnn.Engine.Files;
using GpuCnn.Kernels.Language;
using GpuCnn.Tests.Devices.OpenCl;

namespace GpuCnn.Tests.Compiler;

/// <summary>The first OpenCL device. Copies a kernel's buffers there, runs it, and copies them back.</summary>
public sealed unsafe class OpenClSampleDevice : SampleDevice
{
    // Shared by all tests, so that each kernel is compiled once.
    private static readonly Lazy<OpenClContext> Shared = new(() => new(OpenClTestDevice.Require(), cache: new BinaryCache(null)));

    private readonly OpenClContext _context;

    public OpenClSampleDevice()
    {
        OpenClTestDevice.Require();
        _context = Shared.Value;
    }

    private protected override void Launch<TKernel>(TKernel kernel, Size3 groups)
    {
        Size3 shape = kernel.GroupShape;
        var source = new OpenClSource(TKernel.Text.Name, KernelText.Source(kernel, KernelDialect.OpenCl), new(shape.X, shape.Y, shape.Z));
        using OpenClKernel compiled = _context.Programs.Get(source).CreateKernel();
        DeviceBuffer[] buffers = BuffersOf(kernel);
        var memory = new Dictionary<nint, OpenClBuffer>();
        try
        {
            foreach (DeviceBuffer buffer in buffers)
            {
                memory.Add(buffer.Address, _context.Allocate(buffer.Bytes, "test"));
                memory[buffer.Address].Write(new ReadOnlySpan<byte>((void*)buffer.Address, buffer.Bytes));
            }
            var arguments = new Arguments(compiled, memory);
            kernel.Bind(ref arguments);
            compiled.Launch(new(groups.X, groups.Y, groups.Z));
            foreach (DeviceBuffer buffer in buffers) memory[buffer.Address].Read(new Span<byte>((void*)buffer.Address, buffer.Bytes));
        }
        finally
        {
            foreach (OpenClBuffer buffer in memory.Values) buffer.Dispose();
        }
    }

    /// <summary>Replaces each buffer argument with the buffer's copy.</summary>
    private struct Arguments(OpenClKernel kernel, Dictionary<nint, OpenClBuffer> memory) : IKernelArguments
    {
        private int _count;

        public void Add<T>(View<T> view) where T : unmanaged => Add<T>(view.Memory, view.Offset);

        public void Add<T>(ReadOnlyView<T> view) where T : unmanaged => Add<T>(view.Memory, view.Offset);

        public void Add<T>(T value) where T : unmanaged => kernel.Set(_count++, value);

        private void Add<T>(nint address, nint offset) where T : unmanaged
        {
            if (address == 0) kernel.SetNone(_count++);
            else kernel.Set(_count++, memory[address]);
            kernel.Set(_count++, (long)offset / sizeof(T));
        }
    }
}
