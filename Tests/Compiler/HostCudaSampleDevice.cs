using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Devices.Cuda;
using GpuCnn.Tests.Devices.Cuda;
using NUnit.Framework;

namespace GpuCnn.Tests.Compiler;

/// <summary>
/// Runs the emitted CUDA C, compiled for this processor, by way of the engine's CUDA device and the fake driver. Only a GPU can tell how NVRTC and the hardware take it; this tells what it says,
/// and that arguments arrive.
/// </summary>
public sealed class HostCudaSampleDevice : CudaSampleDevice
{
    private static readonly Lazy<(FakeCuda Fake, CudaContext Context)> Machine = new(() =>
    {
        FakeLibrary.Require();
        var fake = new FakeCuda("HOST_KERNELS");
        return (fake, new CudaContext(fake.Device(), new BinaryCache(null)));
    }, LazyThreadSafetyMode.PublicationOnly);

    private static readonly HashSet<string> Provided = [];

    public HostCudaSampleDevice() : base(Machine.Value.Context) { }

    public override void Dispose()
    {
        base.Dispose();
        Assert.That(Machine.Value.Fake.Problems, Is.Empty);
    }

    private protected override void Prepare(CudaSource source, bool hasBarriers)
    {
        if (!Provided.Add(source.Text)) return;
        // The only instructions of the device in emitted text.
        string text = source.Text
            .Replace("asm(\"cvt.f32.f16 %0, %1;\" : \"=f\"(y) : \"h\"(x))", "y = gcnn_from_half(x)", StringComparison.Ordinal)
            .Replace("asm(\"cvt.rn.f16.f32 %0, %1;\" : \"=h\"(y) : \"f\"(x))", "y = gcnn_to_half(x)", StringComparison.Ordinal);
        string path = FakeLibrary.OfText($"#include \"host_cuda.hpp\"\n{text}\nGCNN_HOST_KERNEL({source.Name}, {(hasBarriers ? 1 : 0)})\n");
        Machine.Value.Fake.Provide(source.Text, FakeLibrary.Function(path, "gcnn_host"));
    }
}
