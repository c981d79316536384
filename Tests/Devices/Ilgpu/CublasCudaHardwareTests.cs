using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Devices.Cuda;
using GpuCnn.Engine.Devices.Ilgpu;
using GpuCnn.Engine.Devices.Gpu;
using GpuCnn.Kernels.Language;
using GpuCnn.Kernels.MatrixProduct;
using GpuCnn.Kernels.Pointwise;
using GpuCnn.Tests.Devices.Cuda;
using GpuCnn.Tests.Layers;
using NUnit.Framework;

namespace GpuCnn.Tests.Devices.Ilgpu;

/// <summary>
/// Checks cuBLAS on a machine that has it: the numbers of plain loops, in full float32, and the same bits twice.
/// </summary>
public sealed class CublasCudaHardwareTests
{
    [TestCase(13, 7, 19, false, false)]
    [TestCase(13, 7, 19, true, false)]
    [TestCase(13, 7, 19, false, true)]
    [TestCase(200, 136, 1000, false, false)]
    [TestCase(200, 136, 1000, true, false)]
    public void MultipliesInFloat32(int m, int n, int k, bool transposeA, bool transposeB)
    {
        CudaTestDevice.Require();
        CudaDeviceInfo info = CudaDevices.Choose(CudaDevices.List(), 0, "cuda", needsCompiler: false);
        CublasLibrary? library = CublasLibraries.Machine.Find(info.DriverVersion, info.ComputeCapability, out string reason);
        if (library is null) Assert.Ignore($"Needs cuBLAS: {reason}.");
        using IlgpuCudaDevice device = IlgpuCudaDevice.Open("cuda:0", info.Description, 0, products: library);
        float[] a = Numbers.Reals(m * k, 1), b = Numbers.Reals(k * n, 2), bias = Numbers.Reals(n, 3);
        var expected = new double[m * n];
        for (int i = 0; i < expected.Length; i++)
        {
            int row = i / n, column = i % n;
            expected[i] = bias[column];
            for (int term = 0; term < k; term++)
            {
                double left = a[transposeA ? term * m + row : row * k + term];
                double right = b[transposeB ? column * k + term : term * n + column];
                expected[i] += left * right;
            }
        }
        float[] first = Run(), second = Run();
        // TF32 would be off by a thousand times more.
        Closeness.Check("c", first, expected, Closeness.Tolerance(k + 1, Math.Pow(2, -24), expected));
        Closeness.CheckSameBits("c", second, first);

        float[] Run()
        {
            using DeviceMemory left = Upload(a), right = Upload(b), added = Upload(bias),
                product = device.Allocate(4 * m * n, "product", zeroed: false);
            var plan = new MatrixProductLaunches(new() { M = m, N = n, K = k }, transposeA, transposeB, byLibrary: true);
            var launches = new List<PreparedLaunch>();
            View<float> target = product.View<float>(0, m * n);
            plan.Launch(
                new Launches(device, launches), (ReadOnlyView<float>)left.View<float>(0, a.Length), right.View<float>(0, b.Length),
                added.View<float>(0, n), target, target, default(Identity));
            foreach (PreparedLaunch launch in launches) launch.Run();
            device.Finish();
            var result = new float[m * n];
            product.Read<float>(result);
            return result;
        }

        DeviceMemory Upload(float[] values)
        {
            DeviceMemory memory = device.Allocate(4 * values.Length, "values");
            memory.Write<float>(values);
            return memory;
        }
    }

    private sealed class Launches(GpuDevice device, List<PreparedLaunch> launches) : IProductLaunches
    {
        public void Add<TKernel>(TKernel kernel, Size3 groups) where TKernel : struct, IKernel =>
            launches.Add(device.Prepare(kernel, groups));

        public void Add(in BlasProduct product) => launches.Add(device.PrepareProduct(product));
    }
}
