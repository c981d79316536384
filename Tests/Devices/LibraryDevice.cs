using GpuCnn.Engine.Devices.Debug;
using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Devices.Gpu;
using GpuCnn.Kernels.Language;
using GpuCnn.Kernels.MatrixProduct;
using GpuCnn.Tests.Kernels;

namespace GpuCnn.Tests.Devices;

/// <summary>The debug device with a library for matrix products: <see cref="HostProducts"/>.</summary>
internal sealed class LibraryDevice : GpuDevice
{
    private readonly DebugDevice _device = new();
    private int _products;

    public override string Name => "debug";

    public override string Description => "the debug device, with a library for products";

    public override long MemoryBytes => _device.MemoryBytes;

    public override long AllocatedBytes => _device.AllocatedBytes;

    /// <summary>Products that ran.</summary>
    public int Products => _products;

    internal override long LargestAllocation => _device.LargestAllocation;

    internal override bool HasProductLibrary => true;

    internal override DeviceMemory Allocate(long bytes, string what, bool zeroed = true) => _device.Allocate(bytes, what, zeroed);

    internal override PreparedLaunch Prepare<TKernel>(in TKernel kernel, Size3 groups) => _device.Prepare(kernel, groups);

    internal override PreparedLaunch PrepareProduct(in BlasProduct product) => new Launch(this, product);

    internal override void Finish() => _device.Finish();

    public override void Dispose() => _device.Dispose();

    private sealed class Launch(LibraryDevice device, BlasProduct product) : PreparedLaunch
    {
        public override void Run()
        {
            HostProducts.Run(product);
            device._products++;
        }

        public override void Dispose() { }
    }
}
