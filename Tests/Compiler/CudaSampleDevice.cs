using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Devices.Cuda;
using GpuCnn.Kernels.Language;
using GpuCnn.Tests.Devices.Cuda;
using NUnit.Framework;

namespace GpuCnn.Tests.Compiler;

/// <summary>
/// Runs the emitted CUDA C, compiled for this processor, by way of the engine's CUDA device and the fake driver. Only a GPU can tell how NVRTC and the hardware take it; this tells what it says,
/// and that arguments arrive.
/// </summary>
public sealed unsafe class CudaSampleDevice : SampleDevice
{
    private static readonly Lazy<(FakeCuda Fake, CudaContext Context)> Shared = new(() =>
    {
        var fake = new FakeCuda("HOST_KERNELS");
        return (fake, new CudaContext(fake.Device(), new BinaryCache(null)));
    });

    private static readonly HashSet<string> Provided = [];

    private readonly FakeCuda _fake;
    private readonly CudaContext _context;

    public CudaSampleDevice()
    {
        FakeLibrary.Require();
        (_fake, _context) = Shared.Value;
    }

    private protected override void Launch<TKernel>(TKernel kernel, Size3 groups)
    {
        var source = CudaSource.Of(kernel);
        Provide(source, TKernel.Text.HasBarriers);
        var memory = new Dictionary<nint, CudaBuffer>();
        try
        {
            foreach (DeviceBuffer buffer in Buffers)
            {
                memory.Add(buffer.Address, _context.Allocate(buffer.Bytes, "test"));
                memory[buffer.Address].Write(new ReadOnlySpan<byte>((void*)buffer.Address, buffer.Bytes));
            }
            var arguments = new Arguments(memory);
            kernel.Bind(ref arguments);
            using (CudaKernel prepared = _context.Modules.Get(source).CreateKernel(arguments.Packed)) prepared.Launch(groups);
            foreach (DeviceBuffer buffer in Buffers) memory[buffer.Address].Read(new Span<byte>((void*)buffer.Address, buffer.Bytes));
        }
        finally
        {
            foreach (CudaBuffer buffer in memory.Values) buffer.Dispose();
        }
        Assert.That(_fake.Problems, Is.Empty);
    }

    private void Provide(CudaSource source, bool hasBarriers)
    {
        if (!Provided.Add(source.Text)) return;
        // The only instructions of the device in emitted text.
        string text = source.Text
            .Replace("asm(\"cvt.f32.f16 %0, %1;\" : \"=f\"(y) : \"h\"(x))", "y = gcnn_from_half(x)", StringComparison.Ordinal)
            .Replace("asm(\"cvt.rn.f16.f32 %0, %1;\" : \"=h\"(y) : \"f\"(x))", "y = gcnn_to_half(x)", StringComparison.Ordinal);
        string path = FakeLibrary.OfText($"#include \"host_cuda.hpp\"\n{text}\nGCNN_HOST_KERNEL({source.Name}, {(hasBarriers ? 1 : 0)})\n");
        _fake.Provide(source.Text, FakeLibrary.Function(path, "gcnn_host"));
    }

    /// <summary>Puts the copy of a buffer where the kernel is given the buffer.</summary>
    private readonly struct Arguments(Dictionary<nint, CudaBuffer> memory) : IKernelArguments
    {
        public CudaArguments Packed { get; } = new();

        public void Add<T>(View<T> view) where T : unmanaged => Packed.Add(new View<T>(At(view.Memory), view.Offset, view.Length));

        public void Add<T>(ReadOnlyView<T> view) where T : unmanaged => Packed.Add(new ReadOnlyView<T>(At(view.Memory), view.Offset, view.Length));

        public void Add<T>(T value) where T : unmanaged => Packed.Add(value);

        private nint At(nint address) => address == 0 ? 0 : memory[address].Handle;
    }
}
