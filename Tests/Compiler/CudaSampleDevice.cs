using GpuCnn.Engine.Devices.Cuda;
using GpuCnn.Engine.Files;
using GpuCnn.Kernels.Language;
using GpuCnn.Tests.Devices.Cuda;

namespace GpuCnn.Tests.Compiler;

/// <summary>The machine's first CUDA device. Copies a kernel's buffers there, runs it, and copies them back.</summary>
public unsafe class CudaSampleDevice : SampleDevice
{
    // Shared by all tests, so that each kernel is compiled once.
    private static readonly Lazy<CudaContext> Shared = new(() => new(CudaTestDevice.Require(), new BinaryCache(null)));

    private readonly CudaContext _context;

    public CudaSampleDevice()
    {
        CudaTestDevice.Require();
        _context = Shared.Value;
    }

    private protected CudaSampleDevice(CudaContext context) => _context = context;

    private protected override void Launch<TKernel>(TKernel kernel, Size3 groups)
    {
        var source = CudaSource.Of(kernel);
        DeviceBuffer[] buffers = BuffersOf(kernel);
        var memory = new Dictionary<nint, CudaBuffer>();
        try
        {
            foreach (DeviceBuffer buffer in buffers)
            {
                memory.Add(buffer.Address, _context.Allocate(buffer.Bytes, "test"));
                memory[buffer.Address].Write(new ReadOnlySpan<byte>((void*)buffer.Address, buffer.Bytes));
            }
            var arguments = new Arguments(memory);
            kernel.Bind(ref arguments);
            using (CudaKernel prepared = _context.Modules.Get(source).CreateKernel(arguments.Packed)) prepared.Launch(groups);
            foreach (DeviceBuffer buffer in buffers) memory[buffer.Address].Read(new Span<byte>((void*)buffer.Address, buffer.Bytes));
        }
        finally
        {
            foreach (CudaBuffer buffer in memory.Values) buffer.Dispose();
        }
    }

    /// <summary>Replaces each buffer argument with the buffer's copy.</summary>
    private readonly struct Arguments(Dictionary<nint, CudaBuffer> memory) : IKernelArguments
    {
        public CudaArguments Packed { get; } = new();

        public void Add<T>(View<T> view) where T : unmanaged => Packed.Add(new View<T>(At(view.Memory), view.Offset, view.Length));

        public void Add<T>(ReadOnlyView<T> view) where T : unmanaged =>
            Packed.Add(new ReadOnlyView<T>(At(view.Memory), view.Offset, view.Length));

        public void Add<T>(T value) where T : unmanaged => Packed.Add(value);

        private nint At(nint address) => address == 0 ? 0 : memory[address].Handle;
    }
}
