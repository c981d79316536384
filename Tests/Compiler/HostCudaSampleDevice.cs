using GpuCnn.Engine.Devices.Cuda;
using GpuCnn.Engine.Files;
using GpuCnn.Tests.Devices.Cuda;
using NUnit.Framework;

namespace GpuCnn.Tests.Compiler;

/// <summary>Runs the emitted CUDA C on this processor, through the engine's CUDA code and the fake driver.</summary>
public sealed class HostCudaSampleDevice : CudaSampleDevice
{
    private static readonly Lazy<CudaContext> Shared =
        new(() => new(HostCuda.Device, new BinaryCache(null)), LazyThreadSafetyMode.PublicationOnly);

    public HostCudaSampleDevice() : base(Shared.Value) { }

    public override void Dispose()
    {
        base.Dispose();
        Assert.That(HostCuda.Problems, Is.Empty);
    }
}
